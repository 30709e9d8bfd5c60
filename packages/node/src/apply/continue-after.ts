import { EMPTY_PREFIX, extendPrefix, type Prefix, SNAPSHOT_CHUNK_BYTES } from '@quorate/wire';
import { checksum } from '../storage/checksum.ts';
import { withFirst } from './with-first.ts';

/** What is to be sent of a snapshot, and what a receiver must have before it. */
export interface Remainder {
  readonly after: Prefix;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/**
 * The bytes behind `prefix`, if that is how the snapshot begins, else all of them.
 *
 * "Begins" means: as many bytes of ours have the same CRC-32. Two servers' snapshots of one index
 * mostly are the same bytes; of those that are not, one in four thousand million is mistaken for the
 * same, if it is a state machine that encodes one state in two ways.
 *
 * @param open The snapshot's bytes from the beginning; may be called twice.
 */
export async function continueAfter(
  prefix: Prefix,
  open: () => AsyncIterable<Uint8Array>,
): Promise<Remainder> {
  const iterator = open()[Symbol.asyncIterator]();
  let read = EMPTY_PREFIX;
  let rest: Uint8Array = new Uint8Array(0);
  while (read.byteLength < prefix.byteLength) {
    const next = await iterator.next();
    if (next.done === true) break;
    const missing = prefix.byteLength - read.byteLength;
    read = extendPrefix(read, next.value.subarray(0, missing), checksum);
    rest = next.value.subarray(missing);
  }
  if (read.byteLength === prefix.byteLength && read.checksum === prefix.checksum) {
    return { after: read, chunks: inChunks(withFirst(rest, iterator)) };
  }
  await iterator.return?.();
  return { after: EMPTY_PREFIX, chunks: inChunks(open()) };
}

async function* inChunks(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  for await (const piece of bytes) {
    for (let at = 0; at < piece.length; at += SNAPSHOT_CHUNK_BYTES) {
      yield piece.subarray(at, at + SNAPSHOT_CHUNK_BYTES);
    }
  }
}
