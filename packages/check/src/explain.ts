import type { Operation } from './history.ts';
import type { Model } from './model.ts';
import type { Stuck } from './search.ts';
import type { Candidate, Illegal } from './verdict.ts';

/** Turns a search that failed into something a person can start from. */
export function explain<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  stuck: Stuck,
): Omit<Illegal<Input, Output>, 'kind' | 'partition' | 'steps'> {
  const blocked = operations[stuck.blocked]!;
  const end = blocked.kind === 'completed' ? blocked.returnedAt : Number.POSITIVE_INFINITY;
  const longestPrefix = stuck.longestPrefix.map((index) => operations[index]!);
  let state = model.initial();
  for (const operation of longestPrefix) state = model.step(state, operation.input).state;
  const isPlaced = new Set(longestPrefix);
  const candidates: Candidate<Input, Output>[] = operations
    .filter((operation) => operation.calledAt <= end && !isPlaced.has(operation))
    .map((operation) => ({ operation, expected: model.step(state, operation.input).output }));
  return { blocked, longestPrefix, candidates, window: windowOf(operations, end) };
}

/** `operations` by time of call. Pending ones never close, so they do not keep the window open. */
function windowOf<Input, Output>(
  operations: readonly Operation<Input, Output>[],
  end: number,
): readonly Operation<Input, Output>[] {
  const called = operations.filter((operation) => operation.calledAt <= end);
  let openUntil = Number.NEGATIVE_INFINITY;
  let begin = 0;
  called.forEach((operation, index) => {
    if (operation.kind === 'pending') return;
    if (operation.calledAt > openUntil) begin = index;
    openUntil = Math.max(openUntil, operation.returnedAt);
  });
  return called.slice(begin);
}
