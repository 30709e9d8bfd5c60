/**
 * Where a server stands, as one line of text: two servers with the same fingerprint, log and options
 * answer the same inputs alike. A checker that walks through every state must know whether it has
 * been there before.
 *
 * Left out: times, except whether the leader counts as alive; dice; the commands, which the core
 * never reads; and how full the windows for appends and applies are, which only delays.
 */

import type { Progress } from './progress/progress.ts';
import type { LeaderState, Role } from './role.ts';
import type { NodeState } from './state.ts';
import type { LogIndex, NodeId } from './types.ts';

export function fingerprintOf(node: NodeState, appliedIndex: LogIndex): string {
  const { id, currentTerm, votedFor, commitIndex, log } = node;
  const { base, lastIndex, durableIndex } = log;
  const terms: number[] = [];
  for (let index = base.index as number; index <= lastIndex; index++) {
    terms.push(log.termAt(index as LogIndex));
  }
  return [
    `${id} term ${currentTerm} vote ${votedFor}`,
    `log ${base.index}:${terms} durable ${durableIndex} commit ${commitIndex}/${appliedIndex}`,
    roleOf(node, node.role),
  ].join(' ');
}

function roleOf(node: NodeState, role: Role): string {
  switch (role.kind) {
    case 'follower': {
      const { electionTimeoutMs } = node.options;
      const isAlive = node.now - node.leaderHeardAt < electionTimeoutMs;
      const leader = `${role.leaderId} ${role.leaderId !== undefined && isAlive}`;
      const rest = role.electionDeadline === Infinity ? ' rests' : '';
      return `follower of ${leader}${rest} reads ${[...role.readsAtLeader]}`;
    }
    case 'preCandidate':
      return `preCandidate ${votesOf(role.votes)}`;
    case 'candidate':
      return `candidate ${votesOf(role.votes)} own ${role.ownVoteWrite - node.lastWrite}`;
    case 'leader':
      return leaderOf(node, role);
  }
}

function leaderOf(node: NodeState, role: LeaderState): string {
  const { reads, transfer, catchUps, firstIndexOfTerm } = role;
  const { round, askedRound, readIndex, waiting, asked, mayLease } = reads;
  const questions = [waiting, asked].map((list) => list.map(({ id, follower }) => [id, follower]));
  const progress = inOrder(role.progress).map(([id, of]) => `${id}(${progressOf(node, of)})`);
  return [
    `leader from ${firstIndexOfTerm} ${progress}`,
    `reads ${round} ${askedRound} ${readIndex} ${JSON.stringify(questions)} ${mayLease}`,
    `transfer ${transfer?.to}${role.isResting ? ' rests' : ''}`,
    `catch up ${inOrder(catchUps).map(([id, { through, hasCaughtUp }]) => [id, through, hasCaughtUp])}`,
  ].join(' ');
}

function progressOf(node: NodeState, progress: Progress): string {
  const { matchIndex, nextIndex, mode, sentRound, answeredRound } = progress;
  const { sentCommit, awaitedCommit } = progress;
  const isAwaitingReply = mode.kind === 'probe' && mode.isAwaitingReply;
  const doubt = mode.kind === 'probe' && mode.cause === 'doubt' ? ' in doubt' : '';
  const fromRound = progress.fromRound > 0 ? ` from ${progress.fromRound}` : '';
  // Read only where commits have notices of their own.
  const hasNotices = node.options.commitNoticeDelayMs < node.options.heartbeatIntervalMs;
  const told = hasNotices || awaitedCommit > 0 ? `${sentCommit}/${awaitedCommit}` : 0;
  const rest = progress.restIndex > 0 ? ' rests' : '';
  return `${mode.kind} ${isAwaitingReply}${doubt}${fromRound} ${matchIndex} ${nextIndex} ${told} ${sentRound} ${answeredRound}${rest}`;
}

const votesOf = (votes: ReadonlyMap<NodeId, boolean>): string =>
  inOrder(votes)
    .map(([id, isGranted]) => `${id}${isGranted ? '+' : '-'}`)
    .join('');

const inOrder = <Value>(map: ReadonlyMap<NodeId, Value>): [NodeId, Value][] =>
  [...map].sort(([a], [b]) => a - b);
