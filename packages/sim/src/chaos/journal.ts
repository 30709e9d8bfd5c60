import type { Batch, LogIndex, SnapshotMeta } from '@quorate/core';
import { commandsOf } from '../commands.ts';
import type { Server, Service } from '../server.ts';

/** A state machine that is the list of the commands it was given; each is a number, used once. */
export class Journal implements Service {
  readonly #server: Server;
  readonly #snapshotEvery: number;
  readonly #onCommand: (command: number) => void;
  commands: number[] = [];
  #lastSnapshot = 0;

  constructor(server: Server, snapshotEvery: number, onCommand: (command: number) => void) {
    this.#server = server;
    this.#snapshotEvery = snapshotEvery;
    this.#onCommand = onCommand;
  }

  apply(batch: Batch): void {
    if (batch.kind === 'commands') {
      for (const bytes of commandsOf(batch)) {
        const command = decodeCommand(bytes);
        this.commands.push(command);
        this.#onCommand(command);
      }
    }
    const index = (batch.firstIndex + batch.count - 1) as LogIndex;
    if (index < this.#lastSnapshot + this.#snapshotEvery) return;
    this.#lastSnapshot = index;
    this.#server.saveSnapshot(index, new Uint8Array(Float64Array.from(this.commands).buffer));
  }

  restore(snapshot: SnapshotMeta, data: Uint8Array): void {
    this.commands = [...new Float64Array(data.slice().buffer)];
    this.#lastSnapshot = snapshot.index;
  }
}

export const encodeCommand = (command: number): Uint8Array =>
  new Uint8Array(Float64Array.of(command).buffer);

const decodeCommand = (bytes: Uint8Array): number => new Float64Array(bytes.slice().buffer)[0]!;
