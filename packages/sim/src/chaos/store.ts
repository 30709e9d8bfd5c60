/**
 * The state machine of random runs: strings under keys. Commands are words, `put:key:value` and
 * `append:key:value`, and each occurs once; both are answered with what the key held before.
 */

import type { KeyValueInput } from '@quorate/check';
import { type Batch, type LogIndex, lastIndexOf, type SnapshotMeta } from '@quorate/core';
import { commandsOf } from '../commands.ts';
import type { Server, Service } from '../server.ts';
import type { RecordOfApplied } from './record-of-applied.ts';

export class Store implements Service {
  readonly #server: Server;
  readonly #snapshotEvery: number;
  readonly #record: RecordOfApplied;
  #values = new Map<string, string>();
  /** Of all commands in order, so of the state too. */
  #fingerprint = FNV_OFFSET;
  #index = 0 as LogIndex;
  #snapshotAt = 0;

  constructor(server: Server, snapshotEvery: number, record: RecordOfApplied) {
    this.#server = server;
    this.#snapshotEvery = snapshotEvery;
    this.#record = record;
  }

  get(key: string): string {
    return this.#values.get(key) ?? '';
  }

  apply(batch: Batch): void {
    if (batch.kind === 'commands') {
      let index = batch.firstIndex;
      for (const bytes of commandsOf(batch)) {
        this.#applyCommand(index, batch, bytes);
        index = (index + 1) as LogIndex;
      }
    } else {
      const { term } = batch;
      const entry = { term, command: undefined, output: '', fingerprint: this.#fingerprint };
      this.#record.applied(batch.firstIndex, entry, '', '');
    }
    this.#index = lastIndexOf(batch);
    if (this.#index >= this.#snapshotAt + this.#snapshotEvery) this.takeSnapshot();
  }

  takeSnapshot(): void {
    if (this.#index <= this.#snapshotAt) return;
    this.#snapshotAt = this.#index;
    const state = { fingerprint: this.#fingerprint, values: [...this.#values] };
    this.#server.saveSnapshot(this.#index, encodeText(JSON.stringify(state)));
  }

  restore(snapshot: SnapshotMeta, data: Uint8Array): void {
    const { fingerprint, values } = JSON.parse(decodeText(data)) as {
      fingerprint: number;
      values: [string, string][];
    };
    this.#record.expectFingerprint(snapshot.index, fingerprint);
    this.#values = new Map(values);
    this.#fingerprint = fingerprint;
    this.#index = snapshot.index;
    this.#snapshotAt = snapshot.index;
  }

  #applyCommand(index: LogIndex, { term }: Batch, bytes: Uint8Array): void {
    this.#fingerprint = fold(this.#fingerprint, bytes);
    const command = decodeText(bytes);
    const { kind, key, value } = inputOf(command);
    const output = this.get(key);
    const now = kind === 'append' ? output + value : value;
    this.#values.set(key, now);
    const entry = { term, command, output, fingerprint: this.#fingerprint };
    this.#record.applied(index, entry, key, now);
  }
}

type Write = Exclude<KeyValueInput, { kind: 'get' }>;

/** What a command asks for. */
export function inputOf(command: string): Write {
  const [kind, key = '', value = ''] = command.split(':');
  return { kind: kind === 'append' ? 'append' : 'put', key, value };
}

/** FNV-1a, 32 bits: the state is told from any other that a bug is likely to make. */
const FNV_OFFSET = 0x811c9dc5;

function fold(hash: number, bytes: Uint8Array): number {
  let folded = hash;
  for (let at = 0; at < bytes.length; at++) folded = Math.imul(folded ^ bytes[at]!, 0x01000193);
  return folded >>> 0;
}

/** Commands and states are ASCII, a few bytes long: quicker by hand than by a TextDecoder. */
export function encodeText(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

function decodeText(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}
