/**
 * What is written but not yet on disk, laid over what is.
 *
 * A layer maps a key to its new value, or to its deletion. The newest layer that knows a key decides.
 */

import {
  compareBytes,
  type KeyBounds,
  type OrderedReader,
  type Row,
  type TreeRoot,
  treeAscend,
  treeDescend,
  treeGet,
} from '@quorate/kv';

export interface LayerEntry {
  /** Undefined: deleted. */
  readonly value: Uint8Array | undefined;
  /** Was the key there below this layer? Looked up when a count first needs it; then it stays so. */
  wasBelow: boolean | undefined;
}

export type Layer = TreeRoot<LayerEntry>;

/** One layer over a reader. */
export class LayeredReader implements OrderedReader {
  readonly #layer: Layer;
  readonly #below: OrderedReader;

  constructor(layer: Layer, below: OrderedReader) {
    this.#layer = layer;
    this.#below = below;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const entry = treeGet(this.#layer, key);
    return entry === undefined ? this.#below.get(key) : entry.value;
  }

  ascend(bounds: KeyBounds): Iterable<Row> {
    return merge(treeAscend(this.#layer, bounds), this.#below.ascend(bounds), compareBytes);
  }

  descend(bounds: KeyBounds): Iterable<Row> {
    const newer = treeDescend(this.#layer, bounds);
    return merge(newer, this.#below.descend(bounds), (a, b) => compareBytes(b, a));
  }

  count(bounds: KeyBounds): number {
    let count = this.#below.count(bounds);
    for (const [key, entry] of treeAscend(this.#layer, bounds)) {
      entry.wasBelow ??= this.#below.get(key) !== undefined;
      count += Number(entry.value !== undefined) - Number(entry.wasBelow);
    }
    return count;
  }
}

function* merge(
  newer: Iterator<readonly [Uint8Array, LayerEntry], void>,
  older: Iterable<Row>,
  compare: (a: Uint8Array, b: Uint8Array) => number,
): Generator<Row, void, void> {
  let next = newer.next();
  for (const row of older) {
    let isReplaced = false;
    while (!next.done) {
      const [key, { value }] = next.value;
      const order = compare(key, row.key);
      if (order > 0) break;
      if (value !== undefined) yield { key, value };
      isReplaced = order === 0;
      next = newer.next();
    }
    if (!isReplaced) yield row;
  }
  for (; !next.done; next = newer.next()) {
    const [key, { value }] = next.value;
    if (value !== undefined) yield { key, value };
  }
}
