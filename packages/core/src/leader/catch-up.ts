/**
 * Has a newcomer caught up, so that its vote would not cost the cluster its progress?
 * (dissertation §4.2.1, Figure 4.5)
 *
 * Replication to it is seen as rounds: each brings all that the leader's log held when it began.
 * When a round took no longer than an election timeout, so will about the next one, and commits that
 * must wait for the newcomer wait no longer than for an election. A bound on its lag in entries would
 * have to know how fast entries come and how fast the newcomer takes them; a round measures both.
 */

import type { CatchUpRound } from '../role.ts';
import type { LeaderNode } from '../state.ts';
import type { NodeId } from '../types.ts';

/** Also notes where the newcomer stands: call it as often as that may have changed. */
export function hasCaughtUp(node: LeaderNode, newcomer: NodeId): boolean {
  const { role, now, options } = node;
  const matchIndex = role.progress.get(newcomer)?.matchIndex ?? 0;
  const round = role.catchUps.get(newcomer) ?? { ...newRound(node), hasCaughtUp: false };
  const isInTime = now - round.since <= options.electionTimeoutMs;
  if (matchIndex < round.through) {
    role.catchUps.set(newcomer, round);
    return round.hasCaughtUp && isInTime;
  }
  role.catchUps.set(newcomer, { ...newRound(node), hasCaughtUp: isInTime });
  return isInTime;
}

const newRound = ({ log, now }: LeaderNode): Pick<CatchUpRound, 'through' | 'since'> => {
  return { through: log.lastIndex, since: now };
};
