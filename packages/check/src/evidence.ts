import type { Operation } from './history.ts';

declare const brand: unique symbol;

/** Something that is true of a state and can be seen in an answer: "the register holds 5". */
export type Fact = string & { readonly [brand]: 'Fact' };

/** Of two facts about the same thing at most one is true at a time. */
export const factOf = (about: string, is: string): Fact => `${about.length} ${about}${is}` as Fact;

export const aboutOf = (fact: Fact): string => fact.slice(beginOf(fact), endOf(fact));
export const isOf = (fact: Fact): string => fact.slice(endOf(fact));

const beginOf = (fact: Fact): number => fact.indexOf(' ') + 1;
const endOf = (fact: Fact): number => beginOf(fact) + Number.parseInt(fact, 10);

/**
 * What one operation, its answer included, says about the states around it. Clients that overwrite
 * one key in parallel leave the search with factorials of orders; what readers saw rules out nearly all.
 */
export interface Evidence {
  /** Held when the operation took effect, or it would have been answered differently. */
  readonly seen: readonly Fact[];
  /** Every fact that any answer sees and that this operation can have made true. */
  readonly made: readonly Fact[];
  /**
   * That is all there is to it: the operation gets its answer wherever `seen` holds, and leaves the
   * same behind in any such state. False for what fails ("was not 5") and for what builds on a
   * state that nobody knows.
   */
  readonly isComplete: boolean;
  /** Answered like this, it leaves every state as it was: a read. */
  readonly changesNothing: boolean;
}

export const readerOf = (seen: readonly Fact[]): Evidence => ({
  seen,
  made: [],
  isComplete: true,
  changesNothing: true,
});

export const writerOf = (seen: readonly Fact[], made: readonly Fact[]): Evidence => ({
  seen,
  made,
  isComplete: true,
  changesNothing: false,
});

export const UNKNOWN: Evidence = { seen: [], made: [], isComplete: false, changesNothing: false };

/** How a model reads answers. */
export interface Witness<State, Input, Output> {
  /** For each operation in turn. */
  testimony(operations: readonly Operation<Input, Output>[]): readonly Evidence[];

  /** What is true in `state` about all that `input` could change. */
  factsAt(state: State, input: Input): readonly Fact[];

  isInitial(fact: Fact): boolean;
}

/**
 * Which facts the operations that are not placed yet have seen and can make, kept up to date while
 * the search places operations and takes them back.
 */
export class FactLedger {
  readonly #evidence: readonly Evidence[];
  readonly #observers = new Map<Fact, number>();
  readonly #makers = new Map<Fact, number>();
  /** How often the operations placed since `settle` have made or ended each fact. */
  #touched = new Map<Fact, number>();
  /** Facts that were touched and that an operation not yet placed has seen. */
  #unsettled = 0;
  #incomplete = 0;
  #incompleteAtSettling: number;

