/**
 * Linearizable reads without a log entry (ReadIndex; §8, dissertation §6.4).
 *
 * The leader notes commitIndex, asks a quorum "do I still lead?" and, when it has answered, the
 * read may be served by anyone who has applied that far. All reads that wait share one question.
 */

import { reachedByQuorum } from '../quorum/joint.ts';
import type { LeaderNode } from '../state.ts';
import type { NodeId } from '../types.ts';

/** Begins the next round, if reads wait for one and none is under way. */
export function startReadRound(node: LeaderNode): void {
  const { reads } = node.role;
  if (reads.waiting.length === 0 || reads.asked.length > 0) return;
  if (!knowsWhatIsCommitted(node)) return;
  reads.round += 1;
  reads.asked = reads.waiting;
  reads.waiting = [];
  reads.readIndex = node.commitIndex;
}

/** Answers the reads whose round a quorum has answered. */
export function answerReads(node: LeaderNode): void {
  const { reads, progress } = node.role;
  if (reads.asked.length === 0) return;
  const roundOf = (voter: NodeId) =>
    voter === node.id ? reads.round : (progress.get(voter)?.answeredRound ?? 0);
  if (reachedByQuorum(node.configuration, roundOf) < reads.round) return;

  const { readIndex } = reads;
  const { id: from, currentTerm: term, outbox } = node;
  for (const { id, follower } of reads.asked) {
    if (follower === undefined) outbox.reads.push({ kind: 'ready', id, readIndex });
    else outbox.send({ kind: 'readIndexReply', from, to: follower, term, id, readIndex });
  }
  reads.asked = [];
  node.trace?.({ kind: 'readConfirmed', node: from, term, readIndex });
}

/**
 * A new leader holds all committed entries but does not know which of them are, until it has
 * committed one of its own term (§8).
 */
function knowsWhatIsCommitted(node: LeaderNode): boolean {
  return node.commitIndex >= node.role.firstIndexOfTerm;
}
