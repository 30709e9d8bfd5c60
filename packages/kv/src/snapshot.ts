/**
 * A store as a stream of chunks: its rows, each as the lengths of key and value (four bytes each)
 * and their bytes, and at the end a row without a key that counts them. A chunk is a piece of that
 * stream, cut anywhere.
 */

import { readSafeU64, readU32, writeSafeU64, writeU32 } from './bytes.ts';
import { KvStoreError } from './errors.ts';
import type { OrderedReader, Row } from './ordered-store.ts';
import { NO_BYTES } from './requests.ts';

const CHUNK_BYTES = 64 * 1024;
const ROW_HEADER_BYTES = 8;
const COUNT_BYTES = 8;
/** No row is larger; what says so is damage. */
const MAX_ROW_BYTES = 0x4000_0000;

export function* encodeSnapshot(reader: OrderedReader): Generator<Uint8Array, void, void> {
  let chunk = new Uint8Array(CHUNK_BYTES);
  let at = 0;
  let count = 0;
  const append = ({ key, value }: Row): Uint8Array | undefined => {
    const length = ROW_HEADER_BYTES + key.length + value.length;
    let full: Uint8Array | undefined;
    if (at + length > chunk.length) {
      full = chunk.subarray(0, at);
      chunk = new Uint8Array(Math.max(CHUNK_BYTES, length));
      at = 0;
    }
    writeU32(chunk, at, key.length);
    writeU32(chunk, at + 4, value.length);
    chunk.set(key, at + ROW_HEADER_BYTES);
    chunk.set(value, at + ROW_HEADER_BYTES + key.length);
    at += length;
    return full;
  };
  for (const row of reader.ascend({ start: NO_BYTES, end: undefined })) {
    const full = append(row);
    if (full !== undefined && full.length > 0) yield full;
    count++;
  }
  const value = new Uint8Array(COUNT_BYTES);
  writeSafeU64(value, 0, count);
  const full = append({ key: NO_BYTES, value });
  if (full !== undefined && full.length > 0) yield full;
  yield chunk.subarray(0, at);
}

/**
 * The rows of a snapshot, some at a time.
 * @throws {KvStoreError} KV_SNAPSHOT_DAMAGED
 */
export async function* decodeSnapshot(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly Row[], void, void> {
  let rest: Uint8Array = NO_BYTES;
  let count = 0;
  let isEnded = false;
  for await (const chunk of chunks) {
    if (isEnded && chunk.length > 0) throw damaged('it goes on after its end');
    // A row longer than a chunk is gathered over several: rare enough to copy it each time.
    rest = rest.length === 0 ? chunk : concatenate(rest, chunk);
    const rows: Row[] = [];
    let at = 0;
    while (!isEnded && rest.length - at >= ROW_HEADER_BYTES) {
      const keyLength = readU32(rest, at);
      const valueLength = readU32(rest, at + 4);
      if (keyLength + valueLength > MAX_ROW_BYTES) throw damaged(`row ${count} is too long`);
      const valueAt = at + ROW_HEADER_BYTES + keyLength;
      if (rest.length < valueAt + valueLength) break;
      const key = rest.slice(at + ROW_HEADER_BYTES, valueAt);
      const value = rest.slice(valueAt, valueAt + valueLength);
      at = valueAt + valueLength;
      if (keyLength > 0) {
        rows.push({ key, value });
        count++;
        continue;
      }
      isEnded = true;
      if (valueLength !== COUNT_BYTES || readSafeU64(value, 0) !== count) {
        throw damaged(`it ends after ${count} rows, which is not the number it was written with`);
      }
    }
    rest = rest.subarray(at);
    if (isEnded && rest.length > 0) throw damaged('it goes on after its end');
    if (rows.length > 0) yield rows;
  }
  if (!isEnded) throw damaged(`it is cut short after ${count} rows`);
}

const damaged = (how: string): KvStoreError =>
  new KvStoreError('KV_SNAPSHOT_DAMAGED', `the snapshot is damaged: ${how}; fetch it again`);

function concatenate(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
