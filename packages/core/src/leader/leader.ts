/**
 * A leader's life (§5.2, §5.3; Figure 2, Leaders): how it begins, what it hears, when it ends.
 */

import { membersOf } from '../configuration/configuration.ts';
import { commandBatch, noopBatch, type Payload } from '../entry.ts';
import type { ProposalRefusal, Proposed } from '../inputs.ts';
import { invariant } from '../invariant.ts';
import { newProgress, type Progress } from '../progress/progress.ts';
import { electionResult, reachedByQuorum } from '../quorum/joint.ts';
import { isLeader, type LeaderNode, type NodeState } from '../state.ts';
import {
  INDEX_ZERO,
  largerIndex,
  type Milliseconds,
  type NodeId,
  nextIndex,
  previousIndex,
} from '../types.ts';

/** A quorum has voted for us (§5.2). */
export function startLeading(node: NodeState, votes: ReadonlyMap<NodeId, boolean>): void {
  invariant(electionResult(node.configuration, votes) === 'won', 'leaderHoldsQuorum');
  const progress = new Map<NodeId, Progress>();
  for (const member of membersOf(node.configuration)) {
    if (member !== node.id) progress.set(member, newProgress(node.log.lastIndex, node.now));
  }
  node.becomeLeader({
    kind: 'leader',
    progress,
    firstIndexOfTerm: nextIndex(node.log.lastIndex),
    reads: {
      round: 0,
      calledRound: 0,
      waiting: [],
      asked: [],
      askedRound: 0,
      readIndex: INDEX_ZERO,
      begun: [],
      mayLease: true,
    },
    catchUps: new Map(),
    transfer: undefined,
    mayPreferFrom: node.now + node.options.electionTimeoutMs,
    commitNoticeAt: Infinity,
    busyAt: node.now,
    isResting: false,
  });
  // Commits what earlier terms left, which counting replicas may not do (§5.4.2, §8).
  if (node.options.noopOnElection) {
    node.log.append(noopBatch(node.currentTerm, nextIndex(node.log.lastIndex)));
  }
}

/** Why a proposal would be refused now, if it would. */
export function refusalOf(node: NodeState): ProposalRefusal | undefined {
  if (!isLeader(node)) return 'not-leader';
  if (node.role.transfer !== undefined) return 'transferring';
  // Memory is bounded: what waits to be committed is kept in it. What earlier terms left does not
  // count: only an entry of this term commits it (§5.4.2), and refusing that would never end.
  const open = largerIndex(node.commitIndex, previousIndex(node.role.firstIndexOfTerm));
  const { maxUncommittedBytes: most } = node.options;
  // Followers may commit what our own disk has not written yet.
  const isFull = node.log.bytesAfter(open) > most || node.log.unwrittenBytes > most;
  return isFull ? 'too-much-uncommitted' : undefined;
}

/** A client's commands (Figure 2, Leaders): appended here at once, replicated when effects are taken. */
export function propose(node: NodeState, payload: Payload): Proposed {
  const reason = refusalOf(node);
  if (reason !== undefined) return { kind: 'refused', reason };
  const { id, currentTerm: term } = node;
  const firstIndex = nextIndex(node.log.lastIndex);
  node.log.append(commandBatch(term, firstIndex, payload));
  node.trace?.({ kind: 'appended', node: id, term, firstIndex, lastIndex: node.log.lastIndex });
  return { kind: 'appended', firstIndex, term };
}

/**
 * A leader that a quorum has not answered for an election timeout no longer leads anybody, and
 * must not keep its followers patient (dissertation §6.2).
 */
export function checkQuorum(node: LeaderNode): void {
  if (node.now >= quorumDeadline(node)) node.becomeFollower(undefined, 'lost-quorum');
}

export function quorumDeadline(node: LeaderNode): Milliseconds {
  if (!node.options.checkQuorum || node.role.isResting) return Infinity;
  const { progress } = node.role;
  const heardAt = (voter: NodeId) =>
    voter === node.id ? node.now : (progress.get(voter)?.lastHeardAt ?? -Infinity);
  return reachedByQuorum(node.configuration, heardAt) + node.options.electionTimeoutMs;
}
