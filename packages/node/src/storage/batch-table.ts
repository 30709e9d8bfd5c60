import type { LogIndex } from '@quorate/core';

/** Where a stored batch lies. */
export interface BatchLocation {
  readonly firstIndex: LogIndex;
  readonly segment: number;
  /** Of the batch header, in the segment's file. */
  readonly offset: number;
  readonly byteLength: number;
}

const COLUMNS = 4;
/** Few: where a process has thousands of logs, most hold next to nothing. */
const FIRST_CAPACITY = 4;

/**
 * Where every stored batch lies, ascending by index: four numbers in a flat array for each, since
 * a log of small batches has millions.
 */
export class BatchTable {
  #cells = new Float64Array(COLUMNS * FIRST_CAPACITY);
  /** Rows before `#start` are dropped, those from `#end` unused. */
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** Of all stored batches together. */
  get byteLength(): number {
    let sum = 0;
    for (let row = this.#start; row < this.#end; row += 1) sum += this.#cells[COLUMNS * row + 3]!;
    return sum;
  }

  /** At position 0 to `length - 1`. */
  at(position: number): BatchLocation {
    const cell = COLUMNS * (this.#start + position);
    return {
      firstIndex: this.#cells[cell] as LogIndex,
      segment: this.#cells[cell + 1]!,
      offset: this.#cells[cell + 2]!,
      byteLength: this.#cells[cell + 3]!,
    };
  }

  push(location: BatchLocation): void {
    if (COLUMNS * this.#end === this.#cells.length) this.#makeRoom();
    const cell = COLUMNS * this.#end;
    this.#cells[cell] = location.firstIndex;
    this.#cells[cell + 1] = location.segment;
    this.#cells[cell + 2] = location.offset;
    this.#cells[cell + 3] = location.byteLength;
    this.#end += 1;
  }

  clear(): void {
    this.#start = 0;
    this.#end = 0;
  }

  /** Position of the batch that holds `index`, if any does: the last that begins at or before it. */
  positionOf(index: LogIndex): number {
    let low = this.#start;
    let high = this.#end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#cells[COLUMNS * middle]! <= index) low = middle + 1;
      else high = middle;
    }
    return low - 1 - this.#start;
  }

  /** Forgets the batches that begin at or after `index`. One that spans it stays. */
  truncateFrom(index: LogIndex): void {
    while (this.#end > this.#start && this.#cells[COLUMNS * (this.#end - 1)]! >= index) {
      this.#end -= 1;
    }
  }

  /** Forgets the batches whose entries all are at or below `index`. */
  dropThrough(index: LogIndex): void {
    while (this.#end - this.#start > 1 && this.#cells[COLUMNS * (this.#start + 1)]! <= index + 1) {
      this.#start += 1;
    }
  }

  #makeRoom(): void {
    const used = this.#cells.subarray(COLUMNS * this.#start, COLUMNS * this.#end);
    const isHalfDropped = this.#start > this.#end / 2;
    const larger = new Float64Array(isHalfDropped ? this.#cells.length : 2 * this.#cells.length);
    larger.set(used);
    this.#cells = larger;
    this.#end -= this.#start;
    this.#start = 0;
  }
}
