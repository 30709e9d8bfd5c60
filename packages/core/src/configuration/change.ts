/**
 * From one configuration to the next (§6, dissertation §4.1, §4.2.1, §4.3).
 *
 * A change of at most one voter goes in one step: every majority of the old configuration shares a
 * server with every majority of the new one. Any other change goes through a joint configuration,
 * in which both majorities must agree, so that at no moment two majorities can decide apart.
 *
 * Newcomers that shall vote may be learners first. What they are to become then stands in the log
 * too (`Configuration.next`), so that a later leader sees to it like the one that was asked.
 */

import type { NodeId } from '../types.ts';
import {
  ascending,
  type Configuration,
  destinationOf,
  isJoint,
  type Membership,
  membersOf,
  type ServerAddress,
} from './configuration.ts';

/**
 * When newcomers get their vote: when they have caught up, or at once, before which the leader
 * makes sure that those who answer can commit the change; or at once without making sure.
 */
export type ChangeMode = 'when-caught-up' | 'at-once' | 'forced';

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

/**
 * The configuration that begins the change to `target`.
 *
 * @param addresses Of newcomers, and of members that have moved.
 */
export function beginChange(
  current: Configuration,
  target: Membership,
  addresses: readonly ServerAddress[],
  mode: ChangeMode,
): Configuration {
  const voters = ascending(target.voters);
  const learners = ascending(target.learners);
  const { removed } = current;
  const known = { removed, addresses: mergedAddresses(current.addresses, addresses) };
  const newcomers = newVotersOf(current, target);
  if (mode === 'when-caught-up' && newcomers.length > 0) {
    const wait = learners.filter((id) => !current.voters.includes(id));
    const next = { voters, learners };
    const stay = { voters: current.voters, outgoing: [], next };
    return withDeparted(current, {
      ...known,
      ...stay,
      learners: ascending([...wait, ...newcomers]),
    });
  }
  const next = undefined;
  const isSimple = countDifferent(current.voters, voters) <= 1;
  if (isSimple) {
    return withDeparted(current, { ...known, voters, outgoing: [], learners, next });
  }
  return { ...known, voters, outgoing: current.voters, learners, next };
}

/** What follows a committed joint configuration. */
export function endChange(joint: Configuration): Configuration {
  return withDeparted(joint, { ...joint, outgoing: [] });
}

/** Who shall vote and does not yet. */
export const newVotersOf = (current: Configuration, target: Membership): readonly NodeId[] =>
  target.voters.filter((id) => !current.voters.includes(id));

/** Is this membership possible at all after `current`? The leader's own conditions come on top. */
export function judgeMembership(
  current: Configuration,
  target: Membership,
  addresses: readonly ServerAddress[],
): ChangeRefusal | undefined {
  if (isJoint(current)) return 'change-under-way';
  if (target.voters.length === 0) return 'no-voters';
  if (target.voters.some((id) => target.learners.includes(id))) return 'voter-and-learner';
  const everyone = [...target.voters, ...target.learners];
  if (everyone.some((id) => current.removed.includes(id))) return 'id-was-removed';
  return leadsTo(current, target, addresses) ? 'nothing-to-change' : undefined;
}

/** Is `configuration` the target already, or surely on the way to it? */
export function leadsTo(
  configuration: Configuration,
  target: Membership,
  addresses: readonly ServerAddress[],
): boolean {
  const destination = destinationOf(configuration);
  return (
    countDifferent(destination.voters, target.voters) === 0 &&
    countDifferent(destination.learners, target.learners) === 0 &&
    addresses.every(({ id, address }) => addressOf(configuration, id) === address)
  );
}

export const addressOf = ({ addresses }: Configuration, id: NodeId): string | undefined =>
  addresses.find((known) => known.id === id)?.address;

function mergedAddresses(
  known: readonly ServerAddress[],
  news: readonly ServerAddress[],
): readonly ServerAddress[] {
  const byId = new Map([...known, ...news].map((server) => [server.id, server]));
  return [...byId.values()].sort((a, b) => a.id - b.id);
}

function withDeparted(before: Configuration, after: Configuration): Configuration {
  const stay = membersOf(after);
  const departed = membersOf(before).filter((id) => !stay.includes(id));
  return {
    ...after,
    removed: ascending([...before.removed, ...departed]),
    addresses: after.addresses.filter(({ id }) => stay.includes(id)),
  };
}

/** How many servers are in one list and not in the other. */
function countDifferent(a: readonly NodeId[], b: readonly NodeId[]): number {
  const onlyIn = (list: readonly NodeId[], other: readonly NodeId[]) =>
    list.filter((id) => !other.includes(id)).length;
  return onlyIn(a, b) + onlyIn(b, a);
}