  constructor(evidence: readonly Evidence[]) {
    this.#evidence = evidence;
    for (const { seen, made, isComplete } of evidence) {
      for (const fact of seen) add(this.#observers, fact, 1);
      for (const fact of made) add(this.#makers, fact, 1);
      if (!isComplete) this.#incomplete += 1;
    }
    this.#incompleteAtSettling = this.#incomplete;
  }

  /** Did nobody that is left see, or could tell in another way, whether this operation took effect? */
  isUseless(operation: number): boolean {
    return (
      this.#incomplete === 0 &&
      !this.#evidence[operation]!.made.some((fact) => this.#isAwaited(fact))
    );
  }

  /** Would the end of this fact leave somebody who saw it without a place for good? */
  isNeeded(fact: Fact): boolean {
    return this.#isAwaited(fact) && !this.#makers.has(fact);
  }

  place(operation: number): void {
    this.#count(operation, -1);
  }

  takeBack(operation: number): void {
    this.#count(operation, 1);
  }

  /** `change` is 1 when an operation that makes or ends these facts is placed, -1 when taken back. */
  touch(facts: readonly Fact[], change: 1 | -1): void {
    for (const fact of facts) {
      const was = this.#isUnsettled(fact);
      add(this.#touched, fact, change);
      this.#noteUnsettled(was, fact);
    }
  }

  /**
   * May all choices since the last settlement stand? Yes if nobody who is left saw a fact that
   * was made or ended since: take any order that goes on from the old settlement, and move to its
   * front what was placed meanwhile. Whoever is left still sees what he saw, since it was made by
   * others who are left. Only operations of incomplete evidence could tell the difference.
   */
  get isSettled(): boolean {
    return this.#unsettled === 0 && this.#incompleteAtSettling === 0;
  }

  settle(): void {
    this.#touched = new Map();
    this.#incompleteAtSettling = this.#incomplete;
  }

  #count(operation: number, change: 1 | -1): void {
    const { seen, made, isComplete } = this.#evidence[operation]!;
    for (const fact of seen) {
      const was = this.#isUnsettled(fact);
      add(this.#observers, fact, change);
      this.#noteUnsettled(was, fact);
    }
    for (const fact of made) add(this.#makers, fact, change);
    if (!isComplete) this.#incomplete += change;
  }

  #isAwaited(fact: Fact): boolean {
    return this.#observers.has(fact);
  }

  #isUnsettled(fact: Fact): boolean {
    return this.#touched.has(fact) && this.#observers.has(fact);
  }

  #noteUnsettled(was: boolean, fact: Fact): void {
    this.#unsettled += Number(this.#isUnsettled(fact)) - Number(was);
  }
}

/**
 * For each operation, when somebody returned who saw what nobody else made: it took effect before.
 * Infinite where nobody is sure to have seen it.
 */
export function firstSights(
  operations: readonly Operation<unknown, unknown>[],
  evidence: readonly Evidence[],
  isInitial: (fact: Fact) => boolean,
): readonly number[] {
  const makers = new Map<Fact, number>();
  for (const { made } of evidence) for (const fact of made) add(makers, fact, 1);
  const seenBy = new Map<Fact, number>();
  evidence.forEach(({ seen }, index) => {
    const operation = operations[index]!;
    if (operation.kind === 'pending') return;
    for (const fact of seen) {
      if (makers.get(fact) !== 1 || isInitial(fact)) continue;
      seenBy.set(fact, Math.min(operation.returnedAt, seenBy.get(fact) ?? Infinity));
    }
  });
  return evidence.map(({ made }) =>
    made.reduce((first, fact) => Math.min(first, seenBy.get(fact) ?? first), Infinity),
  );
}

/** The latest each can have taken effect: its own return, or when that was seen. */
export const latestEffects = (
  operations: readonly Operation<unknown, unknown>[],
  sights: readonly number[],
): readonly number[] =>
  operations.map((operation, index) =>
    operation.kind === 'completed'
      ? Math.min(operation.returnedAt, sights[index]!)
      : sights[index]!,
  );

/** Has somebody seen what was not so at first, and nobody called by then can have made so? */
export function hasOrphan(
  operations: readonly Operation<unknown, unknown>[],
  evidence: readonly Evidence[],
  isInitial: (fact: Fact) => boolean,
): boolean {
  const madeFrom = new Map<Fact, number>();
  evidence.forEach(({ made }, index) => {
    const { calledAt } = operations[index]!;
    for (const fact of made) {
      madeFrom.set(fact, Math.min(calledAt, madeFrom.get(fact) ?? calledAt));
    }
  });
  return evidence.some(({ seen }, index) => {
    const operation = operations[index]!;
    const end = operation.kind === 'completed' ? operation.returnedAt : Infinity;
    return seen.some((fact) => !((madeFrom.get(fact) ?? Infinity) <= end) && !isInitial(fact));
  });
}

/** Keeps only what is not zero. */
function add(counts: Map<Fact, number>, fact: Fact, change: number): void {
  const count = (counts.get(fact) ?? 0) + change;
  if (count === 0) counts.delete(fact);
  else counts.set(fact, count);
}
