/**
 * A sorted map from byte strings, whose past states cost nothing to keep.
 *
 * A B+ tree that copies on write: an edit copies the nodes on one path from the root, unless this
 * very edit session made them. A root is therefore a snapshot for as long as somebody holds it. Each
 * branch knows its size, so that counting a range takes two descents.
 */

import { compareBytes } from '../bytes.ts';
import type { KeyBounds } from '../ordered-store.ts';

/** Wide enough to be shallow, narrow enough to copy: a put costs about the same from 16 to 64. */
const MAX_WIDTH = 32;
const MIN_WIDTH = MAX_WIDTH / 4;

interface Leaf<Value> {
  readonly kind: 'leaf';
  readonly session: object;
  readonly keys: Uint8Array[];
  readonly values: Value[];
}

/** Child `i` holds the keys from `lowest[i]` to `lowest[i + 1]`; `lowest[0]` is no bound. */
interface Branch<Value> {
  readonly kind: 'branch';
  readonly session: object;
  readonly lowest: Uint8Array[];
  readonly children: Node<Value>[];
  size: number;
}

type Node<Value> = Leaf<Value> | Branch<Value>;

/** A state of the map. Never changes. */
export type TreeRoot<Value> = Node<Value>;

export const emptyTree = <Value>(): TreeRoot<Value> => ({
  kind: 'leaf',
  session: {},
  keys: [],
  values: [],
});

export const treeSize = <Value>(node: TreeRoot<Value>): number =>
  node.kind === 'leaf' ? node.keys.length : node.size;

export function treeGet<Value>(root: TreeRoot<Value>, key: Uint8Array): Value | undefined {
  let node = root;
  while (node.kind === 'branch') node = node.children[childFor(node, key)]!;
  const at = lowerBound(node.keys, key);
  const found = node.keys[at];
  return found !== undefined && compareBytes(found, key) === 0 ? node.values[at] : undefined;
}

/** Number of keys below `key`. */
export function treeRank<Value>(root: TreeRoot<Value>, key: Uint8Array): number {
  let rank = 0;
  let node = root;
  while (node.kind === 'branch') {
    const child = childFor(node, key);
    for (let i = 0; i < child; i++) rank += treeSize(node.children[i]!);
    node = node.children[child]!;
  }
  return rank + lowerBound(node.keys, key);
}

export function treeCount<Value>(root: TreeRoot<Value>, bounds: KeyBounds): number {
  const end = bounds.end === undefined ? treeSize(root) : treeRank(root, bounds.end);
  return Math.max(0, end - treeRank(root, bounds.start));
}

export function* treeAscend<Value>(
  node: TreeRoot<Value>,
  { start, end }: KeyBounds,
): Generator<readonly [Uint8Array, Value], void, void> {
  if (node.kind === 'leaf') {
    for (let at = lowerBound(node.keys, start); at < node.keys.length; at++) {
      const key = node.keys[at]!;
      if (end !== undefined && compareBytes(key, end) >= 0) return;
      yield [key, node.values[at]!];
    }
    return;
  }
  const first = childFor(node, start);
  for (let child = first; child < node.children.length; child++) {
    const isBeyond = end !== undefined && compareBytes(node.lowest[child]!, end) >= 0;
    if (isBeyond && child > first) return;
    yield* treeAscend(node.children[child]!, { start, end });
  }
}

export function* treeDescend<Value>(
  node: TreeRoot<Value>,
  { start, end }: KeyBounds,
): Generator<readonly [Uint8Array, Value], void, void> {
  if (node.kind === 'leaf') {
    const last = (end === undefined ? node.keys.length : lowerBound(node.keys, end)) - 1;
    for (let at = last; at >= 0; at--) {
      const key = node.keys[at]!;
      if (compareBytes(key, start) < 0) return;
      yield [key, node.values[at]!];
    }
    return;
  }
  const first = childFor(node, start);
  const last = end === undefined ? node.children.length - 1 : childFor(node, end);
  for (let child = last; child >= first; child--) {
    yield* treeDescend(node.children[child]!, { start, end });
  }
}

/** One session of edits on a tree. `root` is the state so far; take it and end the session. */
export class TreeEditor<Value> {
  readonly #session = {};
  #root: Node<Value>;

  constructor(root: TreeRoot<Value>) {
    this.#root = root;
  }

  get root(): TreeRoot<Value> {
    return this.#root;
  }

  put(key: Uint8Array, value: Value): void {
    const root = this.#own(this.#root);
    this.#insert(root, key, value);
    const upper = this.#splitIfWide(root);
    this.#root = upper === undefined ? root : this.#branch([root, upper]);
  }

