import { compareBytes, successor } from './bytes.ts';
import type { KeySpan } from './keyspace.ts';

/** etcd's `key` and `range_end` as a span; undefined if it is empty, which is no error. */
export function spanOf(request: {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}): KeySpan | undefined {
  const { key, rangeEnd } = request;
  if (rangeEnd.length === 0) return { start: key, end: successor(key) };
  if (rangeEnd.length === 1 && rangeEnd[0] === 0) return { start: key, end: undefined };
  return compareBytes(key, rangeEnd) < 0 ? { start: key, end: rangeEnd } : undefined;
}
