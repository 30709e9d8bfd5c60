import { compareBytes } from './bytes.ts';

interface Interval {
  begin: Uint8Array;
  /** Exclusive. */
  end: Uint8Array;
}

/** A union of key intervals, kept sorted and disjoint, so that a hostile transaction stays cheap. */
export class IntervalSet {
  readonly #intervals: Interval[] = [];

  /** Nothing happens unless begin < end. */
  add(begin: Uint8Array, end: Uint8Array): void {
    if (compareBytes(begin, end) >= 0) return;
    const first = this.#firstEndingAtOrAfter(begin);
    const merged = { begin, end };
    let last = first;
    for (; last < this.#intervals.length; last++) {
      const interval = this.#intervals[last]!;
      if (compareBytes(interval.begin, end) > 0) break;
      if (compareBytes(interval.begin, merged.begin) < 0) merged.begin = interval.begin;
      if (compareBytes(interval.end, merged.end) > 0) merged.end = interval.end;
    }
    this.#intervals.splice(first, last - first, merged);
  }

  addAll(other: IntervalSet): void {
    for (const { begin, end } of other.#intervals) this.add(begin, end);
  }

  has(key: Uint8Array): boolean {
    const at = this.#firstEndingAtOrAfter(key);
    for (const interval of this.#intervals.slice(at, at + 2)) {
      if (compareBytes(interval.begin, key) <= 0 && compareBytes(key, interval.end) < 0)
        return true;
    }
    return false;
  }

  #firstEndingAtOrAfter(key: Uint8Array): number {
    let low = 0;
    let high = this.#intervals.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes(this.#intervals[middle]!.end, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
