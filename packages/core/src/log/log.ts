/**
 * The replicated log (§5.3): which entry stands where, and how much of it the disk has.
 *
 *      base        tail.firstIndex     durableIndex   writtenIndex   lastIndex
 *       │  on disk only  │  also in memory   │  being written  │  not yet written │
 *
 * Terms of the whole log are in memory; commands only of its newest part. Indexes only move right,
 * except when a conflict with the leader truncates (§5.3).
 */

import { type Batch, batchFrom, lastIndexOf, type SnapshotMeta } from '../entry.ts';
import { invariant } from '../invariant.ts';
import type { StoredState } from '../stored.ts';
import {
  type EntryId,
  type LogIndex,
  largerIndex,
  nextIndex,
  previousIndex,
  smallerIndex,
  type Term,
} from '../types.ts';
import { ConfigurationHistory } from './configuration-history.ts';
import type { LogReader } from './log-reader.ts';
import { Tail } from './tail.ts';
import { TermStarts } from './term-starts.ts';
import { WritesInFlight } from './writes-in-flight.ts';

export class RaftLog {
  readonly #reader: LogReader;
  readonly #maxTailBytes: number;
  readonly #writes = new WritesInFlight();
  readonly configurations: ConfigurationHistory;
  #base: EntryId;
  #terms: TermStarts;
  #tail: Tail;
  #writtenIndex: LogIndex;
  #durableIndex: LogIndex;
  /** Of entries that no write holds yet. */
  #unissuedBytes = 0;

  constructor(stored: StoredState, reader: LogReader, maxTailBytes: number) {
    this.#reader = reader;
    this.#maxTailBytes = maxTailBytes;
    this.#base = stored.base;
    this.#terms = new TermStarts(stored.base, stored.terms);
    this.#tail = new Tail(stored.lastIndex);
    this.#writtenIndex = stored.lastIndex;
    this.#durableIndex = stored.lastIndex;
    const { index, configuration } = stored.snapshot;
    this.configurations = new ConfigurationHistory({ index, configuration }, stored.configurations);
  }

  /** The entry before the first one that is still held; its term is known, its command is gone. */
  get base(): EntryId {
    return this.#base;
  }

