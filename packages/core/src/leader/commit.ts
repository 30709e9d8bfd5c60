/**
 * When is an entry committed? (§5.3, §5.4.2, Figure 8)
 *
 * The shortest file of the protocol and the easiest to get wrong.
 */

import { invariant } from '../invariant.ts';
import { reachedByQuorum } from '../quorum/joint.ts';
import type { LeaderNode } from '../state.ts';
import type { LogIndex, NodeId } from '../types.ts';

/** Moves commitIndex as far as a quorum allows. */
export function advanceLeaderCommit(node: LeaderNode): void {
  const { log, role } = node;
  // Our own disk is one of the quorum and counts like any other: by what is durable on it.
  const matchIndexOf = (voter: NodeId) =>
    voter === node.id ? log.durableIndex : (role.progress.get(voter)?.matchIndex ?? 0);
  const candidate = reachedByQuorum(node.configuration, matchIndexOf) as LogIndex;
  if (candidate <= node.commitIndex) return;
  invariant(candidate <= log.lastIndex, 'quorumWithinLog', candidate, log.lastIndex);

  // Counting replicas proves nothing about an entry of an older term: a later leader may still
  // overwrite it even though a majority stores it (Figure 8). Once an entry of our own term is
  // committed, everything before it is too, by Log Matching.
  if (log.termAt(candidate) !== node.currentTerm) return;
  // The same fact by another route.
  invariant(candidate >= role.firstIndexOfTerm, 'commitOwnTerm', candidate, role.firstIndexOfTerm);
  node.commitThrough(candidate);
}
