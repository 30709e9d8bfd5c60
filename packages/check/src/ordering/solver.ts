/**
 * Decides whether a set of clauses can be true: conflict-driven clause learning, as in every SAT solver
 * since GRASP (Marques-Silva and Sakallah 1996) and Chaff (Moskewicz et al. 2001).
 *
 * Two things differ. Clauses may be added while it runs, by a theory that is told of each literal that
 * became true; so most that could be said never is. And what was learned for good does not send the
 * search back to its beginning, as it usually would: with decisions taken in the order of time, there are
 * thousands that have nothing to do with it. A fact is asserted where the search stands, and again
 * whenever going back has undone it.
 */

import { ClauseStore } from './clause-store.ts';

/** Variable `v` is written `2v` where it is true and `2v + 1` where it is not. */
export type Literal = number;

export const TRUE: Literal = 0;
export const FALSE: Literal = 1;

export const not = (literal: Literal): Literal => literal ^ 1;
export const variableOf = (literal: Literal): number => literal >>> 1;

/** What the clauses are about. */
export interface Theory {
  /**
   * In the order in which literals become true. May add clauses of which `literal`'s opposite is a
   * part. Returned is a clause that must hold and is false, if there is one now.
   */
  assigned(literal: Literal): readonly Literal[] | undefined;
  /** The latest first; also of some that were not told yet. */
  unassigned(literal: Literal, wasTold: boolean): void;
  /** What to try next; undefined when nothing is left to be decided. */
  decide(): Literal | undefined;
}

export type Solution = 'found' | 'notFound' | 'outOfBudget';

const NO_CLAUSE = -1;

/** Decisions that may be undone although they have no part in a conflict. */
const MAX_JUMP = 20;

export class Solver {
  /** Literals that became true and clauses that were added. */
  steps = 0;
  readonly #theory: Theory;
  readonly #clauses = new ClauseStore();
  /** By literal: 1 true, -1 false, 0 open. */
  readonly #values: number[] = [];
  /** By variable: how many decisions stood when it was assigned. */
  readonly #levels: number[] = [];
  readonly #reasons: number[] = [];
  /** By variable: holds for good, whatever was decided. */
  readonly #isFact: boolean[] = [];
  /** By variable: followed already from earlier decisions than the one it is counted with. */
  readonly #isLate: boolean[] = [];
  readonly #isSeen: boolean[] = [];
  readonly #trail: Literal[] = [];
  /** Where on the trail each decision stands. */
  readonly #decisions: number[] = [];
  /** What of the trail was passed on. */
  #told = 0;
  /** Clauses that were false when they were added. */
  #broken: (readonly Literal[])[] = [];
  /** Facts that came out when they were taken to be false. */
  #overdue: Literal[] = [];
  /** Up to this level nothing is undone: there the assumptions stand, if there are any. */
  #base = 0;
  #core: readonly Literal[] = [];

  constructor(theory: Theory) {
    this.#theory = theory;
    this.newVariable();
    this.#assign(TRUE, NO_CLAUSE);
    this.#told = 1;
  }

  /** After `notFound`: assumptions that contradict each other, not necessarily as few as possible. */
  get core(): readonly Literal[] {
    return this.#core;
  }

  get level(): number {
    return this.#decisions.length;
  }

  newVariable(): number {
    this.#values.push(0, 0);
    this.#levels.push(0);
    this.#reasons.push(NO_CLAUSE);
    this.#isFact.push(false);
    this.#isLate.push(false);
    this.#isSeen.push(false);
    return this.#levels.length - 1;
  }

  isTrue(literal: Literal): boolean {
    return this.#values[literal] === 1;
  }

  isFalse(literal: Literal): boolean {
    return this.#values[literal] === -1;
  }

