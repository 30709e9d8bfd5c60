/** The history as watchers see it, and what of it a compaction has left. */

import type { KeyValue, KvEvent, Revision } from './key-value.ts';
import {
  currentKey,
  decodeChange,
  endRevisionOf,
  historyKey,
  type Meta,
  modRevisionOf,
  revisionBounds,
  revisionOfKey,
  toKeyValue,
} from './keyspace.ts';
import type { OrderedReader } from './ordered-store.ts';
import { versionAt } from './read.ts';

/** A version that a change made, and the main revision that ended it. */
export interface Lifetime {
  readonly kv: KeyValue;
  /** Infinity while it is current. */
  readonly end: number;
}

/** A change that no compaction has condemned. */
export type LiveChange =
  | { readonly kind: 'put'; readonly revision: Revision; readonly made: Lifetime }
  | { readonly kind: 'delete'; readonly revision: Revision; readonly key: Uint8Array };

/** Changes of main revisions `from` to `through`, oldest first. */
export function* liveChanges(
  reader: OrderedReader,
  meta: Meta,
  from: number,
  through: number,
): Generator<LiveChange & { readonly previous: Revision | undefined }, void, void> {
  for (const row of reader.ascend(revisionBounds({ main: from, sub: 0 }, through))) {
    const revision = revisionOfKey(row.key);
    const { kind, key, previous } = decodeChange(row.value);
    const isOld = revision.main <= meta.compactRevision;
    if (kind === 'delete') {
      if (!isOld) yield { kind, revision, key, previous };
      continue;
    }
    const made = lifetimeOf(reader, key, revision);
    if (made === undefined || (isOld && made.end <= meta.compactRevision)) continue;
    yield { kind, revision, made, previous };
  }
}

/** @param from Changes at or below the compact revision are those that are still the state there. */
export function* eventsFrom(
  reader: OrderedReader,
  meta: Meta,
  from: number,
): Generator<KvEvent, void, void> {
  for (const change of liveChanges(reader, meta, from, meta.revision)) {
    const { revision } = change;
    const key = change.kind === 'put' ? change.made.kv.key : change.key;
    // What was there just before this revision, unless that is compacted.
    const isKnown = change.previous !== undefined && revision.main > meta.compactRevision;
    const prevKv = isKnown ? versionAt(reader, key, revision.main - 1) : undefined;
    if (change.kind === 'put') yield { kind: 'put', revision, kv: change.made.kv, prevKv };
    else yield { kind: 'delete', revision, key, prevKv };
  }
}

/** Undefined if the version is already removed. */
function lifetimeOf(reader: OrderedReader, key: Uint8Array, mod: Revision): Lifetime | undefined {
  // Within one revision a key may be put and deleted, but never put twice.
  const current = reader.get(currentKey(key));
  if (current !== undefined && modRevisionOf(current) === mod.main) {
    return { kv: toKeyValue(key, current), end: Infinity };
  }
  const ended = reader.get(historyKey(key, mod));
  return ended && { kv: toKeyValue(key, ended), end: endRevisionOf(ended) };
}
