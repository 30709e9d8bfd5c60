import { type Batch, bytesOf, lastIndexOf } from './entry.ts';
import { invariant } from './invariant.ts';
import type { RaftLog } from './log/log.ts';
import { type LogIndex, largerIndex, nextIndex, smallerIndex } from './types.ts';
import { withOneMore } from './with-one-more.ts';

const NOTHING: readonly Batch[] = [];

/**
 * What the state machine has been given and what it has done with it (lastApplied in Figure 2).
 *
 * Entries are handed out once, in log order, when they are committed and durable here. At most
 * `maxBytes` are out at a time, so a slow state machine does not pile up the log in memory.
 */
export class ApplyQueue {
  readonly #maxBytes: number;
  #handedIndex: LogIndex;
  #appliedIndex: LogIndex;
  #out: { readonly lastIndex: LogIndex; readonly bytes: number }[] = [];
  #bytesOut = 0;

  constructor(appliedIndex: LogIndex, maxBytes: number) {
    this.#handedIndex = appliedIndex;
    this.#appliedIndex = appliedIndex;
    this.#maxBytes = maxBytes;
  }

  get appliedIndex(): LogIndex {
    return this.#appliedIndex;
  }

  /** The next entries to apply. */
  take(log: RaftLog, commitIndex: LogIndex): readonly Batch[] {
    const through = smallerIndex(commitIndex, log.durableIndex);
    if (through <= this.#handedIndex || this.#bytesOut >= this.#maxBytes) return NOTHING;
    const from = nextIndex(this.#handedIndex);
    const batches = log.slice(from, through, this.#maxBytes - this.#bytesOut);
    const last = batches[batches.length - 1]!;
    invariant(batches[0]!.firstIndex === from, 'appliedInOrder', batches[0]!.firstIndex, from);
    const bytes = bytesOf(batches);
    this.#handedIndex = lastIndexOf(last);
    this.#out = withOneMore(this.#out, { lastIndex: this.#handedIndex, bytes });
    this.#bytesOut += bytes;
    return batches;
  }

  /** The state machine stands at `index`. */
  applied(index: LogIndex): void {
    invariant(index <= this.#handedIndex, 'appliedInOrder', index, this.#handedIndex);
    this.#appliedIndex = largerIndex(this.#appliedIndex, index);
    while (this.#out.length > 0 && this.#out[0]!.lastIndex <= index) {
      this.#bytesOut -= this.#out.shift()!.bytes;
    }
  }

  /** A snapshot takes the place of everything up to `index`. */
  restored(index: LogIndex): void {
    this.#handedIndex = largerIndex(this.#handedIndex, index);
  }
}
