/**
 * The search for an order, in one partition, for models that do not say how operations can have happened
 * (`Model.acts`; for those see ordering/).
 *
 * Wing and Gong (1993): of the operations called before anything returns, place one that the model
 * agrees with, and go on with the rest; where none fits, undo the last choice. Lowe (2017): a set of
 * placed operations that led to the same state before leads to the same end, so it is tried once. Nor is
 * it with more of the operations used up that were not answered.
 *
 * Three things keep it from trying what cannot matter. An answered operation that changes nothing is
 * placed wherever it fits, without alternatives: anything that can follow it could have preceded it.
 * What is due first is tried first; where that does not fit, what ends something, and so may make room
 * for it. And what readers saw (evidence.ts) forbids to overwrite a value
 * that is still to be read, and tells when earlier choices need no second look.
 */

import { EventList } from './event-list.ts';
import {
  type Evidence,
  type Fact,
  FactLedger,
  firstSights,
  hasOrphan,
  latestEffects,
  UNKNOWN,
} from './evidence.ts';
import type { Operation } from './history.ts';
import type { Model } from './model.ts';
import { OperationSet, VisitedSets } from './operation-set.ts';
import { searchOrdering } from './ordering/search-ordering.ts';
import { Overwrites } from './overwrites.ts';

/** Operations are named by their position in the list that was searched. */
export type SearchResult =
  | { readonly kind: 'found'; readonly steps: number; readonly order: readonly number[] }
  | { readonly kind: 'notFound'; readonly steps: number }
  | { readonly kind: 'outOfBudget'; readonly steps: number };

/** `operations` by time of call. */
export function searchOrder<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  maxSteps: number,
): SearchResult {
  if (model.acts !== undefined) return searchOrdering(operations, model.acts(operations), maxSteps);
  const search = new Search(model, model.learn?.(operations) ?? operations);
  while (search.isOpen) {
    if (search.steps >= maxSteps) return { kind: 'outOfBudget', steps: search.steps };
    if (!search.advance()) return { kind: 'notFound', steps: search.steps };
  }
  return { kind: 'found', steps: search.steps, order: search.order };
}

/** An operation that could be placed next. */
interface Option<State> {
  readonly operation: number;
  readonly after: State;
  readonly fingerprint: string | number;
  readonly endsSomething: boolean;
  /** That it ends, or makes true if they were not before. */
  readonly touched: readonly Fact[];
}

/** A state that was reached, and the ways on from it. */
interface Position<State> {
  readonly state: State;
  readonly fingerprint: string | number;
  readonly options: readonly Option<State>[];
  /** Index of the option to try next; the one before it is being tried. */
  next: number;
}

class Search<State, Input, Output> {
  steps = 0;
  readonly order: number[] = [];
  readonly #model: Model<State, Input, Output>;
  readonly #operations: readonly Operation<Input, Output>[];
  readonly #events: EventList;
  readonly #evidence: readonly Evidence[];
  readonly #ledger: FactLedger;
  readonly #sights: readonly number[];
  readonly #latest: readonly number[];
  readonly #overwrites: Overwrites;
  readonly #isHopeless: boolean;
  /** The same number for pending operations with the same input; -1 for those that are answered. */
  readonly #twins: readonly number[];
  readonly #answered: OperationSet;
  readonly #lost: OperationSet;
  #visited = new VisitedSets();
  /** Since the last settlement: what lies before is not looked at again. */
  #positions: Position<State>[];

  constructor(model: Model<State, Input, Output>, operations: readonly Operation<Input, Output>[]) {
    this.#model = model;
    this.#operations = operations;
    this.#events = new EventList(operations);
    const evidence = model.witness?.testimony(operations) ?? operations.map(() => UNKNOWN);
    this.#evidence = evidence;
    this.#ledger = new FactLedger(evidence);
    const isInitial = (fact: Fact) => model.witness?.isInitial(fact) ?? false;
    this.#sights = firstSights(operations, evidence, isInitial);
    this.#latest = latestEffects(operations, this.#sights);
    this.#overwrites = new Overwrites(operations, evidence, this.#latest);
    this.#isHopeless =
      operations.some((operation) => returnOf(operation) < operation.calledAt) ||
      hasOrphan(operations, evidence, isInitial);
    this.#twins = twinsOf(operations);
    this.#answered = new OperationSet(operations.length);
    this.#lost = new OperationSet(operations.length);
    const state = model.initial();
    this.#positions = [this.#positionAt(state, model.fingerprint(state))];
  }

  get isOpen(): boolean {
    return this.#events.remainingReturns > 0;
  }

