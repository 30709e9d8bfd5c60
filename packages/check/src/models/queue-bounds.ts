/**
 * When the operations on a queue can have taken effect, as far as their answers tell.
 *
 * Values leave in the order in which they came. So who was taken first came first, who came first was
 * taken first, and an answer "empty" lies between the end of one value and the beginning of another.
 * Each such rule moves calls and returns of some operations closer together; what is left to guess in
 * the end is what the answers leave open. Without it, ten clients that put in side by side leave the
 * search with ten factorial orders, and which was right shows only when the values come out.
 */

import type { Operation } from '../history.ts';
import type { QueueInput, QueueOutput } from './queue.ts';

/** The answer of a dequeue that took something, which nobody saw: equal to no string of a client. */
export const UNSEEN = Symbol('unseen') as unknown as string;

type QueueOperation = Operation<QueueInput, QueueOutput>;

/** An operation took effect from `from` to `to`, both included. */
interface Bounds {
  from: number;
  to: number;
}

/** A value that was put in once, and perhaps seen to be taken out. */
interface Journey {
  readonly entry: Bounds;
  exit: Bounds | undefined;
  /** Nobody saw it taken, and it must have been. */
  isMissing: boolean;
}

/** Rounds in which bounds may move one another. They settle after a few; stopping early is no fault. */
const MAX_ROUNDS = 100;

/**
 * The same operations with calls and returns as close as the answers allow. One that returned before
 * its call says that there is no order.
 */
export function learnQueue(operations: readonly QueueOperation[]): readonly QueueOperation[] {
  const bounds = operations.map(boundsOf);
  const journeys = journeysOf(operations, bounds);
  if (journeys === undefined) return operations;
  const empties = bounds.filter((_, index) => sawEmpty(operations[index]!));
  const unseen = operations.flatMap((operation, index) =>
    isUnseenDequeue(operation) ? [bounds[index]!] : [],
  );
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const before = bounds.map(({ from, to }) => [from, to]);
    narrow(journeys, empties, unseen.length);
    if (bounds.every(({ from, to }, i) => from === before[i]![0] && to === before[i]![1])) break;
  }
  if (!isPossible(journeys, unseen.length)) bounds[0]!.to = -Infinity;
  // They differ in nothing but their calls, so those called first may be those that were needed first.
  const missing = journeys.flatMap(({ exit, isMissing }) => (isMissing ? [exit!.to] : []));
  for (const [index, to] of missing.sort(compare).entries()) {
    const dequeue = unseen[index];
    if (dequeue !== undefined) dequeue.to = to;
  }
  return operations.map((operation, index) => narrowed(operation, bounds[index]!));
}

function narrow(
  journeys: readonly Journey[],
  empties: readonly Bounds[],
  unseenDequeues: number,
): void {
  findMissing(journeys, empties);
  const entries: Pair[] = [];
  const exits: Pair[] = [];
  const left: Bounds[] = [];
  let spare = unseenDequeues;
  for (const { entry, exit, isMissing } of journeys) {
    if (isMissing) spare -= 1;
    if (exit === undefined) left.push(entry);
    else {
      inOrder(entry, exit);
      entries.push({ cause: entry, effect: exit });
      exits.push({ cause: exit, effect: entry });
    }
  }
  const empty = empties.map((of) => ({ cause: of, effect: of }));
  follow(exits, exits);
  follow(entries, entries);
  // What came in before the queue was empty had left, and what left after it came in after it.
  follow(entries, empty);
  follow(empty, exits);
  stayLast(entries, empties, left, Math.max(0, spare));
}

/** What must have been taken was taken once it was there, and by somebody. */
function isPossible(journeys: readonly Journey[], unseenDequeues: number): boolean {
  const exits = journeys.flatMap(({ exit, isMissing }) => (isMissing ? [exit!] : []));
  return exits.length <= unseenDequeues && exits.every(({ from, to }) => from <= to);
}

/** A value that came before one that was taken, or before the queue was empty, was taken too. */
function findMissing(journeys: readonly Journey[], empties: readonly Bounds[]): void {
  let latest = -Infinity;
  for (const { from } of empties) latest = Math.max(latest, from);
  for (const { entry, exit } of journeys) {
    if (exit !== undefined) latest = Math.max(latest, entry.from);
  }
  for (const journey of journeys) {
    const { entry, exit } = journey;
    if (exit !== undefined || !(entry.to < latest)) continue;
    journey.exit = { from: entry.from, to: Infinity };
    journey.isMissing = true;
  }
}

const boundsOf = (operation: QueueOperation): Bounds => ({
  from: operation.calledAt,
  to: operation.kind === 'completed' ? operation.returnedAt : Infinity,
});

