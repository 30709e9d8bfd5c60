import type { Literal } from './solver.ts';

/**
 * Clauses in one array: length, then literals. Each is watched by its first two literals, so that it is
 * looked at only when one of those becomes false (Moskewicz et al. 2001, §2).
 */
export class ClauseStore {
  #cells = new Int32Array(1 << 12);
  #size = 0;
  /** By literal: the clauses to look at when it becomes false. */
  readonly #watchers: number[][] = [];

  /** At least two literals; the first two are watched. */
  add(literals: readonly Literal[]): number {
    const clause = this.#size;
    this.#reserve(literals.length + 1);
    this.#cells[clause] = literals.length;
    this.#cells.set(literals, clause + 1);
    this.#size += literals.length + 1;
    this.#watch(literals[0]!, clause);
    this.#watch(literals[1]!, clause);
    return clause;
  }

  literalsOf(clause: number): readonly Literal[] {
    return [...this.#cells.subarray(clause + 1, clause + 1 + this.#cells[clause]!)];
  }

  /**
   * `literal` has become false.
   *
   * @param values By literal: 1 true, -1 false, 0 open.
   * @param imply What must be true now, and the clause that says so.
   * @returns A clause that is false, if there is one.
   */
  visit(
    literal: Literal,
    values: readonly number[],
    imply: (implied: Literal, clause: number) => void,
  ): readonly Literal[] | undefined {
    const watchers = this.#watchers[literal];
    if (watchers === undefined) return undefined;
    let broken: readonly Literal[] | undefined;
    let kept = 0;
    for (let i = 0; i < watchers.length; i++) {
      const clause: number = watchers[i]!;
      if (broken === undefined && this.#moveWatch(clause, literal, values)) continue;
      watchers[kept++] = clause;
      const first = this.#cells[clause + 1]!;
      if (broken !== undefined || values[first] === 1) continue;
      if (values[first] === -1) broken = this.literalsOf(clause);
      else imply(first, clause);
    }
    watchers.length = kept;
    return broken;
  }

  /** Puts the other watch first; true if one that is not false was found to take `literal`'s place. */
  #moveWatch(clause: number, literal: Literal, values: readonly number[]): boolean {
    const cells = this.#cells;
    const [first, second] = [clause + 1, clause + 2];
    if (cells[first] === literal) {
      cells[first] = cells[second]!;
      cells[second] = literal;
    }
    if (values[cells[first]!] === 1) return false;
    const end = first + cells[clause]!;
    for (let at = second + 1; at < end; at++) {
      const other = cells[at]!;
      if (values[other] === -1) continue;
      cells[second] = other;
      cells[at] = literal;
      this.#watch(other, clause);
      return true;
    }
    return false;
  }

  #watch(literal: Literal, clause: number): void {
    while (this.#watchers.length <= literal) this.#watchers.push([]);
    this.#watchers[literal]!.push(clause);
  }

  #reserve(more: number): void {
    if (this.#size + more <= this.#cells.length) return;
    const larger = new Int32Array(Math.max(2 * this.#cells.length, this.#size + more));
    larger.set(this.#cells);
    this.#cells = larger;
  }
}
