import type { Completed, Operation } from '../history.ts';
import type { Verdict } from '../verdict.ts';
import type { AnyOperation } from './describe.ts';

/** More than a screen or five of it is not looked at anyway. */
const MAX_SHOWN = 150;

export type Role = 'placed' | 'open' | 'blocked';

export interface Bar {
  readonly operation: AnyOperation;
  readonly role: Role;
  /** From 1, by time of call; undefined for what is not in the smallest failing window. */
  readonly windowPlace: number | undefined;
  /** From 1, in the order that was found; undefined for what is not in it. */
  readonly place: number | undefined;
  /** Columns: moments at which something was called or returned, evenly spaced. */
  readonly from: number;
  /** Undefined for a pending operation: open to the right. */
  readonly to: number | undefined;
  readonly lane: number;
}

export interface Row {
  readonly client: number;
  readonly bars: readonly Bar[];
  readonly lanes: number;
}

export interface Layout {
  readonly rows: readonly Row[];
  /** The moments, by column. */
  readonly times: readonly number[];
  /** What is not in the picture. */
  readonly folded: readonly AnyOperation[];
}

type AnyVerdict = Verdict<unknown, unknown>;

export function layOut(history: readonly AnyOperation[], verdict: AnyVerdict): Layout {
  const shown = choose(history, verdict);
  const isShown = new Set(shown);
  const folded = history.filter((operation) => !isShown.has(operation));
  // What happened after the failure is not in the picture.
  const end = verdict.kind === 'illegal' ? verdict.blocked.returnedAt : Infinity;
  const moments = shown.flatMap((operation) =>
    operation.kind === 'completed' && operation.returnedAt <= end
      ? [operation.calledAt, operation.returnedAt]
      : [operation.calledAt],
  );
  const times = [...new Set(moments)].sort((a, b) => a - b);
  const columns = new Map(times.map((time, column) => [time, column]));
  const barOf = barsOf(verdict, columns);
  const clients = [...new Set(shown.map(({ client }) => client))].sort((a, b) => a - b);
  const rows = clients.map((client) =>
    rowOf(client, shown.filter((operation) => operation.client === client).map(barOf)),
  );
  return { rows, times, folded };
}

/** By time of call: the window and what overlaps operations of it, the latest first if there is too much. */
function choose(history: readonly AnyOperation[], verdict: AnyVerdict): readonly AnyOperation[] {
  const byCall = (operations: readonly AnyOperation[]) =>
    [...operations].sort((a, b) => a.calledAt - b.calledAt);
  if (verdict.kind !== 'illegal') return byCall(history).slice(0, MAX_SHOWN);
  const { longestPrefix, candidates, blocked } = verdict;
  // A window that is not minimal may be nearly everything; what returned last is nearest to the failure.
  const window = [...verdict.window].sort((a, b) => endOf(b) - endOf(a)).slice(0, MAX_SHOWN);
  const begin = Math.min(...window.map(({ calledAt }) => calledAt));
  const inWindow = new Set<AnyOperation>(verdict.window);
  const isBeside = (operation: AnyOperation) =>
    operation.kind === 'pending'
      ? begin <= operation.calledAt && operation.calledAt <= blocked.returnedAt
      : window.some((other) => overlaps(operation, other));
  const beside = [...longestPrefix, ...candidates.map(({ operation }) => operation)]
    .filter((operation) => !inWindow.has(operation) && isBeside(operation))
    .sort((a, b) => b.calledAt - a.calledAt);
  return byCall([...window, ...beside.slice(0, MAX_SHOWN - window.length)]);
}

const endOf = (operation: AnyOperation): number =>
  operation.kind === 'completed' ? operation.returnedAt : Infinity;

const overlaps = (operation: Completed<unknown, unknown>, other: AnyOperation): boolean =>
  operation.returnedAt >= other.calledAt && operation.calledAt <= endOf(other);

function barsOf(
  verdict: AnyVerdict,
  columns: ReadonlyMap<number, number>,
): (operation: AnyOperation) => Omit<Bar, 'lane'> {
  const places = new Map(ordersOf(verdict).flatMap((order) => order.map((o, i) => [o, i + 1])));
  const window = verdict.kind === 'illegal' ? verdict.window : [];
  const windowPlaces = new Map<AnyOperation, number>(window.map((o, i) => [o, i + 1]));
  const blocked = verdict.kind === 'illegal' ? verdict.blocked : undefined;
  const end = blocked?.returnedAt ?? Infinity;
  return (operation) => {
    const place = places.get(operation);
    const isOpen = operation.kind === 'pending' || operation.returnedAt > end;
    return {
      operation,
      role: operation === blocked ? 'blocked' : place === undefined ? 'open' : 'placed',
      windowPlace: windowPlaces.get(operation),
      place,
      from: columns.get(operation.calledAt)!,
      to: isOpen ? undefined : columns.get(operation.returnedAt)!,
    };
  };
}

function ordersOf(verdict: AnyVerdict): readonly (readonly Operation<unknown, unknown>[])[] {
  if (verdict.kind === 'linearizable') return [...verdict.orders.values()];
  return verdict.kind === 'illegal' ? [verdict.longestPrefix] : [];
}

/** A client that went on while an operation was pending needs a second lane. */
function rowOf(client: number, bars: readonly Omit<Bar, 'lane'>[]): Row {
  const freeFrom: number[] = [];
  const placed = bars.map((bar): Bar => {
    const free = freeFrom.findIndex((from) => from <= bar.from);
    const lane = free === -1 ? freeFrom.length : free;
    freeFrom[lane] = bar.to ?? Infinity;
    return { ...bar, lane };
  });
  return { client, bars: placed, lanes: freeFrom.length };
}
