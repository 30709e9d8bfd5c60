import { explain } from './explain.ts';
import type { History, Operation } from './history.ts';
import type { Model } from './model.ts';
import { searchOrder } from './search.ts';
import type { Verdict } from './verdict.ts';

export interface CheckOptions {
  /**
   * Steps after which the checker gives up: calls of `Model.step`, or conclusions where the model has
   * `acts`. The problem is NP-complete, so some histories need a bound; ordinary ones take some steps
   * for each operation.
   *
   * An illegal history is explained within a quarter as many.
   *
   * @default 10_000_000 — some ten seconds, for models as cheap as the ones here
   */
  readonly maxSteps?: number;
}

/**
 * Is there an order of the operations that respects real time and that the model agrees with?
 *
 * @throws {RangeError} when an operation returned before it was called.
 */
export function checkLinearizability<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
  options: CheckOptions = {},
): Verdict<Input, Output> {
  const { maxSteps = 10_000_000 } = options;
  const orders = new Map<string, readonly Operation<Input, Output>[]>();
  let steps = 0;
  for (const [partition, operations] of partitionsOf(model, history)) {
    const result = searchOrder(model, operations, maxSteps - steps);
    steps += result.steps;
    switch (result.kind) {
      case 'outOfBudget':
        return { kind: 'outOfBudget', steps, partition };
      case 'notFound':
        return { kind: 'illegal', steps, partition, ...explain(model, operations, maxSteps) };
      case 'found':
        orders.set(
          partition,
          result.order.map((index) => operations[index]!),
        );
    }
  }
  return { kind: 'linearizable', steps, orders };
}

/** By time of call within each partition, as the search needs them. */
function partitionsOf<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
): Map<string, Operation<Input, Output>[]> {
  const partitionOf = model.partitionOf(history.map(({ input }) => input));
  const partitions = new Map<string, Operation<Input, Output>[]>();
  for (const operation of history) {
    refuseBackwards(operation);
    const partition = partitionOf(operation.input);
    const operations = partitions.get(partition);
    if (operations === undefined) partitions.set(partition, [operation]);
    else operations.push(operation);
  }
  for (const operations of partitions.values()) operations.sort((a, b) => a.calledAt - b.calledAt);
  return partitions;
}

function refuseBackwards<Input, Output>(operation: Operation<Input, Output>): void {
  if (operation.kind === 'completed' && !(operation.returnedAt >= operation.calledAt)) {
    throw new RangeError(
      `an operation of client ${operation.client} returned at ${operation.returnedAt}, ` +
        `before its call at ${operation.calledAt}: ${JSON.stringify(operation.input)}`,
    );
  }
}
