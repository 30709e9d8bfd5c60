/** How long a log is from some record on, in bytes; to within a step, in a few numbers for any log. */

interface Mark {
  readonly record: number;
  /** Of all records before this one, ever. */
  readonly bytesBefore: number;
}

export class RecordSizes {
  readonly #stepBytes: number;
  /** Ascending. */
  #marks: Mark[] = [];
  #total = 0;
  #base: number;

  constructor(base: number, stepBytes: number) {
    this.#base = base;
    this.#stepBytes = stepBytes;
  }

  /** The last record that is gone. */
  get base(): number {
    return this.#base;
  }

  /** Of all records ever added. */
  get total(): number {
    return this.#total;
  }

  add(record: number, bytes: number): void {
    const last = this.#marks.at(-1);
    if (last === undefined || this.#total - last.bytesBefore >= this.#stepBytes) {
      this.#marks.push({ record, bytesBefore: this.#total });
    }
    this.#total += bytes;
  }

  /** Bytes from about this record to the end. */
  since(record: number): number {
    const mark = this.#marks.findLast((candidate) => candidate.record <= record);
    return this.#total - (mark ?? this.#marks[0])!.bytesBefore;
  }

  /** The record that stands about `bytes` behind `record`. */
  recordAfter(record: number, bytes: number): number {
    const wanted = this.#total - this.since(record) + bytes;
    return this.#marks.findLast(({ bytesBefore }) => bytesBefore <= wanted)!.record;
  }

  dropThrough(record: number): void {
    this.#base = record;
    const firstNeeded = this.#marks.findLastIndex((mark) => mark.record <= record + 1);
    if (firstNeeded > 0) this.#marks = this.#marks.slice(firstNeeded);
  }
}
