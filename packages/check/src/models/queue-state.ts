/**
 * The contents of a queue, as the search needs them: every operation costs the same however long the
 * queue is, and a state is known again by one number.
 *
 * What was ever put in is a path in a tree, shared by all states that began alike; a state is a place
 * in the tree and how many were taken out.
 */

export interface QueueState {
  /** Put in before the values of `back`, first to be taken first. */
  readonly front: List | undefined;
  /** Put in last, in reverse. */
  readonly back: List | undefined;
  readonly path: Path;
  readonly taken: number;
}

interface List {
  readonly value: string;
  readonly rest: List | undefined;
}

/** A place in the tree: all that was put in so far, in order. */
interface Path {
  readonly id: number;
  readonly longer: Map<string, Path>;
  readonly tree: { size: number };
}

/** States of different empty queues are not to be compared. */
export function emptyQueue(): QueueState {
  const path = { id: 0, longer: new Map(), tree: { size: 1 } };
  return { front: undefined, back: undefined, path, taken: 0 };
}

export function withLast(state: QueueState, value: string): QueueState {
  const { front, back, path, taken } = state;
  return { front, back: { value, rest: back }, path: extended(path, value), taken };
}

/** Undefined if there is none. */
export function withoutFirst(
  state: QueueState,
): { readonly value: string; readonly state: QueueState } | undefined {
  const { path, taken } = state;
  const front = state.front ?? reversed(state.back);
  if (front === undefined) return undefined;
  const back = state.front === undefined ? undefined : state.back;
  return { value: front.value, state: { front: front.rest, back, path, taken: taken + 1 } };
}

/** Different for different contents. Contents that came about differently may differ too. */
export const queueFingerprint = ({ path, taken }: QueueState): number =>
  path.id * MAX_TAKEN + taken;

/** A queue and 2^22 histories of it fit a safe integer. */
const MAX_TAKEN = 2 ** 31;

function extended(path: Path, value: string): Path {
  const known = path.longer.get(value);
  if (known !== undefined) return known;
  const longer = { id: path.tree.size++, longer: new Map(), tree: path.tree };
  path.longer.set(value, longer);
  return longer;
}

function reversed(list: List | undefined): List | undefined {
  let result: List | undefined;
  for (let at = list; at !== undefined; at = at.rest) result = { value: at.value, rest: result };
  return result;
}
