/**
 * How the groups of a recovered host begin: each with an entry that makes this host its only voter
 * (first-entry.ts), all of them in one record of the shared log.
 *
 * The identity names that record and the groups first, in one rename. A crash before the record is
 * durable leaves a host of the new cluster whose log ends before it, and whoever opens the directory
 * next writes it. What it holds follows from the log before it, to which nothing is added meanwhile.
 */

import { nextIndex, nextTerm, type Write } from '@quorate/core';
import type { StoredIdentity } from '../storage/identity.ts';
import type { GroupState } from '../storage/shared/group-state.ts';
import type { SharedLog } from '../storage/shared/shared-log.ts';
import { firstEntryOf } from './first-entry.ts';

/** Writes the record if it is missing. */
export async function beginRecoveredHost(identity: StoredIdentity, log: SharedLog): Promise<void> {
  const writes = missingEntries(identity, log.lastRecord, (group) => log.stateOf(group));
  const written = writes.map(
    ({ state, write }) =>
      new Promise<void>((done, failed) => {
        log.ask(state, { group: state.id, kind: 'write', write }, { done, failed });
      }),
  );
  log.commit();
  await Promise.all(written);
}

/** None when the log has them, and for a host that was never recovered. */
export function missingEntries(
  { nodeId, recovery }: StoredIdentity,
  lastRecord: number,
  stateOf: (group: number) => GroupState,
): readonly { readonly state: GroupState; readonly write: Write }[] {
  if (recovery === undefined || !('groups' in recovery)) return [];
  if (lastRecord >= recovery.record) return [];
  return recovery.groups.map((group) => {
    const state = stateOf(group);
    const { hardState, lastIndex } = state.shape;
    const entry = { term: nextTerm(hardState.term), index: nextIndex(lastIndex) };
    return { state, write: firstEntryOf(nodeId, recovery.leftOut, entry, hardState) };
  });
}
