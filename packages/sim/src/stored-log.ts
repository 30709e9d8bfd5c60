/**
 * What one server has stored: term, vote, snapshot and log. A model of the files, not of their
 * bytes; the write-ahead log of `@quorate/node` keeps the same promises with real ones.
 */

import {
  type Batch,
  batchFrom,
  batchThrough,
  type Configuration,
  type ConfigurationAt,
  type EntryId,
  emptyStoredState,
  type HardState,
  type LogIndex,
  lastIndexOf,
  type SnapshotMeta,
  type StoredState,
  type Term,
  type TermStart,
  type Write,
} from '@quorate/core';

export class StoredLog {
  hardState: HardState;
  snapshot: SnapshotMeta;
  /** What replaces everything up to and with `snapshot.index`. Empty at index 0. */
  snapshotData: Uint8Array = new Uint8Array(0);
  /** The entry just before the first one in `batches`. */
  base: EntryId;
  /** Consecutive, beginning at `base.index + 1`. */
  batches: Batch[] = [];

  constructor(initial: Configuration) {
    const stored = emptyStoredState(initial);
    this.hardState = stored.hardState;
    this.snapshot = stored.snapshot;
    this.base = stored.base;
  }

  /** Shares the batches, which never change. */
  copy(): StoredLog {
    const copy = new StoredLog(this.snapshot.configuration);
    copy.hardState = this.hardState;
    copy.saveSnapshot(this.snapshot, this.snapshotData);
    copy.base = this.base;
    copy.batches = [...this.batches];
    return copy;
  }

  get lastIndex(): LogIndex {
    const last = this.batches.at(-1);
    return last === undefined ? this.base.index : lastIndexOf(last);
  }

  /** The term of an entry that is here or is the base; undefined for others. */
  termAt(index: LogIndex): Term | undefined {
    if (index === this.base.index) return this.base.term;
    return this.batches[this.#positionOf(index)]?.term;
  }

  /** One atomic write of the core. `snapshotData` belongs to `write.snapshot`. */
  apply(write: Write, snapshotData: Uint8Array | undefined): void {
    if (write.hardState !== undefined) this.hardState = write.hardState;
    if (write.snapshot !== undefined) {
      if (snapshotData === undefined) throw new Error('a snapshot was written without its data');
      const { index, term } = write.snapshot;
      this.saveSnapshot(write.snapshot, snapshotData);
      this.base = { index, term };
      this.batches = [];
    }
    const first = write.batches[0];
    if (first === undefined) return;
    this.#truncateFrom(first.firstIndex);
    if (first.firstIndex !== this.lastIndex + 1) {
      throw new Error(
        `a write begins at ${first.firstIndex}, after a log that ends at ${this.lastIndex}`,
      );
    }
    this.batches.push(...write.batches);
  }

  saveSnapshot(snapshot: SnapshotMeta, data: Uint8Array): void {
    this.snapshot = snapshot;
    this.snapshotData = data;
  }

  /** Drops the entries before `firstIndex`, which a snapshot replaces. */
  dropBefore(firstIndex: LogIndex): void {
    const index = (firstIndex - 1) as LogIndex;
    if (index <= this.base.index) return;
    const term = this.termAt(index);
    if (term === undefined) return; // a snapshot that is being written replaces it all
    const kept = this.batches.slice(this.#positionOf(index));
    if (kept[0] !== undefined && lastIndexOf(kept[0]) === index) kept.shift();
    if (kept[0] !== undefined) kept[0] = batchFrom(kept[0], firstIndex);
    this.base = { index, term };
    this.batches = kept;
  }

  /** As `LogReader.read`. */
  read(from: LogIndex, through: LogIndex, maxBytes: number): readonly Batch[] {
    const result: Batch[] = [];
    let bytes = 0;
    for (let at = this.#positionOf(from); at < this.batches.length; at++) {
      const whole = this.batches[at]!;
      if (whole.firstIndex > through) break;
      const batch = batchThrough(batchFrom(whole, from), through);
      if (result.length > 0 && bytes + batch.byteLength > maxBytes) break;
      result.push(batch);
      bytes += batch.byteLength;
    }
    return result;
  }

  /** What a server finds here when it starts. */
  toStoredState(): StoredState {
    const terms: TermStart[] = [];
    const configurations: ConfigurationAt[] = [];
    for (const batch of this.batches) {
      const { term, firstIndex } = batch;
      if (terms.at(-1)?.term !== term) terms.push({ term, firstIndex });
      if (batch.kind === 'configuration' && firstIndex > this.snapshot.index) {
        configurations.push({ index: firstIndex, configuration: batch.configuration });
      }
    }
    const { hardState, snapshot, base, lastIndex } = this;
    return { hardState, snapshot, base, lastIndex, terms, configurations };
  }

  #truncateFrom(index: LogIndex): void {
    if (index > this.lastIndex) return;
    const at = this.#positionOf(index);
    const cut = this.batches[at];
    this.batches.length = at;
    if (cut !== undefined && cut.firstIndex < index) {
      this.batches.push(batchThrough(cut, (index - 1) as LogIndex));
    }
  }

  /** The position of the batch that holds `index`; `batches.length` when none does. */
  #positionOf(index: LogIndex): number {
    if (index <= this.base.index) return this.batches.length;
    let low = 0;
    let high = this.batches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (lastIndexOf(this.batches[middle]!) < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
