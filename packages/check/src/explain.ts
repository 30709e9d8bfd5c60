/**
 * Turns a history without an order into something a person can start from: when it went wrong, and
 * the few answers that contradict each other.
 */

import type { Completed, Operation } from './history.ts';
import type { Model } from './model.ts';
import { type SearchResult, searchOrder } from './search.ts';
import { smallestSubset } from './smallest-subset.ts';
import type { Candidate, Illegal } from './verdict.ts';

/** `operations` by time of call, of one partition, and known to be illegal. */
export function explain<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  maxSteps: number,
): Omit<Illegal<Input, Output>, 'kind' | 'partition' | 'steps'> {
  const trials = new Trials(model, operations, maxSteps);
  const { order, blocked } = firstFailure(trials);
  const window = smallestWindow(trials, blocked);
  const longestPrefix = order.map((index) => operations[index]!);
  return {
    blocked: operations[blocked] as Completed<Input, Output>,
    longestPrefix,
    candidates: candidatesAfter(model, longestPrefix, trials.until(blocked)),
    window: window.sort((a, b) => a - b).map((index) => operations[index]!),
    isMinimal: trials.areDecided,
  };
}

/** Searches in weaker versions of one history: with answers forgotten, nothing else changed. */
class Trials<State, Input, Output> {
  /** Of the completed operations, by time of return. */
  readonly returns: readonly number[];
  /** False once a trial had to be given up. */
  areDecided = true;
  readonly #model: Model<State, Input, Output>;
  readonly #operations: readonly Operation<Input, Output>[];
  readonly #maxSteps: number;
  #stepsLeft: number;

  constructor(
    model: Model<State, Input, Output>,
    operations: readonly Operation<Input, Output>[],
    maxSteps: number,
  ) {
    this.#model = model;
    this.#operations = operations;
    this.#maxSteps = maxSteps;
    this.#stepsLeft = maxSteps / 4;
    this.returns = [...operations.keys()]
      .filter((index) => operations[index]!.kind === 'completed')
      .sort((a, b) => returnOf(operations[a]!) - returnOf(operations[b]!));
  }

  /** What was known when `last` returned: who was called by then, and the answers so far. */
  until(last: number): readonly Operation<Input, Output>[] {
    const end = returnOf(this.#operations[last]!);
    return this.#operations.filter(({ calledAt }) => calledAt <= end);
  }

  /**
   * Operations keep their indexes: they are sorted by call, and only later calls are left out.
   *
   * @param share Of the budget of the check. To look at an operation takes a step too.
   */
  search(last: number, isAnswerKnown: (index: number) => boolean, share: number): SearchResult {
    const budget = Math.min(this.#stepsLeft, share * this.#maxSteps);
    if (budget <= 0) {
      this.areDecided = false;
      return { kind: 'outOfBudget', steps: 0 };
    }
    const operations = this.until(last).map((operation, index): Operation<Input, Output> => {
      if (operation.kind === 'pending' || isAnswerKnown(index)) return operation;
      const { client, input, calledAt } = operation;
      return { kind: 'pending', client, input, calledAt };
    });
    const result = searchOrder(this.#model, operations, budget);
    this.#stepsLeft -= result.steps + operations.length;
    if (result.kind === 'outOfBudget') this.areDecided = false;
    return result;
  }
}

/** Any beginning of a linearizable history is linearizable, so the first that is not can be bisected. */
function firstFailure<State, Input, Output>(
  trials: Trials<State, Input, Output>,
): { readonly order: readonly number[]; readonly blocked: number } {
  const { returns } = trials;
  let order: readonly number[] = [];
  let [good, bad] = [-1, returns.length - 1];
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    const answered = new Set(returns.slice(0, middle + 1));
    const result = trials.search(returns[middle]!, (index) => answered.has(index), 1 / 20);
    if (result.kind === 'notFound') bad = middle;
    else good = middle;
    if (result.kind === 'found') order = result.order;
  }
  return { order, blocked: returns[bad]! };
}

/** More answers never make an illegal history legal, which is what `smallestSubset` asks for. */
function smallestWindow<State, Input, Output>(
  trials: Trials<State, Input, Output>,
  blocked: number,
): number[] {
  const isIllegal = (known: readonly number[]) => {
    const answered = new Set([blocked, ...known]);
    return trials.search(blocked, (index) => answered.has(index), 1 / 100).kind === 'notFound';
  };
  if (isIllegal([])) return [blocked];
  const earlier = trials.returns.slice(0, trials.returns.indexOf(blocked)).reverse();
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
