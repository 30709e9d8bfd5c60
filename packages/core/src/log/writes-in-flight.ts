import { invariant } from '../invariant.ts';
import { type LogIndex, previousIndex, smallerIndex } from '../types.ts';
import { withOneMore } from '../with-one-more.ts';

/**
 * The writes that the disk has not finished, oldest first, each with the last entry it makes
 * durable.
 *
 * Writes become durable in the order of their sequence numbers, so a completion names its write
 * exactly. When entries are truncated, the writes that hold them are clamped: their completion then
 * says nothing about what has since taken the same index, even if it has the same term again (the
 * ABA of asynchronous appends). docs/adr/0002 compares this with completions by (index, term).
 */
export class WritesInFlight {
  #writes: { readonly sequence: number; lastIndex: LogIndex; readonly bytes: number }[] = [];
  #bytes = 0;

  /** Of entries that the driver keeps for the disk, overwritten ones included. */
  get bytes(): number {
    return this.#bytes;
  }

  issued(sequence: number, lastIndex: LogIndex, bytes: number): void {
    this.#writes = withOneMore(this.#writes, { sequence, lastIndex, bytes });
    this.#bytes += bytes;
  }

  /** The last index that the writes up to `sequence` made durable and that still counts. */
  completed(sequence: number): LogIndex {
    let durable: LogIndex | undefined;
    const writes = this.#writes;
    while (writes.length > 0 && writes[0]!.sequence <= sequence) {
      const { lastIndex, bytes } = writes.shift()!;
      durable = lastIndex;
      this.#bytes -= bytes;
    }
    invariant(durable !== undefined, 'writesInOrder', sequence, writes[0]?.sequence);
    return durable;
  }

  truncateFrom(index: LogIndex): void {
    for (const write of this.#writes) {
      write.lastIndex = smallerIndex(write.lastIndex, previousIndex(index));
    }
  }
}
