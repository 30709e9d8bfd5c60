/**
 * From one configuration to the next (§6, dissertation §4.1, §4.3).
 *
 * A change of at most one voter goes in one step: every majority of the old configuration shares a
 * server with every majority of the new one. Any other change goes through a joint configuration,
 * in which both majorities must agree, so that at no moment two majorities can decide apart.
 */

import type { NodeId } from '../types.ts';
import { ascending, type Configuration, isJoint, membersOf } from './configuration.ts';

/** Who shall take part. */
export interface Membership {
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
}

/** Why a change is refused; nothing was appended. */
export type ChangeRefusal =
  | 'not-leader'
  /** The leader has not committed an entry of its own term yet (dissertation erratum, 2015). */
  | 'no-commit-in-this-term'
  | 'change-under-way'
  | 'nothing-to-change'
  | 'no-voters'
  | 'voter-and-learner'
  | 'id-was-removed'
  /** The servers that answer now could not form a quorum of the new configuration. */
  | 'would-lose-quorum'
  | 'transferring';

/** The configuration that begins the change to `target`. */
export function beginChange(current: Configuration, target: Membership): Configuration {
  const voters = ascending(target.voters);
  const learners = ascending(target.learners);
  const { removed } = current;
  const isSimple = countDifferent(current.voters, voters) <= 1;
  const outgoing = isSimple ? [] : current.voters;
  const next = { voters, outgoing, learners, removed };
  return isSimple ? withDeparted(current, next) : next;
}

/** What follows a committed joint configuration. */
export function endChange(joint: Configuration): Configuration {
  return withDeparted(joint, { ...joint, outgoing: [] });
}

/** Is this membership possible at all after `current`? The leader's own conditions come on top. */
export function judgeMembership(
  current: Configuration,
  target: Membership,
): ChangeRefusal | undefined {
  if (isJoint(current)) return 'change-under-way';
  if (target.voters.length === 0) return 'no-voters';
  if (target.voters.some((id) => target.learners.includes(id))) return 'voter-and-learner';
  const everyone = [...target.voters, ...target.learners];
  if (everyone.some((id) => current.removed.includes(id))) return 'id-was-removed';
  const isSame =
    countDifferent(current.voters, target.voters) === 0 &&
    countDifferent(current.learners, target.learners) === 0;
  return isSame ? 'nothing-to-change' : undefined;
}

function withDeparted(before: Configuration, after: Configuration): Configuration {
  const stay = membersOf(after);
  const departed = membersOf(before).filter((id) => !stay.includes(id));
  return { ...after, removed: ascending([...before.removed, ...departed]) };
}

/** How many servers are in one list and not in the other. */
function countDifferent(a: readonly NodeId[], b: readonly NodeId[]): number {
  const onlyIn = (list: readonly NodeId[], other: readonly NodeId[]) =>
    list.filter((id) => !other.includes(id)).length;
  return onlyIn(a, b) + onlyIn(b, a);
}
