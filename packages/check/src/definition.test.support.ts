/** The checker and the definition, side by side on small histories. */

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { checkLinearizability } from './check.ts';
import {
  completed,
  isLegalOrder,
  isLinearizableByDefinition,
  pending,
} from './histories.test.support.ts';
import type { History, Operation } from './history.ts';
import type { Model } from './model.ts';
import type { Illegal } from './verdict.ts';

const interval = fc.tuple(fc.nat(12), fc.nat(6)).map(([from, length]) => [from, from + length]);

export function smallHistories<Input, Output>(
  input: fc.Arbitrary<Input>,
  outputOf: (input: Input) => fc.Arbitrary<Output>,
): fc.Arbitrary<History<Input, Output>> {
  const operation = fc
    .tuple(fc.nat(4), interval, input, fc.nat(9))
    .chain(([client, [from, to], input, lost]): fc.Arbitrary<Operation<Input, Output>> => {
      if (lost < 2) return fc.constant(pending(client, from!, input));
      return outputOf(input).map((output) => completed(client, from!, to!, input, output));
    });
  return fc.array(operation, { maxLength: 6 });
}

export function agreesWithDefinition<State, Input, Output>(
  model: Model<State, Input, Output>,
  histories: fc.Arbitrary<History<Input, Output>>,
): void {
  const seen = { linearizable: 0, illegal: 0 };
  fc.assert(
    fc.property(histories, (history) => {
      const verdict = checkLinearizability(model, history);
      assert.ok(verdict.kind !== 'outOfBudget');
      seen[verdict.kind] += 1;
      const expected = isLinearizableByDefinition(model, history);
      assert.equal(verdict.kind, expected ? 'linearizable' : 'illegal');
      if (verdict.kind === 'illegal') isSmallestWindow(model, history, verdict);
      if (verdict.kind === 'linearizable') {
        for (const order of verdict.orders.values()) assert.ok(isLegalOrder(model, order));
      }
    }),
    { numRuns: 2000, seed: 7 },
  );
  assert.ok(Math.min(seen.linearizable, seen.illegal) > 200, JSON.stringify(seen));
}

/** Enough, and nothing to spare: with any one answer of the window lost there is an order. */
function isSmallestWindow<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
  { window, blocked, isMinimal }: Illegal<Input, Output>,
): void {
  assert.ok(isMinimal && window.includes(blocked));
  const partitionOf = model.partitionOf(history.map(({ input }) => input));
  const partition = partitionOf(blocked.input);
  const operations = history.filter(
    ({ input, calledAt }) => partitionOf(input) === partition && calledAt <= blocked.returnedAt,
  );
  const lost = ({ client, calledAt, input }: Operation<Input, Output>) =>
    pending(client, calledAt, input);
  const isLinearizableWith = (kept: readonly Operation<Input, Output>[]) => {
    const isKept = (operation: Operation<Input, Output>) => kept.includes(operation);
    if (model.acts !== undefined) return isLinearizableByDefinition(model, operations, isKept);
    return isLinearizableByDefinition(
      model,
      operations.map((operation) => (isKept(operation) ? operation : lost(operation))),
    );
  };
  assert.ok(!isLinearizableWith(window), 'the window is no contradiction');
  for (const spare of window) {
    assert.ok(isLinearizableWith(window.filter((other) => other !== spare)), 'it can be smaller');
  }
}
