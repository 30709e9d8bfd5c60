/**
 * What the log amounts to: its hard state, snapshot, terms and configurations, and where each
 * batch lies. Recovery builds it record by record, and the running log keeps it up to date with
 * the same calls, so that what a restart finds is what was there.
 */

import {
  type Batch,
  type Configuration,
  type ConfigurationAt,
  type EntryId,
  emptyStoredState,
  type HardState,
  type LogIndex,
  largerIndex,
  lastIndexOf,
  nextIndex,
  type SnapshotMeta,
  type StoredState,
  type Term,
  type TermStart,
  withOneMore,
} from '@quorate/core';
import type { Compaction, StoredWrite } from '@quorate/wire';
import { type BatchLocation, BatchTable } from './batch-table.ts';

export class LogShape {
  readonly batches = new BatchTable();
  hardState: HardState;
  snapshot: SnapshotMeta;
  /** The entry just before the first one that is needed. */
  base: EntryId;
  lastIndex: LogIndex;
  /** Of the entries that are there; during recovery it may lie on either side of `base`. */
  #firstIndex: LogIndex;
  #terms: TermStart[] = [];
  #configurations: ConfigurationAt[] = [];
  /** Until the first batch: the files before it were recycled, so it may begin anywhere. */
  #mayBeginAnywhere: boolean;

  constructor(initialConfiguration: Configuration, mayBeginAnywhere: boolean) {
    const empty = emptyStoredState(initialConfiguration);
    this.hardState = empty.hardState;
    this.snapshot = empty.snapshot;
    this.base = empty.base;
    this.lastIndex = empty.lastIndex;
    this.#firstIndex = 1 as LogIndex;
    this.#mayBeginAnywhere = mayBeginAnywhere;
  }

  /** No entry came before those that are there, or will be. */
  begins(): void {
    this.#mayBeginAnywhere = false;
  }

  /** `locations` are those of `write.batches`. */
  applyWrite(write: StoredWrite, locations: readonly BatchLocation[]): void {
    if (write.hardState !== undefined) this.hardState = write.hardState;
    if (write.snapshot !== undefined) this.#replaceBySnapshot(write.snapshot);
    for (const [position, batch] of write.batches.entries()) {
      this.#append(batch, locations[position]!);
    }
  }

  /** What is to be recorded when `snapshot` is durable; undefined when a newer one has come meanwhile. */
  compactionTo(snapshot: SnapshotMeta, dropThrough: LogIndex): Compaction | undefined {
    if (dropThrough > snapshot.index) {
      throw new RangeError(`entry ${dropThrough} is not in the snapshot of ${snapshot.index}`);
    }
    if (snapshot.index < this.snapshot.index) return undefined;
    const index = largerIndex(dropThrough, this.base.index);
    return { snapshot, base: { index, term: this.termAt(index) } };
  }

  /** Neither snapshot nor base ever go back. */
  applyCompaction({ snapshot, base }: Compaction): void {
    if (snapshot.index > this.snapshot.index) this.snapshot = snapshot;
    if (base.index > this.base.index) this.base = base;
  }

  /** Forgets what lies at or below `base`. Answers false when entries above it are missing. */
  dropThroughBase(): boolean {
    if (this.#mayBeginAnywhere && this.base.index === 0) return false;
    if (this.batches.length === 0) {
      this.lastIndex = this.base.index;
    } else if (this.#firstIndex > this.base.index + 1 || this.lastIndex < this.base.index) {
      return false;
    }
    this.batches.dropThrough(this.base.index);
    if (this.lastIndex === this.base.index) this.batches.clear();
    this.#firstIndex = nextIndex(this.base.index);

    const firstNeeded = this.#terms.findLastIndex((start) => start.firstIndex <= this.#firstIndex);
    if (firstNeeded > 0) this.#terms.splice(0, firstNeeded);
    if (this.lastIndex === this.base.index) this.#terms = [];
    const { index } = this.snapshot;
    this.#configurations = this.#configurations.filter((entry) => entry.index > index);
    return true;
  }

  /** Of an entry that is there, the base or the snapshot. */
  termAt(index: LogIndex): Term {
    if (index === this.base.index) return this.base.term;
    if (index === this.snapshot.index) return this.snapshot.term;
    const start = this.#terms.findLast((candidate) => candidate.firstIndex <= index);
    if (start === undefined || index > this.lastIndex) {
      throw new RangeError(`the log has no entry ${index}`);
    }
    return start.term;
  }

  toStoredState(): StoredState {
    const { hardState, snapshot, base, lastIndex } = this;
    const first = nextIndex(base.index);
    const terms = this.#terms.map(({ term, firstIndex }) => ({
      term,
      firstIndex: largerIndex(firstIndex, first),
    }));
    return { hardState, snapshot, base, lastIndex, terms, configurations: this.#configurations };
  }

  #replaceBySnapshot(snapshot: SnapshotMeta): void {
    this.snapshot = snapshot;
    this.base = { index: snapshot.index, term: snapshot.term };
    this.batches.clear();
    this.#terms = [];
    this.#configurations = [];
    this.#firstIndex = nextIndex(snapshot.index);
    this.lastIndex = snapshot.index;
    this.#mayBeginAnywhere = false;
  }

  #append(batch: Batch, location: BatchLocation): void {
    const { firstIndex } = batch;
    if (this.#mayBeginAnywhere) {
      this.#mayBeginAnywhere = false;
      this.#firstIndex = firstIndex;
    } else if (firstIndex > this.lastIndex + 1) {
      throw new RangeError(`entry ${firstIndex} is written behind entry ${this.lastIndex}`);
    } else if (firstIndex <= this.lastIndex) {
      this.#truncateFrom(firstIndex);
    }
    this.batches.push(location);
    this.lastIndex = lastIndexOf(batch);
    const { term } = batch;
    if (this.#terms.at(-1)?.term !== term) {
      this.#terms = withOneMore(this.#terms, { term, firstIndex });
    }
    if (batch.kind === 'configuration') {
      this.#configurations.push({ index: firstIndex, configuration: batch.configuration });
    }
  }

  /** A leader's entries replace ours from here on (§5.3). */
  #truncateFrom(index: LogIndex): void {
    this.batches.truncateFrom(index);
    while (this.#terms.length > 0 && this.#terms.at(-1)!.firstIndex >= index) this.#terms.pop();
    const kept = this.#configurations.filter((entry) => entry.index < index);
    this.#configurations = kept;
    if (index < this.#firstIndex) this.#firstIndex = index;
  }
}
