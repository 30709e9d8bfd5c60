/**
 * Of the disk, kept for votes, compactions and what they write besides the log. Not less, because the
 * disk's word is a moment old, the end of a file is wasted when the next record does not fit, and file
 * systems need some for themselves.
 */
export const RESERVE_ON_DISK_BYTES = 4_194_304;

/**
 * Kept besides for a state machine that keeps its state on the same disk: it writes what it is given a
 * moment after the log, and a store of pages touches a page of 4 KiB for a row of some bytes. A
 * megabyte of small rows, the portion of our own store, may take ten times as much.
 */
export const RESERVE_FOR_MACHINE_BYTES = 16_777_216;

/** Which no snapshot takes: half of what the log left, so that a small one finds room. */
export const RESERVE_FROM_SNAPSHOTS_BYTES = 2_097_152;

/**
 * How much a disk can still take: what it said last, less what this log has taken since. Asked anew when
 * an eighth of that is gone, or whenever somebody has been refused for want of it; in between others may
 * take from it too.
 */
export class FreeSpace {
  readonly #ask: () => Promise<number>;
  #bytes = 0;
  /** Since the disk was asked last. */
  #taken = 0;
  #asking: Promise<void> | undefined;

  constructor(ask: () => Promise<number>) {
    this.#ask = ask;
  }

  /** Nothing before the first answer. */
  get bytes(): number {
    return this.#bytes - this.#taken;
  }

  /** So much has been allocated. */
  take(byteLength: number): void {
    this.#taken += byteLength;
    if (this.#taken > this.#bytes / 8) void this.refresh();
  }

  refresh(): Promise<void> {
    this.#asking ??= this.#refresh().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #refresh(): Promise<void> {
    const before = this.#taken;
    // Of a disk that does not say, a write that fails will tell.
    this.#bytes = await this.#ask().catch(() => Infinity);
    this.#taken -= before;
  }
}