  get firstIndex(): LogIndex {
    return nextIndex(this.#base.index);
  }

  get lastIndex(): LogIndex {
    return this.#tail.lastIndex;
  }

  get lastEntry(): EntryId {
    return { index: this.lastIndex, term: this.#terms.lastTerm };
  }

  /** Everything up to here survives a crash of this server. */
  get durableIndex(): LogIndex {
    return this.#durableIndex;
  }

  /** The term of an entry between the base and the end of the log. */
  termAt(index: LogIndex): Term {
    return this.#terms.termAt(index);
  }

  /** Do we hold exactly this entry? What the base replaced, we no longer know. */
  matches(entry: EntryId): boolean {
    if (entry.index < this.#base.index || entry.index > this.lastIndex) return false;
    return this.#terms.termAt(entry.index) === entry.term;
  }

  /** Where a log that ends like this could meet ours: skips whole terms at once (§5.3, end). */
  lastAtOrBelowTerm(index: LogIndex, term: Term): EntryId {
    if (index <= this.#base.index) return this.#base;
    return this.#terms.lastAtOrBelowTerm(smallerIndex(index, this.lastIndex), term);
  }

  /** Bytes of entries after `index`, in whole batches. */
  bytesAfter(index: LogIndex): number {
    return this.#tail.bytesAfter(index);
  }

  /** Adds entries at the end. */
  append(batch: Batch): void {
    invariant(
      batch.term >= this.#terms.lastTerm,
      'logHasNoHoles',
      batch.term,
      this.#terms.lastTerm,
    );
    this.#tail.append(batch);
    this.#unissuedBytes += batch.byteLength;
    this.#terms.extend(batch.term, batch.firstIndex);
    if (batch.kind === 'configuration') {
      this.configurations.add({ index: batch.firstIndex, configuration: batch.configuration });
    }
  }

  /**
   * Makes the log contain `batches`, which follow an entry that matched. Entries we already have
   * are skipped, so a late duplicate removes nothing; the log is cut only at the first entry of
   * another term (Figure 2, AppendEntries 3 and 4).
   *
   * @returns where it was cut, or undefined.
   */
  reconcile(batches: readonly Batch[], commitIndex: LogIndex): LogIndex | undefined {
    let cutFrom: LogIndex | undefined;
    for (const batch of batches) {
      const firstNew = this.#firstMissing(batch);
      if (firstNew > lastIndexOf(batch)) continue;
      if (firstNew <= this.lastIndex) {
        this.#truncateFrom(firstNew, commitIndex);
        cutFrom = firstNew;
      }
      this.append(batchFrom(batch, firstNew));
    }
    return cutFrom;
  }

  /** The first index of `batch` that our log lacks or holds with another term. */
  #firstMissing(batch: Batch): LogIndex {
    const end = lastIndexOf(batch);
    let index = largerIndex(batch.firstIndex, this.firstIndex);
    while (index <= end && index <= this.lastIndex && this.termAt(index) === batch.term) {
      index = nextIndex(this.#terms.endOfRun(index, this.lastIndex));
    }
    return index;
  }

  #truncateFrom(index: LogIndex, commitIndex: LogIndex): void {
    invariant(index > commitIndex, 'committedIsImmutable', index, commitIndex);
    this.#tail.truncateFrom(index);
    this.#terms.truncateFrom(index);
    this.configurations.truncateFrom(index);
    this.#writes.truncateFrom(index);
    this.#writtenIndex = smallerIndex(this.#writtenIndex, previousIndex(index));
    this.#durableIndex = smallerIndex(this.#durableIndex, previousIndex(index));
  }

  /** Entries `from` to at most `through`, at least one and then as many as fit `maxBytes`. */
  slice(from: LogIndex, through: LogIndex, maxBytes: number): readonly Batch[] {
    if (from > through) return [];
    const firstInMemory = this.#tail.firstIndex;
    if (from >= firstInMemory) return this.#tail.slice(from, through, maxBytes);
    return this.#reader.read(from, smallerIndex(through, previousIndex(firstInMemory)), maxBytes);
  }

  get hasUnwritten(): boolean {
    return this.#writtenIndex < this.lastIndex;
  }

  /**
   * Bytes of entries on their way to the disk. What has been overwritten meanwhile counts: the driver
   * still holds it.
   */
  get unwrittenBytes(): number {
    return this.#writes.bytes + this.#unissuedBytes;
  }

  /** The entries that no write holds yet. They are taken to be in the write `sequence`. */
  takeUnwritten(sequence: number): readonly Batch[] {
    const batches = this.slice(nextIndex(this.#writtenIndex), this.lastIndex, Infinity);
    this.#writtenIndex = this.lastIndex;
    this.#writes.issued(sequence, this.lastIndex, this.#unissuedBytes);
    this.#unissuedBytes = 0;
    return batches;
  }

  /**
   * The write `sequence` and all before it are durable. What is committed as well may leave memory;
   * what is not stays, which `maxUncommittedBytes` bounds.
   */
  written(sequence: number, commitIndex: LogIndex): void {
    this.#durableIndex = largerIndex(this.#durableIndex, this.#writes.completed(sequence));
    this.#tail.evictThrough(smallerIndex(this.#durableIndex, commitIndex), this.#maxTailBytes);
  }

  /** Entries at or before `index` are no longer needed: a snapshot has their effect (§7). */
  compactThrough(index: LogIndex): void {
    if (index <= this.#base.index) return;
    this.#base = { index, term: this.#terms.termAt(index) };
    this.#terms.compactThrough(index);
    this.#tail.evictThrough(index, 0);
  }

  /** The whole log is replaced by a snapshot that another server made (§7). */
  restore(snapshot: SnapshotMeta): void {
    this.#base = { index: snapshot.index, term: snapshot.term };
    this.#terms = new TermStarts(this.#base, []);
    this.#tail = new Tail(snapshot.index);
    this.#writes.truncateFrom(1 as LogIndex);
    this.#unissuedBytes = 0;
    this.#writtenIndex = snapshot.index;
    this.#durableIndex = snapshot.index;
    this.configurations.restore(snapshot);
  }
}
