/**
 * What came before what, as far as it is decided: the clock's order, and edges that are added, and taken
 * away in the opposite order.
 *
 * The clock's order is not stored. Each item took effect between two moments, and an edge moves them: not
 * before what came before it, not after what came after it. Edges and clock agree if no item is
 * left without a moment, and if the edges alone have no circle, which a numbering of all items along the
 * edges shows (Pearce and Kelly, A Dynamic Topological Sort Algorithm, 2006).
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

export class PartialOrder {
  /** By item: the first and the last moment at which it can have taken effect. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly #fromCauses: (Edge | undefined)[];
  readonly #toCauses: (Edge | undefined)[];
  readonly #rank: Int32Array;
  readonly #after: Edge[][];
  readonly #before: Edge[][];
  readonly #moved: Moved[] = [];
  /** For each edge, how long `#moved` was before it. */
  readonly #marks: number[] = [];
  readonly #found: (Edge | undefined)[] = [];

  /** Numbered in this order, as long as nothing else is known. */
  constructor(spans: readonly Span[]) {
    this.from = Int32Array.from(spans, ({ from }) => from);
    this.to = Int32Array.from(spans, ({ to }) => to);
    this.#rank = Int32Array.from(spans.keys());
    this.#fromCauses = spans.map(() => undefined);
    this.#toCauses = spans.map(() => undefined);
    this.#after = spans.map(() => []);
    this.#before = spans.map(() => []);
  }

  /**
   * A sorting by this respects edges and clock, whatever else it does; and where these leave it open, who
   * was called and answered earlier comes first.
   */
  compare(a: number, b: number): number {
    return this.middleOf(a) - this.middleOf(b) || this.#rank[a]! - this.#rank[b]!;
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
    const edge = { from, to, literal };
    this.#marks.push(this.#moved.length);
    const circle = this.#number(edge);
    this.#after[from]!.push(edge);
    this.#before[to]!.push(edge);
    if (circle !== undefined) return circle;
    return this.#moveFrom(edge) ?? this.#moveTo(edge);
  }

  /** The edge that was added last of those that are left. */
  remove(from: number, to: number): void {
    this.#after[from]!.pop();
    this.#before[to]!.pop();
    const mark = this.#marks.pop()!;
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

  /** Makes the numbering fit. If it cannot, returned is the circle. */
  #number(edge: Edge): readonly Literal[] | undefined {
    const rank = this.#rank;
    const [low, high] = [rank[edge.to]!, rank[edge.from]!];
    if (high < low) return undefined;
    const later = this.#reach(
      edge.to,
      this.#after,
      ({ to }) => to,
      (r) => r <= high,
    );
    const last = this.#found[edge.from];
    if (last !== undefined) {
      const circle = [not(edge.literal)];
      for (let at: Edge | undefined = last; at !== undefined; at = this.#found[at.from]) {
        circle.push(not(at.literal));
      }
      this.#forget(later);
      return circle;
    }
    this.#forget(later);
    const earlier = this.#reach(
      edge.from,
      this.#before,
      ({ from }) => from,
      (r) => r >= low,
    );
    this.#forget(earlier);
    const byRank = (a: number, b: number) => rank[a]! - rank[b]!;
    const items = [...earlier.sort(byRank), ...later.sort(byRank)];
    const ranks = items.map((item) => rank[item]!).sort((a, b) => a - b);
    for (const [index, item] of items.entries()) rank[item] = ranks[index]!;
    return undefined;
  }

  /** All items on the way along `edges`, and in `#found` how each was reached. */
  #reach(
    start: number,
    edges: readonly (readonly Edge[])[],
    endOf: (edge: Edge) => number,
    isWithin: (rank: number) => boolean,
  ): number[] {
    const reached = [start];
    for (let i = 0; i < reached.length; i++) {
      for (const edge of edges[reached[i]!]!) {
        const item = endOf(edge);
        if (item === start || this.#found[item] !== undefined) continue;
        if (!isWithin(this.#rank[item]!)) continue;
        this.#found[item] = edge;
        reached.push(item);
      }
    }
    return reached;
  }

  #forget(reached: readonly number[]): void {
    for (const item of reached) this.#found[item] = undefined;
  }
}
