/**
 * The search for an order, in one partition.
 *
 * Wing and Gong (1993): of the operations called before anything returns, place one that the model
 * agrees with, and go on with the rest; where none fits, undo the last choice. Lowe (2017): a set of
 * placed operations that led to the same state before leads to the same end, so it is tried once.
 */

import { type Event, EventList } from './event-list.ts';
import type { Operation } from './history.ts';
import type { Model } from './model.ts';
import { OperationSet, VisitedSets } from './operation-set.ts';

/** Operations are named by their position in the list that was searched. */
export type SearchResult =
  | { readonly kind: 'found'; readonly steps: number; readonly order: readonly number[] }
  | (Stuck & { readonly kind: 'stuck'; readonly steps: number })
  | { readonly kind: 'outOfBudget'; readonly steps: number };

export interface Stuck {
  /** Of all operations that some order could not get past, the one that returned last. */
  readonly blocked: number;
  /** The longest order found that has everything that returned before `blocked`, and not that. */
  readonly longestPrefix: readonly number[];
}

/** `operations` by time of call. */
export function searchOrder<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  maxSteps: number,
): SearchResult {
  const search = new Search(model, operations);
  while (search.isOpen) {
    if (search.steps >= maxSteps) return { kind: 'outOfBudget', steps: search.steps };
    if (!search.advance()) return { kind: 'stuck', steps: search.steps, ...search.furthest! };
  }
  return { kind: 'found', steps: search.steps, order: search.order() };
}

class Search<State, Input, Output> {
  steps = 0;
  /** Set once the search had to turn back. */
  furthest: Stuck | undefined;
  readonly #model: Model<State, Input, Output>;
  readonly #operations: readonly Operation<Input, Output>[];
  readonly #events: EventList;
  readonly #placed: OperationSet;
  readonly #visited = new VisitedSets();
  /** What was placed, in order, and the state before each. */
  readonly #order: { readonly operation: number; readonly before: State }[] = [];
  #state: State;
  /** The next event to look at; everything before it in the list was tried in this state. */
  #event: Event | undefined;

  constructor(model: Model<State, Input, Output>, operations: readonly Operation<Input, Output>[]) {
    this.#model = model;
    this.#operations = operations;
    this.#events = new EventList(operations);
    this.#placed = new OperationSet(operations.length);
    this.#state = model.initial();
    this.#event = this.#events.first;
  }

  get isOpen(): boolean {
    return this.#events.remainingReturns > 0;
  }

  /** Looks at one event. False when every order was tried. */
  advance(): boolean {
    const event = this.#event!;
    if (event.kind === 'call') {
      if (!this.#tryToPlace(event.operation)) this.#event = event.next;
      return true;
    }
    // This operation returned, so whatever is placed next would come too late for it.
    this.#remember(event.operation);
    return this.#undo();
  }

  order(): readonly number[] {
    return this.#order.map(({ operation }) => operation);
  }

  #tryToPlace(index: number): boolean {
    const operation = this.#operations[index]!;
    const model = this.#model;
    const after = model.step(this.#state, operation.input);
    this.steps += 1;
    if (operation.kind === 'completed' && !model.isSameOutput(after.output, operation.output)) {
      return false;
    }
    const fingerprint = model.fingerprint(after.state);
    // Nobody saw a pending operation's answer: when it changes nothing either, it may stay out.
    if (operation.kind === 'pending' && fingerprint === model.fingerprint(this.#state))
      return false;
    this.#placed.toggle(index);
    if (!this.#visited.add(this.#placed, fingerprint)) {
      this.#placed.toggle(index);
      return false;
    }
    this.#order.push({ operation: index, before: this.#state });
    this.#state = after.state;
    this.#events.lift(index);
    this.#event = this.#events.first;
    return true;
  }

  #undo(): boolean {
    const last = this.#order.pop();
    if (last === undefined) return false;
    this.#state = last.before;
    this.#placed.toggle(last.operation);
    this.#events.putBack(last.operation);
    this.#event = this.#events.callOf(last.operation).next;
    return true;
  }

  #remember(blocked: number): void {
    if (this.furthest !== undefined) {
      const events = this.#events;
      const gain = events.returnRankOf(blocked) - events.returnRankOf(this.furthest.blocked);
      const isLonger = this.#order.length > this.furthest.longestPrefix.length;
      if (gain < 0 || (gain === 0 && !isLonger)) return;
    }
    this.furthest = { blocked, longestPrefix: this.order() };
  }
}