const sawEmpty = (operation: QueueOperation): boolean =>
  operation.kind === 'completed' &&
  operation.input.kind === 'dequeue' &&
  operation.output === undefined;

/** It may have taken a value that nobody saw. */
const isUnseenDequeue = ({ kind, input }: QueueOperation): boolean =>
  kind === 'pending' && input.kind === 'dequeue';

/** Undefined if values cannot be told apart, or came from nowhere: then there is nothing to learn. */
function journeysOf(
  operations: readonly QueueOperation[],
  bounds: readonly Bounds[],
): readonly Journey[] | undefined {
  const journeys = new Map<string, Journey>();
  for (const [index, { input }] of operations.entries()) {
    if (input.kind !== 'enqueue') continue;
    if (journeys.has(input.value)) return undefined;
    journeys.set(input.value, { entry: bounds[index]!, exit: undefined, isMissing: false });
  }
  for (const [index, operation] of operations.entries()) {
    if (operation.input.kind !== 'dequeue' || operation.kind === 'pending') continue;
    if (operation.output === undefined) continue;
    const journey = journeys.get(operation.output);
    if (journey === undefined || journey.exit !== undefined) return undefined;
    journey.exit = bounds[index]!;
  }
  return [...journeys.values()];
}

function inOrder(first: Bounds, second: Bounds): void {
  first.to = Math.min(first.to, second.to);
  second.from = Math.max(second.from, first.from);
}

/** Where the one thing was before another, the other thing was too. */
interface Pair {
  readonly cause: Bounds;
  readonly effect: Bounds;
}

/** For each of `first` and of `second`: if it is certain that the one cause was before the other, so was its effect. */
function follow(first: readonly Pair[], second: readonly Pair[]): void {
  const byBegin = [...second].sort((a, b) => a.cause.from - b.cause.from);
  const byEnd = [...first].sort((a, b) => compare(a.cause.to, b.cause.to));
  const begins = byBegin.map((pair) => pair.cause.from);
  const ends = byEnd.map((pair) => pair.cause.to);
  const earliest = byBegin.map((pair) => pair.effect.to);
  for (let i = earliest.length - 2; i >= 0; i--) {
    earliest[i] = Math.min(earliest[i]!, earliest[i + 1]!);
  }
  const latest = byEnd.map((pair) => pair.effect.from);
  for (let i = 1; i < latest.length; i++) latest[i] = Math.max(latest[i]!, latest[i - 1]!);
  const lows = second.map((pair) => latest[countBelow(ends, pair.cause.from) - 1]);
  for (const pair of first) {
    const to = earliest[countBelow(begins, pair.cause.to, true)];
    if (to !== undefined) pair.effect.to = Math.min(pair.effect.to, to);
  }
  for (const [index, from] of lows.entries()) {
    const { effect } = second[index]!;
    if (from !== undefined) effect.from = Math.max(effect.from, from);
  }
}

/**
 * What nobody took came in after everything that was taken, and after the queue was empty: but for as
 * many of them as there are dequeues without an answer.
 */
function stayLast(
  entries: readonly Pair[],
  empties: readonly Bounds[],
  left: readonly Bounds[],
  unseen: number,
): void {
  const to = left.map((bounds) => bounds.to).sort(compare)[unseen];
  const others = [...entries.map((pair) => pair.cause), ...(unseen === 0 ? empties : [])];
  if (to !== undefined) for (const other of others) other.to = Math.min(other.to, to);
  if (unseen > 0) return;
  let from = -Infinity;
  for (const other of others) from = Math.max(from, other.from);
  for (const bounds of left) bounds.from = Math.max(bounds.from, from);
}

function narrowed(operation: QueueOperation, { from, to }: Bounds): QueueOperation {
  const times = { calledAt: from, returnedAt: to };
  if (operation.kind === 'completed') return { ...operation, ...times };
  if (to < Infinity) {
    // It did take effect: its value was taken, or there is a value that it must have taken.
    const output = operation.input.kind === 'enqueue' ? undefined : UNSEEN;
    return { ...operation, ...times, kind: 'completed', output };
  }
  // A value that nobody ever saw makes nothing possible that is not possible without it.
  const isNeeded = operation.input.kind === 'dequeue';
  return { ...operation, calledAt: isNeeded ? from : Infinity };
}

/** How many of the ascending `numbers` are below `limit`, or at most that. */
function countBelow(numbers: readonly number[], limit: number, isIncluded = false): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const number = numbers[middle]!;
    if (number < limit || (isIncluded && number === limit)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Infinities too, whose difference is no number. */
const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);
