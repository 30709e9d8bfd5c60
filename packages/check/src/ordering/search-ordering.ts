import type { Act } from '../acts.ts';
import type { Operation } from '../history.ts';
import type { SearchResult } from '../search.ts';
import { Ordering } from './ordering.ts';
import type { Item } from './sources.ts';

/**
 * @param operations By time of call.
 * @param acts In how many ways each of them can have happened.
 */
export function searchOrdering(
  operations: readonly Operation<unknown, unknown>[],
  acts: readonly (readonly Act[])[],
  maxSteps: number,
): SearchResult {
  const isImpossible = ({ kind }: Operation<unknown, unknown>, index: number) =>
    kind === 'completed' && acts[index]!.length === 0;
  if (operations.some(isImpossible)) return { kind: 'notFound', steps: 0 };
  const items = itemsOf(operations, acts);
  const ordering = new Ordering(items);
  const kind = ordering.solver.solve(maxSteps);
  const { steps } = ordering.solver;
  if (kind !== 'found') return { kind, steps };
  return { kind, steps, order: ordering.found.map((item) => items[item]!.operation) };
}

/** Times are replaced by ranks. Two operations that touch at one moment overlap, so calls come first. */
function itemsOf(
  operations: readonly Operation<unknown, unknown>[],
  acts: readonly (readonly Act[])[],
): readonly Item[] {
  const events = operations.flatMap((operation, index) => {
    const call = { at: operation.calledAt, isCall: true, index };
    if (operation.kind === 'pending') return [call];
    return [call, { at: operation.returnedAt, isCall: false, index }];
  });
  events.sort((a, b) => a.at - b.at || Number(b.isCall) - Number(a.isCall));
  const calls = new Int32Array(operations.length);
  const returns = new Int32Array(operations.length).fill(events.length);
  for (const [rank, { isCall, index }] of events.entries()) {
    (isCall ? calls : returns)[index] = rank;
  }
  return operations.flatMap(({ kind }, operation) =>
    acts[operation]!.map((act) => ({
      operation,
      act,
      isCertain: kind === 'completed',
      from: calls[operation]!,
      to: returns[operation]!,
    })),
  );
}
