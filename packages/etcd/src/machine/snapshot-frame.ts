/**
 * The bytes of a snapshot: the length of the member directory (four bytes, little-endian), the
 * directory, then the store's own snapshot. Chunks may be cut anywhere on the way.
 */

import type { KvSnapshot } from '@quorate/kv';

const LENGTH_BYTES = 4;

/** The store's snapshot is taken by the caller, now; it is closed when the last chunk was drawn. */
export async function* joinSnapshot(
  members: Uint8Array,
  snapshot: KvSnapshot,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    const head = new Uint8Array(LENGTH_BYTES + members.length);
    new DataView(head.buffer).setUint32(0, members.length, true);
    head.set(members, LENGTH_BYTES);
    yield head;
    yield* snapshot.chunks();
  } finally {
    snapshot.close();
  }
}

/** @throws {Error} if the chunks end before the directory does. */
export async function splitSnapshot(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ members: Uint8Array; rest: AsyncIterable<Uint8Array> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  let read = new Uint8Array(0);
  const readAtLeast = async (length: number) => {
    while (read.length < length) {
      const next = await iterator.next();
      if (next.done === true) throw new Error('the snapshot ends within its member directory');
      const joined = new Uint8Array(read.length + next.value.length);
      joined.set(read);
      joined.set(next.value, read.length);
      read = joined;
    }
  };
  await readAtLeast(LENGTH_BYTES);
  const end = LENGTH_BYTES + new DataView(read.buffer, read.byteOffset).getUint32(0, true);
  await readAtLeast(end);
  return {
    members: read.subarray(LENGTH_BYTES, end),
    rest: remainder(read.subarray(end), iterator),
  };
}

async function* remainder(
  first: Uint8Array,
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  if (first.length > 0) yield first;
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    yield next.value;
  }
}
