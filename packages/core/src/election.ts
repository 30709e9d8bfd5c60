/**
 * Elections (§5.2; Figure 2, Followers and Candidates), with the pre-vote of dissertation §9.6.
 *
 * vote.ts judges a candidate; this file asks for votes, gives them and counts them.
 */

import { isVoter, votersOf } from './configuration/configuration.ts';
import { invariant } from './invariant.ts';
import { startLeading } from './leader/leader.ts';
import type { PreVoteReply, RequestPreVote, RequestVote, RequestVoteReply } from './messages.ts';
import { electionResult } from './quorum/joint.ts';
import { tellVoters, wake } from './rest.ts';
import type { NodeState } from './state.ts';
import { type NodeId, nextTerm, TERM_ZERO } from './types.ts';
import { judgeVote, type VoteVerdict } from './vote.ts';

/** The election timeout has passed without a leader (Figure 2, Followers; Candidates). */
export function startElection(node: NodeState): void {
  if (!mayRun(node)) {
    tellVoters(node);
    node.becomeFollower(node.leaderId, 'not-a-voter');
  } else if (node.options.preVote && node.currentTerm > TERM_ZERO) {
    // In term 0 there is nobody to ask for: term 1 cannot disturb a leader.
    startPreVote(node);
  } else {
    startVote(node);
  }
}

/**
 * A server that its own newest configuration leaves out still runs while that is not committed: it may
 * be the only one that has it, and so the only one whose log is not behind (dissertation §4.2.2). It is
 * not counted then, neither its vote nor its log.
 */
function mayRun(node: NodeState): boolean {
  const possible = node.log.configurations.possible(node.commitIndex);
  return possible.some((configuration) => isVoter(configuration, node.id));
}

function startPreVote(node: NodeState): void {
  node.becomePreCandidate();
  const { index: lastLogIndex, term: lastLogTerm } = node.log.lastEntry;
  const term = nextTerm(node.currentTerm);
  for (const to of otherVoters(node)) {
    const from = node.id;
    node.outbox.send({ kind: 'requestPreVote', from, to, term, lastLogIndex, lastLogTerm });
  }
  countPreVote(node, node.id, true);
}

/** The old leader wishes it: no need to ask first, and voters do not protect it (§3.10). */
export function startTransferElection(node: NodeState): void {
  startVote(node, true);
}

/** Begins a term and asks for its votes. Nothing leaves before term and vote are durable. */
function startVote(node: NodeState, isLeadershipTransfer = false): void {
  node.enterTerm(nextTerm(node.currentTerm));
  node.voteFor(node.id);
  node.becomeCandidate();
  const { id: from, currentTerm: term } = node;
  const { index: lastLogIndex, term: lastLogTerm } = node.log.lastEntry;
  for (const to of otherVoters(node)) {
    node.outbox.sendAfterWrite({
      kind: 'requestVote',
      from,
      to,
      term,
      lastLogIndex,
      lastLogTerm,
      isLeadershipTransfer,
    });
  }
}

/** Would we vote for it? Answering commits us to nothing and moves no timer. */
export function onRequestPreVote(node: NodeState, request: RequestPreVote): void {
  const verdict = judge(node, request, false);
  traceVote(node, request, true, verdict);
  const isGranted = verdict === 'granted';
  node.outbox.send({
    kind: 'preVoteReply',
    from: node.id,
    to: request.from,
    // A refusal carries our own term: a candidate that is behind learns it and catches up.
    term: isGranted ? request.term : node.currentTerm,
    isGranted,
  });
}

/** RequestVote receiver (Figure 2). */
export function onRequestVote(node: NodeState, request: RequestVote): void {
  const verdict = judge(node, request, request.isLeadershipTransfer);
  traceVote(node, request, false, verdict);
  // Our leader lives: we take no notice, not even of the term (dissertation §4.2.3).
  if (verdict === 'leader-is-alive') return;

  if (request.term > node.currentTerm) {
    node.enterTerm(request.term);
    node.becomeFollower(undefined, 'higher-term');
  }
  const isGranted = verdict === 'granted';
  const { id: from, currentTerm: term } = node;
  const reply = { kind: 'requestVoteReply', from, to: request.from, term, isGranted } as const;
  if (!isGranted) {
    node.outbox.send(reply);
    return;
  }
  node.voteFor(request.from);
  // Having voted, wait a full timeout before running ourselves (Figure 2, Followers).
  node.becomeFollower(node.leaderId, 'voted');
  node.outbox.sendAfterWrite(reply);
}

