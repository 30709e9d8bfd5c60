import type { TermStart } from '../stored.ts';
import type { EntryId, LogIndex, Term } from '../types.ts';
import { previousIndex } from '../types.ts';

/**
 * The terms of a log, as runs: terms never fall from entry to entry (§5.3), so it is enough to
 * know where each begins. A log of a million entries has as many runs as it saw leaders, and every
 * question about terms is answered without touching an entry.
 *
 * The first run stands for the entry before the log (index 0, or what a snapshot replaced).
 */
export class TermStarts {
  #runs: TermStart[];

  constructor(base: EntryId, runs: readonly TermStart[]) {
    this.#runs = [{ term: base.term, firstIndex: base.index }];
    for (const run of runs) this.extend(run.term, run.firstIndex);
  }

  get lastTerm(): Term {
    return this.#runs[this.#runs.length - 1]!.term;
  }

  /** The term at `index`, which must lie between the base and the log's end. */
  termAt(index: LogIndex): Term {
    return this.#runs[this.#positionOf(index)]!.term;
  }

  /** The last index of the term at `index`, in a log that ends at `lastIndex`. */
  endOfRun(index: LogIndex, lastIndex: LogIndex): LogIndex {
    const next = this.#runs[this.#positionOf(index) + 1];
    return next === undefined ? lastIndex : previousIndex(next.firstIndex);
  }

  /** An entry of `term` now stands at `index`, the log's new end. */
  extend(term: Term, index: LogIndex): void {
    if (term !== this.lastTerm) this.#runs.push({ term, firstIndex: index });
  }

  /** Entries at and after `index` are gone. The base stays. */
  truncateFrom(index: LogIndex): void {
    while (this.#runs.length > 1 && this.#runs[this.#runs.length - 1]!.firstIndex >= index) {
      this.#runs.pop();
    }
  }

  /** Entries before `index` are gone; it becomes the base. */
  compactThrough(index: LogIndex): void {
    const position = this.#positionOf(index);
    const { term } = this.#runs[position]!;
    this.#runs = [{ term, firstIndex: index }, ...this.#runs.slice(position + 1)];
  }

  /** The greatest index at or below `index` whose term is at or below `term`; the base at least. */
  lastAtOrBelowTerm(index: LogIndex, term: Term): EntryId {
    let position = this.#positionOf(index);
    let at = index;
    while (position > 0 && this.#runs[position]!.term > term) {
      at = previousIndex(this.#runs[position]!.firstIndex);
      position -= 1;
    }
    const { term: found, firstIndex } = this.#runs[position]!;
    // Only the base's own run is left, and it is too new: nothing after the base could match.
    return { index: found > term ? firstIndex : at, term: found };
  }

  /** The run that holds `index`. Nearly always the last one. */
  #positionOf(index: LogIndex): number {
    let position = this.#runs.length - 1;
    while (position > 0 && this.#runs[position]!.firstIndex > index) position -= 1;
    return position;
  }
}
