/** The comparisons that decide a transaction. */

import { compareBytes } from './bytes.ts';
import { spanOf } from './key-span.ts';
import { type KeyValue, NO_LEASE } from './key-value.ts';
import type { OrderedReader } from './ordered-store.ts';
import { currentVersion, currentVersions } from './read.ts';
import { type Compare, type CompareResult, NO_BYTES } from './requests.ts';

export function holds(reader: OrderedReader, compare: Compare): boolean {
  let isEmpty = true;
  for (const kv of versionsIn(reader, compare)) {
    if (!holdsFor(kv, compare)) return false;
    isEmpty = false;
  }
  if (!isEmpty) return true;
  // A missing key has revisions, version and lease 0, but no value: nothing compares with that.
  return compare.target !== 'value' && holdsFor(MISSING, compare);
}

const MISSING: KeyValue = {
  key: NO_BYTES,
  createRevision: 0,
  modRevision: 0,
  version: 0,
  value: NO_BYTES,
  lease: NO_LEASE,
};

function versionsIn(reader: OrderedReader, compare: Compare): Iterable<KeyValue> {
  if (compare.rangeEnd.length === 0) {
    const kv = currentVersion(reader, compare.key);
    return kv === undefined ? [] : [kv];
  }
  const span = spanOf(compare);
  return span === undefined ? [] : currentVersions(reader, span);
}

function holdsFor(kv: KeyValue, compare: Compare): boolean {
  switch (compare.target) {
    case 'version':
      return matches(compare.result, kv.version - compare.number);
    case 'create':
      return matches(compare.result, kv.createRevision - compare.number);
    case 'mod':
      return matches(compare.result, kv.modRevision - compare.number);
    case 'lease':
      return matches(
        compare.result,
        kv.lease < compare.lease ? -1 : kv.lease > compare.lease ? 1 : 0,
      );
    case 'value':
      return matches(compare.result, compareBytes(kv.value, compare.value));
  }
}

/** @param difference negative, zero or positive: what is there against what was asked. */
function matches(result: CompareResult, difference: number): boolean {
  switch (result) {
    case 'equal':
      return difference === 0;
    case 'notEqual':
      return difference !== 0;
    case 'greater':
      return difference > 0;
    case 'less':
      return difference < 0;
  }
}
