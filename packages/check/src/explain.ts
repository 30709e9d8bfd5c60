/**
 * Turns a history without an order into something a person can start from: when it went wrong, and
 * the few answers that contradict each other.
 */

import type { Completed, Operation, Pending } from './history.ts';
import type { Model } from './model.ts';
import { type ContradictionResult, searchContradiction } from './ordering/search-ordering.ts';
import { searchOrder } from './search.ts';
import { smallestSubset } from './smallest-subset.ts';
import type { Candidate, Illegal } from './verdict.ts';

/** `operations` by time of call, of one partition, and known to be illegal. */
export function explain<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  maxSteps: number,
): Omit<Illegal<Input, Output>, 'kind' | 'partition' | 'steps'> {
  const trials = new Trials(model, operations, maxSteps);
  const failure = firstFailure(trials);
  const { order, blocked } = failure;
  const window = smallestWindow(trials, failure);
  const longestPrefix = order.map((index) => operations[index]!);
  return {
    blocked: operations[blocked] as Completed<Input, Output>,
    longestPrefix,
    candidates: candidatesAfter(model, longestPrefix, trials.until(blocked)),
    window: window.sort((a, b) => a - b).map((index) => operations[index]!),
    isMinimal: trials.areDecided,
  };
}

/**
 * Searches in weaker versions of one history: with answers forgotten. If the model has `acts`, it is still known
 * when those operations were over.
 */
class Trials<State, Input, Output> {
  /** Of the completed operations, by time of return. */
  readonly returns: readonly number[];
  /** False once a trial had to be given up. */
  areDecided = true;
  readonly #model: Model<State, Input, Output>;
  readonly #operations: readonly Operation<Input, Output>[];
  readonly #ways: Ways | undefined;
  readonly #maxSteps: number;
  #stepsLeft: number;

  constructor(
    model: Model<State, Input, Output>,
    operations: readonly Operation<Input, Output>[],
    maxSteps: number,
  ) {
    this.#model = model;
    this.#operations = operations;
    this.#ways = waysOf(model, operations);
    this.#maxSteps = maxSteps;
    this.#stepsLeft = maxSteps / 4;
    this.returns = [...operations.keys()]
      .filter((index) => operations[index]!.kind === 'completed')
      .sort((a, b) => returnOf(operations[a]!) - returnOf(operations[b]!));
  }

  /** Who was called before `last` returned. */
  until(last: number): readonly Operation<Input, Output>[] {
    const end = returnOf(this.#operations[last]!);
    return this.#operations.filter(({ calledAt }) => calledAt <= end);
  }

  /**
   * Operations keep their indexes: they are sorted by call, and only later calls are left out.
   *
   * @param share Of the budget of the check. To look at an operation takes a step too.
   */
  search(
    last: number,
    isAnswerKnown: (index: number) => boolean,
    share: number,
  ): ContradictionResult {
    const budget = Math.min(this.#stepsLeft, share * this.#maxSteps);
    if (budget <= 0) {
      this.areDecided = false;
      return { kind: 'outOfBudget', steps: 0 };
    }
    const end = returnOf(this.#operations[last]!);
    const operations = this.until(last).map((operation) =>
      returnOf(operation) <= end ? operation : forgotten(operation),
    );
    const result =
      this.#ways === undefined
        ? this.#searchStates(operations, isAnswerKnown, budget)
        : searchContradiction(operations, this.#ways, isAnswerKnown, budget);
    this.#stepsLeft -= result.steps + operations.length;
    if (result.kind === 'outOfBudget') this.areDecided = false;
    return result;
  }

  #searchStates(
    operations: readonly Operation<Input, Output>[],
    isAnswerKnown: (index: number) => boolean,
    budget: number,
  ): ContradictionResult {
    const isKnown = (index: number) =>
      operations[index]!.kind === 'completed' && isAnswerKnown(index);
    const weaker = operations.map((operation, index) =>
      isKnown(index) ? operation : forgotten(operation),
    );
    const result = searchOrder(this.#model, weaker, budget);
    if (result.kind !== 'notFound') return result;
    return { ...result, core: [...operations.keys()].filter(isKnown) };
  }
}

type Ways = Parameters<typeof searchContradiction>[1];

function waysOf<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
): Ways | undefined {
  if (model.acts === undefined) return undefined;
  return { answered: model.acts(operations), possible: model.acts(operations.map(forgotten)) };
}

const forgotten = <Input>({
  client,
  input,
  calledAt,
}: Operation<Input, unknown>): Pending<Input> => ({ kind: 'pending', client, input, calledAt });

interface Failure {
  /** Of what was seen before `blocked` returned. */
  readonly order: readonly number[];
  readonly blocked: number;
  /** Operations whose answers have no order together. */
  readonly core: readonly number[];
}

/**
 * Any beginning of a linearizable history is linearizable, so the first that is not can be bisected. It ends
 * no later than any contradiction does, and mostly there.
 */
function firstFailure<State, Input, Output>(trials: Trials<State, Input, Output>): Failure {
  const { returns } = trials;
  const placeOf = new Map(returns.map((index, place) => [index, place]));
  let order: readonly number[] = [];
  let core = returns;
  let [good, bad] = [-1, returns.length - 1];
  let isSuspected = false;
  while (bad - good > 1) {
    const place: number = isSuspected ? bad - 1 : (good + bad) >>> 1;
    const isKnown = (index: number) => placeOf.get(index)! <= place;
    const result = trials.search(returns[place]!, isKnown, 1 / 8);
    if (result.kind === 'notFound') {
      core = result.core;
      bad = core.reduce((last, index) => Math.max(last, placeOf.get(index)!), -1);
    } else good = place;
    if (result.kind === 'found') order = result.order;
    isSuspected = result.kind === 'notFound' && bad < place && !isSuspected;
  }
  return { order, blocked: returns[bad]!, core };
}

/** More answers never make an illegal history legal, which is what `smallestSubset` asks for. */
function smallestWindow<State, Input, Output>(
  trials: Trials<State, Input, Output>,
  { blocked, core }: Failure,
): number[] {
  const search = (known: readonly number[]) => {
    const answered = new Set([blocked, ...known]);
    return trials.search(blocked, (index) => answered.has(index), 1 / 50);
  };
  const isIllegal = (known: readonly number[]) => search(known).kind === 'notFound';
  if (isIllegal([])) return [blocked];
  // Given only those that it needed, the solver often needs fewer still.
  let suspects = core;
  for (let next = search(core); next.kind === 'notFound'; next = search(suspects)) {
    if (next.core.length >= suspects.length) break;
    suspects = next.core;
  }
  const isSuspect = new Set(suspects);
  const end = trials.returns.indexOf(blocked);
  const earlier = trials.returns.slice(0, end).filter((index) => isSuspect.has(index));
  earlier.reverse();
  let length = 1;
  while (length < earlier.length && !isIllegal(earlier.slice(0, length))) length *= 2;
  return [blocked, ...smallestSubset(earlier.slice(0, length), isIllegal)];
}

function candidatesAfter<State, Input, Output>(
  model: Model<State, Input, Output>,
  order: readonly Operation<Input, Output>[],
  called: readonly Operation<Input, Output>[],
): readonly Candidate<Input, Output>[] {
  const state = order.reduce((state, { input }) => model.step(state, input).state, model.initial());
  const isPlaced = new Set(order);
  return called
    .filter((operation) => !isPlaced.has(operation))
    .map((operation) => ({ operation, expected: model.step(state, operation.input).output }));
}

const returnOf = (operation: Operation<unknown, unknown>): number =>
  operation.kind === 'completed' ? operation.returnedAt : Infinity;
