/** Versions of keys at a revision, from the tables of keyspace.ts. */

import { compareBytes } from './bytes.ts';
import type { KeyValue } from './key-value.ts';
import {
  currentBounds,
  currentKey,
  endRevisionOf,
  historyBounds,
  type KeySpan,
  keyOfCurrent,
  keyOfHistory,
  modRevisionOf,
  toKeyValue,
  versionsThrough,
} from './keyspace.ts';
import type { OrderedReader, Row } from './ordered-store.ts';

/** The newest version, if the key exists. */
export function currentVersion(reader: OrderedReader, key: Uint8Array): KeyValue | undefined {
  const row = reader.get(currentKey(key));
  return row === undefined ? undefined : toKeyValue(key, row);
}

/** The version a key had at `revision`. */
export function versionAt(
  reader: OrderedReader,
  key: Uint8Array,
  revision: number,
): KeyValue | undefined {
  const current = reader.get(currentKey(key));
  if (current !== undefined && modRevisionOf(current) <= revision) return toKeyValue(key, current);
  for (const { value } of reader.descend(versionsThrough(key, revision))) {
    return endRevisionOf(value) > revision ? toKeyValue(key, value) : undefined;
  }
  return undefined;
}

/** The keys that exist, in order. */
export function* currentVersions(
  reader: OrderedReader,
  span: KeySpan,
): Generator<KeyValue, void, void> {
  for (const { key, value } of reader.ascend(currentBounds(span))) {
    yield toKeyValue(keyOfCurrent(key), value);
  }
}

/** The keys that existed at `revision`, in order: what still is, merged with what has ended since. */
export function* versionsAt(
  reader: OrderedReader,
  span: KeySpan,
  revision: number,
): Generator<KeyValue, void, void> {
  const ended = endedVersionsAt(reader, span, revision);
  let old = ended.next();
  for (const { key: row, value } of reader.ascend(currentBounds(span))) {
    if (modRevisionOf(value) > revision) continue;
    const key = keyOfCurrent(row);
    while (!old.done && compareBytes(old.value.key, key) < 0) {
      yield old.value;
      old = ended.next();
    }
    yield toKeyValue(key, value);
  }
  while (!old.done) {
    yield old.value;
    old = ended.next();
  }
}

function* endedVersionsAt(
  reader: OrderedReader,
  span: KeySpan,
  revision: number,
): Generator<KeyValue, void, void> {
  for (const { key, value } of reader.ascend(historyBounds(span))) {
    if (isStateAt(value, revision)) yield toKeyValue(keyOfHistory(key), value);
  }
}

/** Is this row of `h` what its key was at `revision`? */
const isStateAt = (version: Row['value'], revision: number): boolean =>
  modRevisionOf(version) <= revision && revision < endRevisionOf(version);
