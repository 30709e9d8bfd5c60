import type { Act } from '../acts.ts';
import type { Operation } from '../history.ts';
import type { SearchResult } from '../search.ts';
import { Ordering } from './ordering.ts';
import type { Item } from './sources.ts';

type AnyOperation = Operation<unknown, unknown>;
type ActsOf = readonly (readonly Act[])[];

/**
 * @param operations By time of call.
 * @param acts In how many ways each of them can have happened.
 */
export function searchOrdering(
  operations: readonly AnyOperation[],
  acts: ActsOf,
  maxSteps: number,
): SearchResult {
  if (operations.some((operation, index) => isImpossible(operation, acts[index]!))) {
    return { kind: 'notFound', steps: 0 };
  }
  const isCertain = (index: number) => operations[index]!.kind === 'completed';
  const items = itemsOf(operations, (index) =>
    acts[index]!.map((act) => ({ act, isCertain: isCertain(index) })),
  );
  return solved(new Ordering(items), items, maxSteps);
}

/** As `SearchResult`; where there is no order, whose answers would have been enough for that. */
export type ContradictionResult =
  | Exclude<SearchResult, { readonly kind: 'notFound' }>
  | { readonly kind: 'notFound'; readonly steps: number; readonly core: readonly number[] };

/**
 * Is there an order if only some answers are known? Each other operation that returned may have taken effect,
 * whatever it answered, between its call and its return, or never.
 *
 * @param ways In how many each can have happened: with its answer, and with any answer or none.
 */
export function searchContradiction(
  operations: readonly AnyOperation[],
  ways: { readonly answered: ActsOf; readonly possible: ActsOf },
  isKnown: (index: number) => boolean,
  maxSteps: number,
): ContradictionResult {
  const isCertain = (operation: AnyOperation, index: number) =>
    operation.kind === 'completed' && isKnown(index);
  const impossible = operations.findIndex(
    (operation, index) =>
      isCertain(operation, index) && isImpossible(operation, ways.answered[index]!),
  );
  if (impossible !== -1) return { kind: 'notFound', steps: 0, core: [impossible] };
  const items = itemsOf(operations, (index) => {
    const possible = ways.possible[index]!.map((act) => ({ act, isCertain: false }));
    if (!isCertain(operations[index]!, index)) return possible;
    return [{ act: ways.answered[index]![0]!, isCertain: true }, ...possible];
  });
  const ordering = new Ordering(items, true);
  const result = solved(ordering, items, maxSteps);
  if (result.kind !== 'notFound') return result;
  return { ...result, core: ordering.contradiction.map((item) => items[item]!.operation) };
}

const isImpossible = ({ kind }: AnyOperation, acts: readonly Act[]): boolean =>
  kind === 'completed' && acts.length === 0;

function solved(ordering: Ordering, items: readonly Item[], maxSteps: number): SearchResult {
  const kind = ordering.solve(maxSteps);
  const { steps } = ordering.solver;
  if (kind !== 'found') return { kind, steps };
  return { kind, steps, order: ordering.found.map((item) => items[item]!.operation) };
}

/** Times are replaced by ranks. Two operations that touch at one moment overlap, so calls come first. */
function itemsOf(
  operations: readonly AnyOperation[],
  waysOf: (operation: number) => readonly Pick<Item, 'act' | 'isCertain'>[],
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
  return [...operations.keys()].flatMap((operation) =>
    waysOf(operation).map((way) => ({
      ...way,
      operation,
      from: calls[operation]!,
      to: returns[operation]!,
    })),
  );
}