  delete(key: Uint8Array): void {
    if (treeGet(this.#root, key) === undefined) return;
    let root = this.#own(this.#root);
    this.#remove(root, key);
    while (root.kind === 'branch' && root.children.length === 1) root = root.children[0]!;
    this.#root = root;
  }

  #insert(node: Node<Value>, key: Uint8Array, value: Value): void {
    if (node.kind === 'leaf') {
      const at = lowerBound(node.keys, key);
      const found = node.keys[at];
      if (found !== undefined && compareBytes(found, key) === 0) {
        node.values[at] = value;
        return;
      }
      node.keys.splice(at, 0, key);
      node.values.splice(at, 0, value);
      return;
    }
    const at = childFor(node, key);
    const child = this.#own(node.children[at]!);
    node.children[at] = child;
    const sizeBefore = treeSize(child);
    this.#insert(child, key, value);
    node.size += treeSize(child) - sizeBefore;
    const upper = this.#splitIfWide(child);
    if (upper === undefined) return;
    node.children.splice(at + 1, 0, upper);
    node.lowest.splice(at + 1, 0, lowestKey(upper));
  }

  /** The key is there. */
  #remove(node: Node<Value>, key: Uint8Array): void {
    if (node.kind === 'leaf') {
      const at = lowerBound(node.keys, key);
      node.keys.splice(at, 1);
      node.values.splice(at, 1);
      return;
    }
    const at = childFor(node, key);
    const child = this.#own(node.children[at]!);
    node.children[at] = child;
    this.#remove(child, key);
    node.size -= 1;
    if (width(child) < MIN_WIDTH && node.children.length > 1) this.#mergeAt(node, at);
  }

  /** Joins a thin child with a neighbour, and splits the pair again if that made it too wide. */
  #mergeAt(node: Branch<Value>, at: number): void {
    const left = at === 0 ? 0 : at - 1;
    const joined = this.#join(
      node.children[left]!,
      node.children[left + 1]!,
      node.lowest[left + 1]!,
    );
    node.children.splice(left, 2, joined);
    node.lowest.splice(left + 1, 1);
    const upper = this.#splitIfWide(joined);
    if (upper === undefined) return;
    node.children.splice(left + 1, 0, upper);
    node.lowest.splice(left + 1, 0, lowestKey(upper));
  }

  /** Siblings are at the same depth, hence of the same kind. `boundary` is the second's lowest. */
  #join(a: Node<Value>, b: Node<Value>, boundary: Uint8Array): Node<Value> {
    const session = this.#session;
    if (a.kind === 'leaf' && b.kind === 'leaf') {
      const keys = [...a.keys, ...b.keys];
      return { kind: 'leaf', session, keys, values: [...a.values, ...b.values] };
    }
    const [left, right] = [a as Branch<Value>, b as Branch<Value>];
    return {
      kind: 'branch',
      session,
      lowest: [...left.lowest, boundary, ...right.lowest.slice(1)],
      children: [...left.children, ...right.children],
      size: left.size + right.size,
    };
  }

  /** Cuts an owned node that is too wide: it keeps the lower half, the upper half is returned. */
  #splitIfWide(node: Node<Value>): Node<Value> | undefined {
    if (width(node) <= MAX_WIDTH) return undefined;
    const session = this.#session;
    const half = width(node) >>> 1;
    if (node.kind === 'leaf') {
      return {
        kind: 'leaf',
        session,
        keys: node.keys.splice(half),
        values: node.values.splice(half),
      };
    }
    const children = node.children.splice(half);
    const size = children.reduce((sum, child) => sum + treeSize(child), 0);
    node.size -= size;
    return { kind: 'branch', session, lowest: node.lowest.splice(half), children, size };
  }

  #branch(children: Node<Value>[]): Branch<Value> {
    const size = children.reduce((sum, child) => sum + treeSize(child), 0);
    return {
      kind: 'branch',
      session: this.#session,
      lowest: children.map(lowestKey),
      children,
      size,
    };
  }

  /** The node itself if this session made it, a copy otherwise. */
  #own(node: Node<Value>): Node<Value> {
    const session = this.#session;
    if (node.session === session) return node;
    if (node.kind === 'leaf') {
      return { kind: 'leaf', session, keys: node.keys.slice(), values: node.values.slice() };
    }
    const { size } = node;
    const lowest = node.lowest.slice();
    return { kind: 'branch', session, lowest, children: node.children.slice(), size };
  }
}

const width = <Value>(node: Node<Value>): number =>
  node.kind === 'leaf' ? node.keys.length : node.children.length;

/** A lower bound of the keys in `node`; exact for a leaf. */
const lowestKey = <Value>(node: Node<Value>): Uint8Array =>
  node.kind === 'leaf' ? node.keys[0]! : node.lowest[0]!;

/** Position of the first key that is not below `key`. */
function lowerBound(keys: readonly Uint8Array[], key: Uint8Array): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes(keys[middle]!, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Position of the child that holds `key` if any does. */
function childFor<Value>(node: Branch<Value>, key: Uint8Array): number {
  let low = 1;
  let high = node.children.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes(node.lowest[middle]!, key) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
