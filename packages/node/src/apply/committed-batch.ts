import { type CommandBatch, type LogIndex, lastIndexOf, type Term } from '@quorate/core';
import type { CommandSlab } from '@quorate/wire';
import type { CommittedCommands } from '../state-machine.ts';

/** A batch as the state machine sees it. */
export class CommittedBatch implements CommittedCommands {
  readonly firstIndex: LogIndex;
  readonly lastIndex: LogIndex;
  readonly term: Term;
  readonly count: number;
  readonly #slab: CommandSlab;

  constructor(batch: CommandBatch) {
    this.firstIndex = batch.firstIndex;
    this.lastIndex = lastIndexOf(batch);
    this.term = batch.term;
    this.count = batch.count;
    // Payloads come from proposals here, from the decoder or from the log: slabs, all of them.
    this.#slab = batch.payload as CommandSlab;
  }

  [Symbol.iterator](): Iterator<Uint8Array> {
    return this.#slab[Symbol.iterator]();
  }
}
