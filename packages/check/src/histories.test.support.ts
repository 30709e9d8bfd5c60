/** Histories for the tests: real executions with overlapping calls, and the definition, tried out. */

import type { Completed, History, Operation, Pending } from './history.ts';
import type { Model } from './model.ts';

export function completed<Input, Output>(
  client: number,
  calledAt: number,
  returnedAt: number,
  input: Input,
  output: Output,
): Completed<Input, Output> {
  return { kind: 'completed', client, input, output, calledAt, returnedAt };
}

export function pending<Input>(client: number, calledAt: number, input: Input): Pending<Input> {
  return { kind: 'pending', client, input, calledAt };
}

/** A seeded sequence of numbers in [0, 1) (mulberry32, public domain). */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export interface Execution<Input> {
  readonly clients: number;
  readonly operations: number;
  readonly random: () => number;
  readonly input: (random: () => number, serial: number) => Input;
  /** Share of the operations whose answer gets lost; half of those never take effect. */
  readonly lost: number;
}

/**
 * What clients would see of a correct service: each operation takes effect at a moment of its own
 * between its call and its return, one after the other, on one state for each partition.
 */
export function execute<State, Input, Output>(
  model: Model<State, Input, Output>,
  { clients, operations, random, input, lost }: Execution<Input>,
): History<Input, Output> {
  const freeAt = new Array<number>(clients).fill(0);
  const moments = Array.from({ length: operations }, (_, serial) => {
    const client = freeAt.indexOf(Math.min(...freeAt));
    const calledAt = freeAt[client]! + random();
    const effectAt = calledAt + 3 * random();
    const returnedAt = effectAt + 3 * random();
    freeAt[client] = returnedAt;
    return { client, calledAt, effectAt, returnedAt, input: input(random, serial) };
  });
  const partitionOf = model.partitionOf(moments.map(({ input }) => input));
  const states = new Map<string, State>();
  return moments
    .sort((a, b) => a.effectAt - b.effectAt)
    .map((moment): Operation<Input, Output> => {
      const { client, calledAt, returnedAt } = moment;
      const isLost = random() < lost;
      if (isLost && random() < 0.5) return pending(client, calledAt, moment.input);
      const partition = partitionOf(moment.input);
      const before = states.get(partition) ?? model.initial();
      const { state, output } = model.step(before, moment.input);
      states.set(partition, state);
      if (isLost) return pending(client, calledAt, moment.input);
      return completed(client, calledAt, returnedAt, moment.input, output);
    });
}

/**
 * Does this order explain every answer, and respect real time? Nothing of the checker's own.
 *
 * @param isKnown Whether an answer counts. Where it does not, only the time of the return does.
 */
export function isLegalOrder<State, Input, Output>(
  model: Model<State, Input, Output>,
  order: readonly Operation<Input, Output>[],
  isKnown: (operation: Operation<Input, Output>) => boolean = () => true,
): boolean {
  let state = model.initial();
  let latestCall = -Infinity;
  for (const operation of order) {
    const returnedAt = operation.kind === 'completed' ? operation.returnedAt : Infinity;
    if (returnedAt < latestCall) return false;
    latestCall = Math.max(latestCall, operation.calledAt);
    const step = model.step(state, operation.input);
    const isSame =
      operation.kind === 'pending' || model.isSameOutput(step.output, operation.output);
    if (!isSame && isKnown(operation)) return false;
    state = step.state;
  }
  return true;
}

/**
 * The definition of linearizability, for one partition and few operations: tries every order.
 *
 * @param isKnown Whether an answer counts. Where it does not, the operation need not have happened.
 */
export function isLinearizableByDefinition<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
  isKnown: (operation: Operation<Input, Output>) => boolean = () => true,
): boolean {
  const extend = (
    order: readonly Operation<Input, Output>[],
    rest: readonly Operation<Input, Output>[],
  ): boolean => {
    if (!isLegalOrder(model, order, isKnown)) return false;
    if (rest.every((operation) => operation.kind === 'pending' || !isKnown(operation))) return true;
    return rest.some((next) =>
      extend(
        [...order, next],
        rest.filter((other) => other !== next),
      ),
    );
  };
  return extend([], history);
}
