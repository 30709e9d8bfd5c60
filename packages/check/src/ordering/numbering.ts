/**
 * A numbering of items along edges that come and go: no edge leads back. Shows at once that a new
 * edge closes no circle, or, after a look at the items numbered between its ends, which circle.
 *
 * The look goes back from one end and forward from the other, by turns, and whichever is through first moves: what
 * comes before the edge to just before its end, or what comes after it to just after its start. A lost operation may be
 * numbered far from where it turns out to belong, and then one of the two is a few items and the other thousands
 * (two-way search, as in Haeupler, Kavitha, Mathew, Sen and Tarjan, Incremental Cycle Detection, 2012).
 */

import type { Literal } from './solver.ts';

export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly literal: Literal;
}

export class Numbering {
  readonly after: Edge[][];
  readonly before: Edge[][];
  /** Items as a ring, in order; the last entry is where it begins and ends. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #numbers: Float64Array;
  readonly #end: number;
  readonly #forward: Look;
  readonly #backward: Look;

  /** At first as they are counted. */
  constructor(size: number) {
    this.after = Array.from({ length: size }, () => []);
    this.before = Array.from({ length: size }, () => []);
    this.#end = size;
    this.#next = Int32Array.from({ length: size + 1 }, (_, item) => (item + 1) % (size + 1));
    this.#previous = Int32Array.from({ length: size + 1 }, (_, item) => (item + size) % (size + 1));
    this.#numbers = Float64Array.from({ length: size + 1 }, (_, item) => item);
    const [start, end] = [({ from }: Edge) => from, ({ to }: Edge) => to];
    this.#forward = new Look(this.after, start, end);
    this.#backward = new Look(this.before, end, start);
  }

  numberOf(item: number): number {
    return this.#numbers[item]!;
  }

  /** To be taken away in any case. Returned is the circle that it closes, if it does. */
  add(edge: Edge): readonly Edge[] | undefined {
    const circle = this.#makeWay(edge);
    this.after[edge.from]!.push(edge);
    this.before[edge.to]!.push(edge);
    return circle;
  }

  /** The edge that was added last of those that are left. */
  remove(from: number, to: number): void {
    this.after[from]!.pop();
    this.before[to]!.pop();
  }

  #makeWay(edge: Edge): readonly Edge[] | undefined {
    const { from, to } = edge;
    const [low, high] = [this.#numbers[to]!, this.#numbers[from]!];
    if (high < low) return undefined;
    const [forward, backward] = [this.#forward, this.#backward];
    forward.begin(to);
    backward.begin(from);
    while (forward.isOpen && backward.isOpen) {
      forward.advance((item) => this.#numbers[item]! <= high);
      backward.advance((item) => this.#numbers[item]! >= low);
    }
    const circle = forward.pathTo(from) ?? backward.pathTo(to);
    if (circle === undefined) {
      if (forward.isOpen) this.#move(backward.reached, this.#previous[to]!);
      else this.#move(forward.reached, from);
    }
    forward.forget();
    backward.forget();
    return circle && [edge, ...circle];
  }

  /** To just after `place`, as they are numbered among themselves. */
  #move(items: readonly number[], place: number): void {
    const numbers = this.#numbers;
    let last = place;
    for (const item of [...items].sort((a, b) => numbers[a]! - numbers[b]!)) {
      this.#link(this.#previous[item]!, this.#next[item]!);
      const next = this.#next[last]!;
      this.#link(last, item);
      this.#link(item, next);
      const [low, high] = [last === this.#end ? -1 : numbers[last]!, numbers[next]!];
      numbers[item] = (low + high) / 2;
      if (numbers[item] === low || numbers[item] === high) this.#count();
      last = item;
    }
  }

  #link(item: number, next: number): void {
    this.#next[item] = next;
    this.#previous[next] = item;
  }

  /** Anew: there was no number left between two. */
  #count(): void {
    let item = this.#end;
    for (let number = 0; number <= this.#end; number++) {
      item = this.#next[item]!;
      this.#numbers[item] = number;
    }
  }
}

/** All that edges lead to from one item, step by step. */
class Look {
  reached: number[] = [];
  #looked = 0;
  readonly #edges: readonly (readonly Edge[])[];
  readonly #beginOf: (edge: Edge) => number;
  readonly #endOf: (edge: Edge) => number;
  /** By item: the edge that led there. */
  readonly #found: (Edge | undefined)[];

  constructor(
    edges: readonly (readonly Edge[])[],
    beginOf: (edge: Edge) => number,
    endOf: (edge: Edge) => number,
  ) {
    this.#edges = edges;
    this.#beginOf = beginOf;
    this.#endOf = endOf;
    this.#found = edges.map(() => undefined);
  }

  get isOpen(): boolean {
    return this.#looked < this.reached.length;
  }

  begin(start: number): void {
    this.reached = [start];
    this.#looked = 0;
  }

  /** From the next of those that were reached. */
  advance(isWithin: (item: number) => boolean): void {
    const [start] = this.reached;
    for (const edge of this.#edges[this.reached[this.#looked]!]!) {
      const item = this.#endOf(edge);
      if (item === start || this.#found[item] !== undefined || !isWithin(item)) continue;
      this.#found[item] = edge;
      this.reached.push(item);
    }
    this.#looked += 1;
  }

  pathTo(item: number): readonly Edge[] | undefined {
    const path: Edge[] = [];
    let edge = this.#found[item];
    while (edge !== undefined) {
      path.push(edge);
      edge = this.#found[this.#beginOf(edge)];
    }
    return path.length === 0 ? undefined : path;
  }

  forget(): void {
    for (const item of this.reached) this.#found[item] = undefined;
  }
}