  /** Tries one option, or goes back by one operation. False when every order was tried. */
  advance(): boolean {
    if (this.#isHopeless) return false;
    const position = this.#positions.at(-1)!;
    const option = position.options[position.next];
    if (option === undefined) return this.#undo();
    position.next += 1;
    this.#toggle(option.operation);
    if (!this.#visited.add(this.#answered, this.#lost, option.fingerprint)) {
      this.#toggle(option.operation);
      return true;
    }
    this.order.push(option.operation);
    this.#events.lift(option.operation);
    this.#ledger.place(option.operation);
    this.#ledger.touch(option.touched, 1);
    if (this.#ledger.isSettled) this.#settle();
    this.#positions.push(this.#positionAt(option.after, option.fingerprint));
    return true;
  }

  #toggle(operation: number): void {
    const { kind } = this.#operations[operation]!;
    (kind === 'completed' ? this.#answered : this.#lost).toggle(operation);
  }

  #undo(): boolean {
    if (this.#positions.length === 1) return false;
    this.#positions.pop();
    const position = this.#positions.at(-1)!;
    const { operation, touched } = position.options[position.next - 1]!;
    this.order.pop();
    this.#toggle(operation);
    this.#ledger.touch(touched, -1);
    this.#ledger.takeBack(operation);
    this.#events.putBack(operation);
    return true;
  }

  #settle(): void {
    this.#ledger.settle();
    this.#positions = [];
    this.#visited = new VisitedSets();
  }

  #positionAt(state: State, fingerprint: string | number): Position<State> {
    const options: Option<State>[] = [];
    const first = this.#events.firstToReturn;
    const now = first === undefined ? Infinity : returnOf(this.#operations[first]!);
    const offered = new Set<number>();
    for (const index of this.#events.available()) {
      // Of several that nobody heard of again and that ask for the same, the first stands for all.
      const twin = this.#twins[index]!;
      if (offered.has(twin)) continue;
      if (twin >= 0) offered.add(twin);
      const option = this.#optionOf(index, state, fingerprint, now);
      if (option === undefined) continue;
      if (this.#evidence[index]!.changesNothing) {
        return { state, fingerprint, options: [option], next: 0 };
      }
      options.push(option);
    }
    const isBlocked = options.every(({ operation }) => operation !== first);
    const rank = ({ endsSomething }: Option<State>) => Number(isBlocked && !endsSomething);
    options.sort((a, b) => rank(a) - rank(b) || this.#compareDue(a.operation, b.operation));
    return { state, fingerprint, options, next: 0 };
  }

  /** What is due first, and of what is due together that which was seen first. */
  #compareDue(a: number, b: number): number {
    return (
      compare(this.#latest[a]!, this.#latest[b]!) || compare(this.#sights[a]!, this.#sights[b]!)
    );
  }

  /** Undefined if the operation cannot come next, or need not come at all. */
  #optionOf(
    index: number,
    state: State,
    fingerprint: string | number,
    now: number,
  ): Option<State> | undefined {
    const operation = this.#operations[index]!;
    if (operation.kind === 'pending' && this.#ledger.isUseless(index)) return undefined;
    const model = this.#model;
    const after = model.step(state, operation.input);
    this.steps += 1;
    if (operation.kind === 'completed' && !model.isSameOutput(after.output, operation.output)) {
      return undefined;
    }
    const reached = after.state === state ? fingerprint : model.fingerprint(after.state);
    if (reached === fingerprint) {
      // Nobody saw a pending operation's answer: when it changes nothing either, it may stay out.
      if (operation.kind === 'pending') return undefined;
      const touched = this.#evidence[index]!.made;
      return { operation: index, after: state, fingerprint, endsSomething: false, touched };
    }
    const before = model.witness?.factsAt(state, operation.input) ?? [];
    const then = model.witness?.factsAt(after.state, operation.input) ?? [];
    const ended = before.filter((fact) => !then.includes(fact));
    if (this.#forbids(index, ended, now)) return undefined;
    const touched = [...ended, ...this.#evidence[index]!.made];
    const endsSomething = ended.length > 0;
    return { operation: index, after: after.state, fingerprint: reached, endsSomething, touched };
  }

  /** Would somebody who is left after this operation miss what he saw for good? */
  #forbids(index: number, ended: readonly Fact[], now: number): boolean {
    const ledger = this.#ledger;
    const isPlaced = (other: number) =>
      other === index || this.#answered.has(other) || this.#lost.has(other);
    ledger.place(index);
    const isForbidden =
      ended.some((fact) => ledger.isNeeded(fact)) ||
      this.#evidence[index]!.made.some(
        (fact) => ledger.isNeeded(fact) && this.#overwrites.cutsShort(fact, now, isPlaced),
      );
    ledger.takeBack(index);
    return isForbidden;
  }
}

function twinsOf(operations: readonly Operation<unknown, unknown>[]): readonly number[] {
  const first = new Map<string, number>();
  return operations.map(({ kind, input }, index) => {
    if (kind === 'completed') return -1;
    const text = JSON.stringify(input);
    if (!first.has(text)) first.set(text, index);
    return first.get(text)!;
  });
}

const returnOf = (operation: Operation<unknown, unknown>): number =>
  operation.kind === 'completed' ? operation.returnedAt : Infinity;

/** Infinities too, whose difference is no number. */
const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);
