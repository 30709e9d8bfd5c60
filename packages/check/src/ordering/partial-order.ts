/**
 * What came before what, as far as it is decided: the clock's order, and edges that are added, and taken
 * away in the opposite order.
 *
 * The clock's order is not stored. Each item took effect between two moments, and an edge moves them: not
 * before what came before it, not after what came after it. Edges and clock agree if no item is
 * left without a moment, and if the edges alone have no circle. A circle gets all its items the same two
 * moments, so there are few among which to look for one.
 */

import { type Literal, not } from './solver.ts';

/** Both included; ranks of events, calls and returns counted through. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

interface Edge {
  readonly from: number;
  readonly to: number;
  readonly literal: Literal;
}

/** What an edge moved, to be moved back. */
interface Moved {
  readonly item: number;
  readonly bounds: Int32Array;
  readonly causes: (Edge | undefined)[];
  readonly bound: number;
  readonly cause: Edge | undefined;
}

const IMPLIED = -1;

export class PartialOrder {
  /** By item: the first and the last moment at which it can have taken effect. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly #fromCauses: (Edge | undefined)[];
  readonly #toCauses: (Edge | undefined)[];
  readonly #after: Edge[][];
  readonly #before: Edge[][];
  readonly #moved: Moved[] = [];
  /** For each edge that is not implied, how long `#moved` was before it. */
  readonly #marks: number[] = [];

  constructor(spans: readonly Span[]) {
    this.from = Int32Array.from(spans, ({ from }) => from);
    this.to = Int32Array.from(spans, ({ to }) => to);
    this.#after = spans.map(() => []);
    this.#before = spans.map(() => []);
    this.#fromCauses = spans.map(() => undefined);
    this.#toCauses = spans.map(() => undefined);
  }

  /** By the middle of their moments, then as they are counted; what an edge says may differ if those are equal. */
  compare(a: number, b: number): number {
    return this.middleOf(a) - this.middleOf(b) || a - b;
  }

  /** All items, true to edges and clock. */
  sorted(): readonly number[] {
    const sorted = new Set<number>();
    const place = (item: number) => {
      if (sorted.has(item)) return;
      for (const { from } of this.#before[item]!) place(from);
      sorted.add(item);
    };
    [...this.from.keys()].sort((a, b) => this.compare(a, b)).forEach(place);
    return [...sorted];
  }

  middleOf(item: number): number {
    return this.from[item]! + this.to[item]!;
  }

  /**
   * `from` took effect before `to`, because `literal` is true. To be taken away in any case.
   *
   * @returns If that cannot be: a clause, the opposites of the literals that contradict each other.
   */
  add(from: number, to: number, literal: Literal): readonly Literal[] | undefined {
    // What was added before says it already, and is taken away after.
    if (this.to[from]! < this.from[to]!) {
      this.#marks.push(IMPLIED);
      return undefined;
    }
    const edge = { from, to, literal };
    this.#marks.push(this.#moved.length);
    const path = this.#path(to, from);
    this.#after[from]!.push(edge);
    this.#before[to]!.push(edge);
    if (path !== undefined) return [edge, ...path].map(({ literal }) => not(literal));
    return this.#moveFrom(edge) ?? this.#moveTo(edge);
  }

  /** The edge that was added last of those that are left. */
  remove(from: number, to: number): void {
    const mark = this.#marks.pop()!;
    if (mark === IMPLIED) return;
    this.#after[from]!.pop();
    this.#before[to]!.pop();
    while (this.#moved.length > mark) {
      const { item, bounds, causes, bound, cause } = this.#moved.pop()!;
      bounds[item] = bound;
      causes[item] = cause;
    }
  }

  #moveFrom(added: Edge): readonly Literal[] | undefined {
    const edges = [added];
    for (let edge = edges.pop(); edge !== undefined; edge = edges.pop()) {
      const { from, to } = edge;
      if (this.from[to]! >= this.from[from]!) continue;
      this.#move(to, this.from, this.#fromCauses, this.from[from]!, edge);
      if (this.from[to]! > this.to[to]!) return this.#squeezed(to);
      edges.push(...this.#after[to]!);
    }
    return undefined;
  }

  #moveTo(added: Edge): readonly Literal[] | undefined {
    const edges = [added];
    for (let edge = edges.pop(); edge !== undefined; edge = edges.pop()) {
      const { from, to } = edge;
      if (this.to[from]! <= this.to[to]!) continue;
      this.#move(from, this.to, this.#toCauses, this.to[to]!, edge);
      if (this.from[from]! > this.to[from]!) return this.#squeezed(from);
      edges.push(...this.#before[from]!);
    }
    return undefined;
  }

  #move(
    item: number,
    bounds: Int32Array,
    causes: (Edge | undefined)[],
    bound: number,
    cause: Edge,
  ): void {
    this.#moved.push({ item, bounds, causes, bound: bounds[item]!, cause: causes[item] });
    bounds[item] = bound;
    causes[item] = cause;
  }

  /** The edges that left this item without a moment: from one that was called too late to one that returned before. */
  #squeezed(item: number): readonly Literal[] {
    const clause: Literal[] = [];
    for (let edge = this.#fromCauses[item]; edge !== undefined; ) {
      clause.push(not(edge.literal));
      edge = this.#fromCauses[edge.from];
    }
    for (let edge = this.#toCauses[item]; edge !== undefined; ) {
      clause.push(not(edge.literal));
      edge = this.#toCauses[edge.to];
    }
    return clause;
  }

  /** Edges from one to the other, fewest first. Nobody on the way takes effect later than where it ends. */
  #path(start: number, end: number): readonly Edge[] | undefined {
    const isBeforeEnd = (item: number) =>
      this.from[item]! <= this.from[end]! && this.to[item]! <= this.to[end]!;
    if (!isBeforeEnd(start)) return undefined;
    const found = new Map<number, Edge | undefined>([[start, undefined]]);
    for (const [item] of found) {
      for (const edge of this.#after[item]!) {
        if (found.has(edge.to) || !isBeforeEnd(edge.to)) continue;
        found.set(edge.to, edge);
        if (edge.to === end) return pathBack(found, edge);
      }
    }
    return undefined;
  }
}

function pathBack(found: ReadonlyMap<number, Edge | undefined>, last: Edge): readonly Edge[] {
  const path: Edge[] = [];
  for (let edge: Edge | undefined = last; edge !== undefined; edge = found.get(edge.from)) {
    path.push(edge);
  }
  return path;
}