  /** At least one of these must be true. */
  add(literals: readonly Literal[]): void {
    this.steps += 1;
    if (literals.some((literal) => this.#isForGood(literal))) return;
    const open = literals.filter((literal) => !this.#isForGood(not(literal)));
    if (open.length < 2) {
      this.#addFact(open);
      return;
    }
    // Watched are the two that go last when the search goes back.
    open.sort((a, b) => this.#lastsUntil(a) - this.#lastsUntil(b));
    const clause = this.#clauses.add(open);
    if (this.isFalse(open[0]!)) this.#broken.push(open);
    else if (this.isFalse(open[1]!) && !this.isTrue(open[0]!)) this.#assignLate(open[0]!, clause);
  }

  /** To be asked once. */
  solve(maxSteps: number, assumptions: readonly Literal[] = []): Solution {
    const refused = assumptions.find((literal) => this.isFalse(literal));
    if (refused !== undefined) {
      this.#core = [refused];
      return 'notFound';
    }
    if (assumptions.length > 0) this.#assume(assumptions);
    for (;;) {
      const conflict = this.#propagate();
      if (conflict !== undefined) {
        if (!this.#resolve(conflict)) return 'notFound';
        continue;
      }
      if (this.steps >= maxSteps) return 'outOfBudget';
      const decision = this.#theory.decide();
      if (decision === undefined) return 'found';
      this.#decisions.push(this.#trail.length);
      this.#assign(decision, NO_CLAUSE);
    }
  }

  #assume(assumptions: readonly Literal[]): void {
    this.#base = 1;
    this.#decisions.push(this.#trail.length);
    for (const literal of assumptions) {
      if (!this.isTrue(literal)) this.#assign(literal, NO_CLAUSE);
    }
  }

  #isForGood(literal: Literal): boolean {
    if (!this.isTrue(literal)) return false;
    const variable = variableOf(literal);
    return this.#isFact[variable]! || this.#levels[variable] === 0;
  }

  /** Open and true ones first, then those that became false last. */
  #lastsUntil(literal: Literal): number {
    return this.isFalse(literal) ? -this.#levels[variableOf(literal)]! : -Infinity;
  }

  #addFact(open: readonly Literal[]): void {
    const [fact] = open;
    if (fact === undefined) this.#broken.push([]);
    else if (this.isFalse(fact)) this.#overdue.push(fact);
    else this.#assert(fact);
  }

  #assert(fact: Literal): void {
    this.#isFact[variableOf(fact)] = true;
    if (!this.isTrue(fact)) this.#assign(fact, NO_CLAUSE);
  }