/**
 * The connection to our leader broke: more often a dead process than a slow one. A leader that
 * lives is heard again within a heartbeat interval; else we run, without waiting for the silence to
 * last an election timeout, and voters that lost it too do not protect it. A voter that still hears
 * it does, so one broken connection deposes nobody. Under leases voters keep their promise.
 */
export function onLeaderUnreachable(node: NodeState, peer: NodeId): void {
  const { role, now } = node;
  const { leaseReads, heartbeatIntervalMs, electionTimeoutMs } = node.options;
  if (role.kind === 'follower' && role.leaderId === peer) wake(node);
  if (leaseReads || role.kind !== 'follower' || role.leaderId !== peer) return;
  node.leaderHeardAt = -Infinity;
  // Still spread, so that votes rarely split, over a quarter of the usual time.
  const spread = (role.electionTimeoutMs - electionTimeoutMs) / 4;
  role.electionDeadline = Math.min(role.electionDeadline, now + heartbeatIntervalMs + spread);
}

export function onPreVoteReply(node: NodeState, reply: PreVoteReply): void {
  if (node.role.kind !== 'preCandidate') return;
  // An answer to an earlier question, of an earlier term, is no answer to this one.
  if (reply.isGranted && reply.term !== nextTerm(node.currentTerm)) return;
  countPreVote(node, reply.from, reply.isGranted);
}

export function onRequestVoteReply(node: NodeState, reply: RequestVoteReply): void {
  invariant(reply.term === node.currentTerm, 'termGateRan', reply.term, node.currentTerm);
  countVote(node, reply.from, reply.isGranted);
}

/** A write is durable: if it held the candidate's vote for itself, that vote counts now. */
export function onOwnVoteWritten(node: NodeState, sequence: number): void {
  if (node.role.kind !== 'candidate' || sequence < node.role.ownVoteWrite) return;
  countVote(node, node.id, true);
}

function countPreVote(node: NodeState, voter: NodeId, isGranted: boolean): void {
  if (node.role.kind !== 'preCandidate') return;
  node.role.votes.set(voter, isGranted);
  const result = electionResult(node.configuration, node.role.votes);
  if (result === 'won') startVote(node);
  if (result === 'lost') node.becomeFollower(undefined, 'lost-pre-vote');
}

function countVote(node: NodeState, voter: NodeId, isGranted: boolean): void {
  if (node.role.kind !== 'candidate') return;
  node.role.votes.set(voter, isGranted);
  const result = electionResult(node.configuration, node.role.votes);
  if (result === 'won') startLeading(node, node.role.votes);
  if (result === 'lost') node.becomeFollower(undefined, 'lost-election');
}

function judge(
  node: NodeState,
  request: RequestPreVote | RequestVote,
  isLeadershipTransfer: boolean,
): VoteVerdict {
  const { currentTerm, votedFor } = node;
  const lastEntry = node.log.lastEntry;
  const voter = { currentTerm, votedFor, lastEntry, hasLiveLeader: hasLiveLeader(node) };
  return judgeVote(voter, {
    from: request.from,
    term: request.term,
    lastEntry: { index: request.lastLogIndex, term: request.lastLogTerm },
    isLeadershipTransfer,
  });
}

/**
 * Has a leader been heard within the shortest election timeout? A leader hears itself. One that we no
 * longer follow, because somebody spoke of a newer term, has only a lease left to be protected by.
 */
function hasLiveLeader(node: NodeState): boolean {
  if (!node.options.checkQuorum) return false;
  if (node.role.kind === 'leader' || node.now < node.votesFrom) return true;
  if (node.leaderId === undefined && !node.options.leaseReads) return false;
  return node.now - node.leaderHeardAt < node.options.electionTimeoutMs;
}

const otherVoters = ({ configuration, id }: NodeState): readonly NodeId[] =>
  votersOf(configuration).filter((voter) => voter !== id);

function traceVote(
  node: NodeState,
  request: RequestPreVote | RequestVote,
  isPreVote: boolean,
  verdict: VoteVerdict,
): void {
  const { id, currentTerm: term } = node;
  node.trace?.({ kind: 'voted', node: id, term, candidate: request.from, isPreVote, verdict });
}
