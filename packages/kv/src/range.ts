/** Range: which keys, filtered, sorted and cut as etcd does, in etcd's order of steps. */

import { compareBytes } from './bytes.ts';
import type { KvError } from './errors.ts';
import { spanOf } from './key-span.ts';
import type { KeyValue } from './key-value.ts';
import { currentBounds, type KeySpan } from './keyspace.ts';
import type { OrderedReader } from './ordered-store.ts';
import { currentVersion, currentVersions, versionAt, versionsAt } from './read.ts';
import { NO_BYTES, type RangeRequest, type SortTarget } from './requests.ts';
import type { RangeResponse } from './responses.ts';

/** Where the history stands. */
export interface RevisionState {
  readonly revision: number;
  readonly compactRevision: number;
}

/** May a read name this revision? `revision` is above 0. */
export function checkRevision(revision: number, state: RevisionState): KvError | undefined {
  if (revision > state.revision) return 'futureRevision';
  return revision < state.compactRevision ? 'compacted' : undefined;
}

/** The request's revision has been checked. */
export function executeRange(
  reader: OrderedReader,
  state: RevisionState,
  request: RangeRequest,
): RangeResponse {
  const { limit } = request;
  const isFiltered =
    request.minModRevision !== 0 ||
    request.maxModRevision !== 0 ||
    request.minCreateRevision !== 0 ||
    request.maxCreateRevision !== 0;
  const needsAll = limit <= 0 || request.sortOrder !== 'none' || isFiltered;
  // One more than the limit shows whether there is more.
  const found = findVersions(reader, state, request, needsAll ? Infinity : limit + 1);

  let kvs = isFiltered ? found.kvs.filter((kv) => passes(kv, request)) : found.kvs;
  kvs = sorted(kvs, request);
  const more = limit > 0 && kvs.length > limit;
  if (more) kvs = kvs.slice(0, limit);
  if (request.keysOnly) kvs = kvs.map((kv) => ({ ...kv, value: NO_BYTES }));
  return { kind: 'range', revision: state.revision, kvs, more, count: found.count };
}

interface Found {
  readonly kvs: KeyValue[];
  /** Keys in the range, also those beyond the limit. */
  readonly count: number;
}

function findVersions(
  reader: OrderedReader,
  state: RevisionState,
  request: RangeRequest,
  limit: number,
): Found {
  const revision = request.revision > 0 ? request.revision : state.revision;
  const isCurrent = revision === state.revision;
  if (request.rangeEnd.length === 0) {
    const kv = isCurrent
      ? currentVersion(reader, request.key)
      : versionAt(reader, request.key, revision);
    return found(kv === undefined ? [] : [kv], request);
  }
  const span = spanOf(request);
  if (span === undefined) return { kvs: [], count: 0 };
  if (isCurrent) return findCurrent(reader, span, request, limit);

  // An old state has no count of its own: every key must be looked at.
  const kvs: KeyValue[] = [];
  let count = 0;
  for (const kv of versionsAt(reader, span, revision)) {
    count++;
    if (kvs.length < limit && !request.countOnly) kvs.push(kv);
  }
  return { kvs, count };
}

function findCurrent(
  reader: OrderedReader,
  span: KeySpan,
  request: RangeRequest,
  limit: number,
): Found {
  if (request.countOnly) return { kvs: [], count: reader.count(currentBounds(span)) };
  const kvs: KeyValue[] = [];
  for (const kv of currentVersions(reader, span)) {
    kvs.push(kv);
    if (kvs.length === limit) return { kvs, count: reader.count(currentBounds(span)) };
  }
  return { kvs, count: kvs.length };
}

const found = (kvs: KeyValue[], { countOnly }: RangeRequest): Found => ({
  kvs: countOnly ? [] : kvs,
  count: kvs.length,
});

function passes(kv: KeyValue, request: RangeRequest): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  if (minModRevision !== 0 && kv.modRevision < minModRevision) return false;
  if (maxModRevision !== 0 && kv.modRevision > maxModRevision) return false;
  if (minCreateRevision !== 0 && kv.createRevision < minCreateRevision) return false;
  return maxCreateRevision === 0 || kv.createRevision <= maxCreateRevision;
}

/** Equal keys of the sort stay in key order. */
function sorted(kvs: KeyValue[], { sortOrder, sortTarget }: RangeRequest): KeyValue[] {
  // A target without an order means ascending (and etcd cuts at the limit before it sorts then).
  if (sortOrder !== 'descend' && sortTarget === 'key') return kvs;
  const compare = COMPARE[sortTarget];
  return sortOrder === 'descend'
    ? kvs.sort((a, b) => compare(b, a))
    : kvs.sort((a, b) => compare(a, b));
}

const COMPARE: Readonly<Record<SortTarget, (a: KeyValue, b: KeyValue) => number>> = {
  key: (a, b) => compareBytes(a.key, b.key),
  version: (a, b) => a.version - b.version,
  create: (a, b) => a.createRevision - b.createRevision,
  mod: (a, b) => a.modRevision - b.modRevision,
  value: (a, b) => compareBytes(a.value, b.value),
};