  #assign(literal: Literal, reason: number): void {
    const variable = variableOf(literal);
    this.#values[literal] = 1;
    this.#values[not(literal)] = -1;
    this.#levels[variable] = this.level;
    this.#reasons[variable] = reason;
    this.#isLate[variable] = false;
    this.#trail.push(literal);
  }

  /** All others in the clause are false. */
  #assignLate(literal: Literal, clause: number): void {
    this.#assign(literal, clause);
    const variable = variableOf(literal);
    this.#isLate[variable] = this.#latestOf(this.#causesOf(variable)) < this.level;
  }

  /** All that follows. Returned is a clause that is false, if that followed too. */
  #propagate(): readonly Literal[] | undefined {
    for (;;) {
      const conflict = this.#nextBroken();
      if (conflict !== undefined || this.#told === this.#trail.length) return conflict;
      const literal = this.#trail[this.#told]!;
      this.#told += 1;
      this.steps += 1;
      const broken = this.#clauses.visit(not(literal), this.#values, (implied, clause) =>
        this.#assign(implied, clause),
      );
      const refused = this.#theory.assigned(literal);
      if (broken !== undefined) return broken;
      if (refused !== undefined) return refused;
    }
  }

  /** None is forgotten over another: nothing would lead back to a clause whose literals stay false. */
  #nextBroken(): readonly Literal[] | undefined {
    if (this.#broken.length > 0) {
      this.#broken = this.#broken.filter((clause) => clause.every((one) => this.isFalse(one)));
    }
    const [fact] = this.#overdue;
    return this.#broken[0] ?? (fact === undefined ? undefined : [fact]);
  }

  /** Learns why, and goes back. False: whatever was decided, it comes to this. */
  #resolve(conflict: readonly Literal[]): boolean {
    for (let broken = conflict; ; ) {
      const level = this.#latestOf(broken);
      if (level <= this.#base) {
        this.#core = this.#rootsOf(broken);
        return false;
      }
      this.#backTo(level);
      // A fact is no clause that is kept, so it is not exchanged for what followed from it.
      const learned = broken.length === 1 ? broken : this.#learn(broken);
      const [asserted, ...others] = learned;
      const variable = variableOf(asserted!);
      if (this.#isLate[variable] && !this.#isFact[variable]) {
        broken = [...this.#causesOf(variable), ...others];
        continue;
      }
      const sensible = Math.max(this.#base, this.#latestOf(others));
      this.#backTo(level - sensible > MAX_JUMP ? level - 1 : sensible);
      this.add(learned);
      return true;
    }
  }

  /** The assumptions that made all of this false. */
  #rootsOf(conflict: readonly Literal[]): readonly Literal[] {
    const roots: Literal[] = [];
    const causes = new Set(conflict.map(variableOf));
    for (const variable of causes) {
      const literal = this.isTrue(2 * variable) ? 2 * variable : 2 * variable + 1;
      if (this.#isForGood(literal)) continue;
      if (this.#reasons[variable] === NO_CLAUSE) roots.push(literal);
      else for (const cause of this.#causesOf(variable)) causes.add(variableOf(cause));
    }
    return roots;
  }

  /** The level of the latest literal that is not a fact; 0 if there is none. */
  #latestOf(literals: readonly Literal[]): number {
    let latest = 0;
    for (const literal of literals) {
      const variable = variableOf(literal);
      if (!this.#isFact[variable]) latest = Math.max(latest, this.#levels[variable]!);
    }
    return latest;
  }

  /**
   * Replaces what followed in the latest level by what it followed from, until one literal of that
   * level is left (the first unique implication point). It comes first in the answer.
   */
  #learn(conflict: readonly Literal[]): Literal[] {
    const touched: number[] = [];
    const learned: Literal[] = [FALSE];
    let open = 0;
    const look = (literal: Literal) => {
      const variable = variableOf(literal);
      if (this.#isSeen[variable] || this.#isForGood(not(literal))) return;
      this.#isSeen[variable] = true;
      touched.push(variable);
      if (this.#levels[variable] === this.level) open += 1;
      else learned.push(literal);
    };
    conflict.forEach(look);
    for (let at = this.#trail.length - 1; open > 0; at--) {
      const literal = this.#trail[at]!;
      const variable = variableOf(literal);
      if (!this.#isSeen[variable]) continue;
      open -= 1;
      if (open === 0) learned[0] = not(literal);
      else for (const other of this.#causesOf(variable)) look(other);
    }
    const needed = learned.filter((literal, index) => index === 0 || !this.#isImplied(literal));
    for (const variable of touched) this.#isSeen[variable] = false;
    return needed;
  }

  /** Do the others say it already? */
  #isImplied(literal: Literal): boolean {
    const variable = variableOf(literal);
    if (this.#reasons[variable] === NO_CLAUSE) return false;
    return this.#causesOf(variable).every(
      (cause) => this.#isSeen[variableOf(cause)] || this.#isForGood(not(cause)),
    );
  }

  /** The false literals of the clause that made this variable what it is. */
  #causesOf(variable: number): readonly Literal[] {
    const clause = this.#reasons[variable]!;
    if (clause === NO_CLAUSE) return [];
    return this.#clauses.literalsOf(clause).filter((other) => variableOf(other) !== variable);
  }

  #backTo(level: number): void {
    if (level >= this.level) return;
    const start = this.#decisions[level]!;
    const lost: Literal[] = [];
    for (let at = this.#trail.length - 1; at >= start; at--) {
      const literal = this.#trail[at]!;
      this.#theory.unassigned(literal, at < this.#told);
      this.#values[literal] = 0;
      this.#values[not(literal)] = 0;
      const variable = variableOf(literal);
      if (this.#isFact[variable] || this.#isLate[variable]) lost.push(literal);
    }
    this.#trail.length = start;
    this.#decisions.length = level;
    this.#told = start;
    for (const literal of lost.reverse()) this.#regain(literal);
    const overdue = this.#overdue;
    this.#overdue = [];
    for (const fact of overdue) this.#addFact([fact]);
  }

  /** What is no longer assigned may still follow from what is. */
  #regain(literal: Literal): void {
    const variable = variableOf(literal);
    if (this.#isFact[variable]) this.#assign(literal, NO_CLAUSE);
    else if (this.#causesOf(variable).every((cause) => this.isFalse(cause))) {
      this.#assignLate(literal, this.#reasons[variable]!);
    }
  }
}
