import type { Act, Content } from '../acts.ts';
import type { Span } from './partial-order.ts';

/** Whoever left something in a cell. */
export interface Source {
  /** Undefined for the beginning. */
  readonly item: number | undefined;
  readonly cell: Cell;
  readonly content: Content;
  readonly from: number;
}

/** An act that writes a cell. */
export interface Writer extends Source, Span {
  readonly item: number;
}

type Writing = Omit<Writer, 'cell'>;

/** Who wrote one cell. */
export class Cell {
  readonly beginning: Source = { item: undefined, cell: this, content: undefined, from: -1 };
  /** Answered, so they did; by `from`. */
  readonly #certain: readonly Writer[];
  /** Not answered, so they may have; by `from`. */
  readonly possible: readonly Writer[];
  /** For each of `#certain`, the last `to` up to it. */
  readonly #reach: readonly number[];
  /** `to` of each of them, ascending, and who was called last of those up to it. */
  readonly #ends: readonly number[];
  readonly #lastCalled: readonly Writer[];

  constructor(certain: readonly Writing[], possible: readonly Writing[]) {
    const own = (writing: Writing): Writer => ({ ...writing, cell: this });
    this.#certain = certain.map(own).sort((a, b) => a.from - b.from);
    this.possible = possible.map(own).sort((a, b) => a.from - b.from);
    this.#reach = highestSoFar(this.#certain.map(({ to }) => to));
    const byEnd = [...this.#certain].sort((a, b) => a.to - b.to);
    this.#ends = byEnd.map(({ to }) => to);
    let last = byEnd[0];
    this.#lastCalled = byEnd.map((writer) => (last = writer.from > last!.from ? writer : last!));
  }

  /** Answered writers that can have taken effect in this time, by call, the last first. */
  *certainWithin({ from, to }: Span): Iterable<Writer> {
    const called = this.#certain;
    let low = 0;
    let high = called.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (called[middle]!.from <= to) low = middle + 1;
      else high = middle;
    }
    for (let i = low - 1; i >= 0 && this.#reach[i]! >= from; i--) {
      if (called[i]!.to >= from) yield called[i]!;
    }
  }

  /**
   * Of the answered writers that returned before `moment`, who was called last: whoever returned before
   * that was overwritten by `moment`.
   */
  overwriterBefore(moment: number): Writer | undefined {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ends[middle]! < moment) low = middle + 1;
      else high = middle;
    }
    return this.#lastCalled[low - 1];
  }

  /** When that one was called; -1 if there is none. */
  overwrittenUntil(moment: number): number {
    return this.overwriterBefore(moment)?.from ?? -1;
  }
}

/** @param isCertain By item: it was answered. */
export function cellsOf(
  acts: readonly Act[],
  spans: readonly Span[],
  isCertain: (item: number) => boolean,
): ReadonlyMap<string, Cell> {
  const writers = new Map<string, { certain: Writing[]; possible: Writing[] }>();
  for (const [item, { writes }] of acts.entries()) {
    for (const { cell, content } of writes) {
      const lists = writers.get(cell) ?? { certain: [], possible: [] };
      writers.set(cell, lists);
      const { from, to } = spans[item]!;
      lists[isCertain(item) ? 'certain' : 'possible'].push({ from, to, item, content });
    }
  }
  return new Map(
    [...writers].map(([cell, { certain, possible }]) => [cell, new Cell(certain, possible)]),
  );
}

function highestSoFar(numbers: readonly number[]): readonly number[] {
  let highest = -1;
  return numbers.map((number) => (highest = Math.max(highest, number)));
}

/** A new one if there is none. */
export function listIn<Key, Item>(lists: Map<Key, Item[]>, key: Key): Item[] {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const list: Item[] = [];
  lists.set(key, list);
  return list;
}
