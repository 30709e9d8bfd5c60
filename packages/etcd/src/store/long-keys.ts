/**
 * Keys of any length in a store whose keys are short.
 *
 * LMDB's keys end at 1,978 bytes; etcd's do not. A key of CHUNK_BYTES or more is cut into chunks. Its
 * first chunk leads to a node, the next chunk from there to another, and what is left, shorter than a
 * chunk, is the key of the value in the last node. Rows of a node lie together, so the order of
 * whole keys is the order in which a walk meets them. Deleting the last row of a node deletes the
 * way to it.
 *
 *     0 key                 a short key and its value
 *     0 chunk               the way to a node: its number
 *     1 node rest           a value
 *     1 node chunk          the way to a further node
 */

import type { KeyBounds, OrderedReader, OrderedWriter, Row } from '@quorate/kv';

/** A row's key is at most nine bytes longer, and four rows should fit a page of 4 KiB. */
export const CHUNK_BYTES = 960;

const ROOT = 0;
const NODE = 1;
const NODE_BYTES = 8;

/** Where rows lie: the root (no number) or a node. */
type Place = Uint8Array;

const ROOT_PLACE: Place = Uint8Array.of(ROOT);

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

/** The end, exclusive, of all that begins with `place`. No place ends in 0xff bytes only. */
function endOf(place: Place): Uint8Array {
  const end = place.slice();
  for (let at = end.length - 1; ; at--) {
    end[at]!++;
    if (end[at] !== 0) return end;
  }
}

const placeOf = (node: Uint8Array): Place => join(Uint8Array.of(NODE), node);

/** The number of the node that a row's key begins with. */
const numberOf = (key: Uint8Array): bigint =>
  new DataView(key.buffer, key.byteOffset + 1, NODE_BYTES).getBigUint64(0);

export class LongKeyReader implements OrderedReader {
  readonly #rows: OrderedReader;

  constructor(rows: OrderedReader) {
    this.#rows = rows;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    if (key.length < CHUNK_BYTES) return this.#rows.get(join(ROOT_PLACE, key));
    let place = ROOT_PLACE;
    let rest = key;
    for (; rest.length >= CHUNK_BYTES; rest = rest.subarray(CHUNK_BYTES)) {
      const node = this.#rows.get(join(place, rest.subarray(0, CHUNK_BYTES)));
      if (node === undefined) return undefined;
      place = placeOf(node);
    }
    return this.#rows.get(join(place, rest));
  }

  ascend(bounds: KeyBounds): Iterable<Row> {
    return this.#walk(ROOT_PLACE, [], bounds, 'ascend');
  }

  descend(bounds: KeyBounds): Iterable<Row> {
    return this.#walk(ROOT_PLACE, [], bounds, 'descend');
  }

  count(bounds: KeyBounds): number {
    // Long keys are rare: if none was ever written, the rows of the root are the keys.
    if (!this.#hasNodes()) return this.#rows.count(rowBounds(ROOT_PLACE, bounds));
    let count = 0;
    for (const _ of this.ascend(bounds)) count++;
    return count;
  }

  #hasNodes(): boolean {
    for (const _ of this.#rows.ascend({ start: Uint8Array.of(NODE), end: undefined })) return true;
    return false;
  }

  /** @param chunks Those that led here. @param bounds Relative to this place. */
  *#walk(
    place: Place,
    chunks: readonly Uint8Array[],
    bounds: KeyBounds,
    direction: 'ascend' | 'descend',
  ): Generator<Row, void, void> {
    for (const row of this.#rows[direction](rowBounds(place, bounds))) {
      const key = row.key.subarray(place.length);
      if (key.length < CHUNK_BYTES) {
        yield { key: chunks.length === 0 ? key : concatenate([...chunks, key]), value: row.value };
        continue;
      }
      const within = boundsBehind(key, bounds);
      yield* this.#walk(placeOf(row.value), [...chunks, key], within, direction);
    }
  }
}

/** The rows of a place that hold or lead to keys within the bounds. */
function rowBounds(place: Place, { start, end }: KeyBounds): KeyBounds {
  const first = join(place, start.subarray(0, CHUNK_BYTES));
  if (end === undefined) return { start: first, end: endOf(place) };
  if (end.length < CHUNK_BYTES) return { start: first, end: join(place, end) };
  // The chunk that the end begins with leads to keys before the end and behind it.
  return { start: first, end: join(place, join(end.subarray(0, CHUNK_BYTES), Uint8Array.of(0))) };
}

/** The part of the bounds that lies behind a chunk. */
function boundsBehind(chunk: Uint8Array, { start, end }: KeyBounds): KeyBounds {
  const startsIn = start.length > CHUNK_BYTES && beginsWith(start, chunk);
  const endsIn = end !== undefined && end.length >= CHUNK_BYTES && beginsWith(end, chunk);
  return {
    start: startsIn ? start.subarray(CHUNK_BYTES) : new Uint8Array(0),
    end: endsIn ? end.subarray(CHUNK_BYTES) : undefined,
  };
}

const beginsWith = (key: Uint8Array, chunk: Uint8Array): boolean =>
  chunk.every((byte, at) => byte === key[at]);

function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

export class LongKeyWriter extends LongKeyReader implements OrderedWriter {
  readonly #rows: OrderedWriter;

  constructor(rows: OrderedWriter) {
    super(rows);
    this.#rows = rows;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    let place = ROOT_PLACE;
    let rest = key;
    for (; rest.length >= CHUNK_BYTES; rest = rest.subarray(CHUNK_BYTES)) {
      place = this.#nodeBehind(place, rest.subarray(0, CHUNK_BYTES));
    }
    this.#rows.put(join(place, rest), value);
  }

  delete(key: Uint8Array): void {
    const ways: Uint8Array[] = [];
    let place = ROOT_PLACE;
    let rest = key;
    for (; rest.length >= CHUNK_BYTES; rest = rest.subarray(CHUNK_BYTES)) {
      const way = join(place, rest.subarray(0, CHUNK_BYTES));
      const node = this.#rows.get(way);
      if (node === undefined) return;
      ways.push(way);
      place = placeOf(node);
    }
    this.#rows.delete(join(place, rest));
    for (const way of ways.reverse()) {
      if (!this.#isEmpty(placeOf(this.#rows.get(way)!))) return;
      this.#rows.delete(way);
    }
  }

  /** Follows `chunk` from `place`; makes the node behind it if there is none. */
  #nodeBehind(place: Place, chunk: Uint8Array): Place {
    const way = join(place, chunk);
    const found = this.#rows.get(way);
    if (found !== undefined) return placeOf(found);
    const node = this.#unusedNode(place);
    this.#rows.put(way, node);
    return placeOf(node);
  }

  /**
   * One above the highest in use. A node is in use if it has rows; `place` may just have been made
   * and have none yet.
   */
  #unusedNode(place: Place): Uint8Array {
    let highest = place[0] === NODE ? numberOf(place) : -1n;
    for (const { key } of this.#rows.descend({ start: Uint8Array.of(NODE), end: undefined })) {
      const last = numberOf(key);
      if (last > highest) highest = last;
      break;
    }
    const node = new Uint8Array(NODE_BYTES);
    new DataView(node.buffer).setBigUint64(0, highest + 1n);
    return node;
  }

  #isEmpty(place: Place): boolean {
    for (const _ of this.#rows.ascend({ start: place, end: endOf(place) })) return false;
    return true;
  }
}
