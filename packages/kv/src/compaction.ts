/**
 * Removing what a compaction has condemned.
 *
 * A version is condemned once its life has ended at or before the compact revision. The change that
 * ended it says which version that was, so one walk along the changes between the last compaction
 * and this one finds them all, a bounded number of rows at a time: a compaction costs what was
 * changed since the last one, not what the store holds.
 */

import {
  decodeChange,
  historyKey,
  type Meta,
  revisionBounds,
  revisionKey,
  revisionOfKey,
} from './keyspace.ts';
import type { OrderedWriter, Row } from './ordered-store.ts';

/** Behind every change of a revision. */
const MAX_SUB = 0xffff_fffe;

/** Has everything condemned been removed? The walk may rest in the middle of a revision. */
export function isCompacted({ removedThrough: { main, sub }, compactRevision }: Meta): boolean {
  return main > compactRevision || (main === compactRevision && sub === MAX_SUB);
}

/** Follows at most `maxChanges` changes; answers how far removal has come. */
export function removeCondemned(writer: OrderedWriter, meta: Meta, maxChanges: number): Meta {
  const { main, sub } = meta.removedThrough;
  const rows = takeRows(
    writer.ascend(revisionBounds({ main, sub: sub + 1 }, meta.compactRevision)),
    maxChanges,
  );
  for (const { key: row, value } of rows) {
    const { kind, previous, key } = decodeChange(value);
    if (previous !== undefined) {
      writer.delete(historyKey(key, previous));
      writer.delete(revisionKey(previous));
    }
    if (kind === 'delete') writer.delete(row);
  }
  const last = rows.at(-1);
  if (last !== undefined && rows.length === maxChanges) {
    return { ...meta, removedThrough: revisionOfKey(last.key) };
  }
  return { ...meta, removedThrough: { main: meta.compactRevision, sub: MAX_SUB } };
}

/** Drawn before anything is deleted: a store must not change under an iteration. */
function takeRows(rows: Iterable<Row>, most: number): readonly Row[] {
  const taken: Row[] = [];
  for (const row of rows) {
    taken.push(row);
    if (taken.length === most) break;
  }
  return taken;
}
