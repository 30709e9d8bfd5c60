/**
 * Linearizable reads without a log entry (ReadIndex; §8, dissertation §6.4).
 *
 * The leader notes commitIndex, asks a quorum "do I still lead?" and, when it has answered, the
 * read may be served by anyone who has applied that far. All reads that wait share one question.
 *
 * With `leaseReads` the answer to one question serves the reads of the time in which those who gave
 * it elect nobody else (§6.4.1).
 */

import { reachedByQuorum } from '../quorum/joint.ts';
import { mayRest } from '../rest.ts';
import type { PendingRead } from '../role.ts';
import type { LeaderNode } from '../state.ts';
import type { ReadAuthority } from '../trace.ts';
import { type LogIndex, largerIndex, type NodeId } from '../types.ts';

/** Begins the next round, if reads wait for one and none is under way, or a lease needs renewal. */
export function startReadRound(node: LeaderNode): void {
  const { reads } = node.role;
  if (!knowsWhatIsCommitted(node)) return;
  const isNeeded = reads.waiting.length > 0 && reads.asked.length === 0;
  if (!isNeeded && (!isRenewalDue(node) || mayRest(node))) return;
  reads.round += 1;
  reads.calledRound = reads.round;
  if (node.options.leaseReads) reads.begun.push({ round: reads.round, at: node.now });
  // A renewal leaves the reads of the round under way alone: their answer is on its way.
  if (reads.asked.length > 0) return;
  reads.asked = reads.waiting;
  reads.askedRound = reads.round;
  reads.waiting = [];
  reads.readIndex = node.commitIndex;
}

/** Answers the reads whose round a quorum has answered, and under a lease those that wait. */
export function answerReads(node: LeaderNode): void {
  const { reads } = node.role;
  forgetOlderRounds(node);
  if (reads.asked.length > 0 && quorumRound(node) >= reads.askedRound) {
    answer(node, reads.asked, reads.readIndex, 'round');
    reads.asked = [];
  }
  if (reads.waiting.length > 0 && holdsLease(node)) {
    answer(node, reads.waiting, node.commitIndex, 'lease');
    reads.waiting = [];
  }
}

function answer(
  node: LeaderNode,
  reads: readonly PendingRead[],
  readIndex: LogIndex,
  by: ReadAuthority,
): void {
  const { id: from, currentTerm: term, outbox } = node;
  for (const { id, follower } of reads) {
    if (follower === undefined) {
      outbox.answerRead({ kind: 'ready', id, readIndex });
      continue;
    }
    outbox.send({ kind: 'readIndexReply', from, to: follower, term, id, readIndex });
    // The messages of a round have said how much is committed; under a lease there was none.
    const progress = node.role.progress.get(follower);
    if (progress !== undefined)
      progress.awaitedCommit = largerIndex(progress.awaitedCommit, readIndex);
  }
  node.trace?.({ kind: 'readConfirmed', node: from, term, readIndex, by });
}

/** The newest round that a quorum has answered. */
function quorumRound(node: LeaderNode): number {
  const { reads, progress } = node.role;
  const roundOf = (voter: NodeId) =>
    voter === node.id ? reads.round : (progress.get(voter)?.answeredRound ?? 0);
  return reachedByQuorum(node.configuration, roundOf);
}

/**
 * Has a quorum promised, by answering, to elect nobody else yet? Its promise began after the
 * question was sent, so counting from there errs on the safe side.
 */
function holdsLease(node: LeaderNode): boolean {
  const { reads } = node.role;
  const { leaseReads, electionTimeoutMs, maxClockDrift } = node.options;
  if (!leaseReads || !reads.mayLease || !knowsWhatIsCommitted(node)) return false;
  const [newest] = reads.begun;
  if (newest === undefined || newest.round > quorumRound(node)) return false;
  return node.now < newest.at + electionTimeoutMs * (1 - maxClockDrift);
}

/** Of the rounds that a quorum has answered only the newest matters: it gives the longest lease. */
function forgetOlderRounds(node: LeaderNode): void {
  const { begun } = node.role.reads;
  if (begun.length < 2) return;
  const answered = quorumRound(node);
  while ((begun[1]?.round ?? Infinity) <= answered) begun.shift();
}

function isRenewalDue(node: LeaderNode): boolean {
  const { leaseReads, heartbeatIntervalMs } = node.options;
  if (!leaseReads) return false;
  const last = node.role.reads.begun.at(-1);
  return last === undefined || node.now >= last.at + heartbeatIntervalMs;
}

/**
 * A new leader holds all committed entries but does not know which of them are, until it has
 * committed one of its own term (§8).
 */
function knowsWhatIsCommitted(node: LeaderNode): boolean {
  return node.commitIndex >= node.role.firstIndexOfTerm;
}
