/** Which groups a host's recovery may take, and which it may leave. */

import { badOption, requireWhole } from '../checks.ts';
import type { StoredIdentity } from '../storage/identity.ts';
import type { ExaminedGroups } from './examine-groups.ts';
import { refused } from './whose-directory.ts';

/** @param wanted Undefined: all of which this host is a member. */
export function chosenOf(
  wanted: readonly number[] | undefined,
  examined: ExaminedGroups,
): ReadonlySet<number> {
  const { groups } = examined;
  if (wanted === undefined) {
    return new Set([...groups.keys()].filter((group) => groups.get(group)?.role !== 'removed'));
  }
  if (!Array.isArray(wanted)) throw badOption('groups is no list', 'give ids, such as [1, 2, 3]');
  for (const group of wanted) requireWhole('a group', group, 1);
  requireData(wanted, examined);
  return new Set(wanted);
}

export function requireData(named: readonly number[], { groups }: ExaminedGroups): void {
  const missing = named.find((group) => !groups.has(group));
  if (missing === undefined) return;
  throw refused(`group ${missing} has no data here; name groups that the examination lists`);
}

/** Into a cluster that lives come only groups whose other members cannot be in it. */
export function requireLeftAside(
  chosen: ReadonlySet<number>,
  examined: ExaminedGroups,
  identity: StoredIdentity,
): void {
  for (const group of chosen) {
    const present = newcomersOf(group, examined, identity);
    if (present.length > 0) {
      const problem = `group ${group} lives in cluster ${identity.clusterId}, with host ${present}`;
      const remedy = 'if most of its hosts are lost for good, choose an id that was never used';
      throw refused(`${problem}; leave it out, or ${remedy}`);
    }
    const members = examined.groups.get(group)?.members ?? [];
    if (members.every((id) => id === identity.nodeId)) {
      throw refused(
        `group ${group} has no member that was left out, and needs no recovery; leave it out`,
      );
    }
  }
}

/** With a new id this host leaves the cluster that an earlier recovery made, and who has joined it since. */
export function requireNobodyLeftBehind(
  chosen: ReadonlySet<number>,
  examined: ExaminedGroups,
  identity: StoredIdentity,
): void {
  const { recovery, clusterId } = identity;
  if (recovery === undefined) return;
  for (const [group, { role }] of examined.groups) {
    const left = newcomersOf(group, examined, identity);
    if (chosen.has(group) || role === 'removed' || left.length === 0) continue;
    const problem = `group ${group} has got host ${left} since the last recovery, and would lose this host`;
    const inside = `give the id ${clusterId} again to recover others beside it`;
    throw refused(`${problem}; ${inside}, or name it too, or move it away from this host first`);
  }
}

/** Members of a group that no recovery has left out. */
function newcomersOf(
  group: number,
  { groups }: ExaminedGroups,
  { nodeId, recovery }: StoredIdentity,
): readonly number[] {
  const old = new Set([nodeId, ...(recovery?.leftOut ?? [])]);
  return (groups.get(group)?.members ?? []).filter((id) => !old.has(id));
}
