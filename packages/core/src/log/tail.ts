import { type Batch, batchFrom, batchThrough, lastIndexOf } from '../entry.ts';
import { invariant } from '../invariant.ts';
import { type LogIndex, nextIndex, previousIndex } from '../types.ts';
import { withOneMore } from '../with-one-more.ts';

/**
 * The newest batches of the log, in memory.
 *
 * Two arrays with a moving head: a batch and the running total of bytes at its end. Appending,
 * dropping from the front and finding an index cost nothing for each entry.
 *
 * This file is on the hot path; `bench/` measures it as part of the whole.
 */
export class Tail {
  /** Undefined before the head: the memory behind an evicted batch is free at once. */
  #batches: (Batch | undefined)[] = [];
  /** Bytes ever appended, up to and with the batch at the same position. */
  #byteEnds: number[] = [];
  #head = 0;
  #bytesDropped = 0;
  #lastIndex: LogIndex;

  /** An empty tail of a log whose last entry, held elsewhere, is `lastIndex`. */
  constructor(lastIndex: LogIndex) {
    this.#lastIndex = lastIndex;
  }

  get lastIndex(): LogIndex {
    return this.#lastIndex;
  }

  /** The first index held here; one past the end when nothing is. */
  get firstIndex(): LogIndex {
    const first = this.#batches[this.#head];
    return first === undefined ? nextIndex(this.#lastIndex) : first.firstIndex;
  }

  get byteLength(): number {
    return this.#totalBytes - this.#bytesDropped;
  }

  append(batch: Batch): void {
    invariant(
      batch.firstIndex === nextIndex(this.#lastIndex),
      'logHasNoHoles',
      batch.firstIndex,
      nextIndex(this.#lastIndex),
    );
    this.#byteEnds.push(this.#totalBytes + batch.byteLength);
    this.#batches = withOneMore(this.#batches, batch);
    this.#lastIndex = lastIndexOf(batch);
  }

  /** Forgets the entries at and after `index`. */
  truncateFrom(index: LogIndex): void {
    while (this.#batches.length > this.#head) {
      const last = this.#batches[this.#batches.length - 1]!;
      if (lastIndexOf(last) < index) break;
      this.#batches.pop();
      this.#byteEnds.pop();
      if (last.firstIndex >= index) continue;
      const kept = batchThrough(last, previousIndex(index));
      this.#byteEnds.push(this.#totalBytes + kept.byteLength);
      this.#batches.push(kept);
      break;
    }
    this.#lastIndex = previousIndex(index);
  }

  /** Forgets whole batches from the front while they end at or before `index` and are too many. */
  evictThrough(index: LogIndex, keepBytes: number): void {
    while (this.byteLength > keepBytes) {
      const first = this.#batches[this.#head];
      if (first === undefined || lastIndexOf(first) > index) break;
      this.#bytesDropped = this.#byteEnds[this.#head]!;
      this.#batches[this.#head] = undefined;
      this.#head += 1;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#batches.length) {
      this.#batches = this.#batches.slice(this.#head);
      this.#byteEnds = this.#byteEnds.slice(this.#head);
      this.#head = 0;
    }
  }

  /** The batches that cover `from` to `through`, cut at both ends, as many as fit `maxBytes`; at least one. */
  slice(from: LogIndex, through: LogIndex, maxBytes: number): Batch[] {
    const start = this.#positionOf(from);
    // Nearly always the newest batch alone is wanted, whole: no array with room for more.
    const newest = this.#batches[start];
    if (start === this.#batches.length - 1 && newest?.firstIndex === from) {
      if (lastIndexOf(newest) <= through) return [newest];
    }
    const slice: Batch[] = [];
    let bytes = 0;
    for (let at = start; at < this.#batches.length; at += 1) {
      let batch = this.#batches[at]!;
      if (batch.firstIndex > through) break;
      if (batch.firstIndex < from) batch = batchFrom(batch, from);
      if (lastIndexOf(batch) > through) batch = batchThrough(batch, through);
      bytes += batch.byteLength;
      if (slice.length > 0 && bytes > maxBytes) break;
      slice.push(batch);
    }
    return slice;
  }

  /** Bytes of the batches that end after `index`. */
  bytesAfter(index: LogIndex): number {
    if (index >= this.#lastIndex) return 0;
    const position = this.#positionOf(nextIndex(index));
    const before = position === this.#head ? this.#bytesDropped : this.#byteEnds[position - 1]!;
    return this.#totalBytes - before;
  }

  get #totalBytes(): number {
    return this.#byteEnds.length > this.#head
      ? this.#byteEnds[this.#byteEnds.length - 1]!
      : this.#bytesDropped;
  }

  /** The position of the batch that holds `index`, or of the first one held. Binary search. */
  #positionOf(index: LogIndex): number {
    let low = this.#head;
    let high = this.#batches.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#batches[middle]!.firstIndex <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
