/**
 * Where a server stands, as one line of text: two servers with the same fingerprint, log and options
 * answer the same inputs alike. A checker that walks through every state must know whether it has
 * been there before.
 *
 * Left out: times, except whether the leader counts as alive; dice; the commands, which the core
 * never reads; and how full the windows for appends and applies are, which only delays. Of rounds
 * (see `AppendEntries.round`) it says only how they compare: two leaders whose `RoundMarks` compare
 * alike differ in numbers alone.
 */

import type { Progress } from './progress/progress.ts';
import type { LeaderReads, LeaderState, Role } from './role.ts';
import type { LeaderNode, NodeState } from './state.ts';
import type { LogIndex, NodeId } from './types.ts';

/**
 * All that a leader without leases compares the round of a follower's answer with: answers whose rounds
 * come before the same marks are the same to it.
 */
export interface RoundMarks {
  /** No message has a later one; what it says from now on has this or a later one. */
  readonly newest: number;
  /** Refusals of rounds before this are late. */
  readonly fromRound: number;
  /** Reads wait for an answer of this round or a later one. Undefined: none that this follower could give. */
  readonly askedRound: number | undefined;
}

export function roundMarksOf({ role }: LeaderNode, follower: NodeId): RoundMarks | undefined {
  const progress = role.progress.get(follower);
  return progress === undefined ? undefined : marksOf(role.reads, progress);
}

function marksOf({ round, asked, askedRound }: LeaderReads, progress: Progress): RoundMarks {
  const { answeredRound, fromRound } = progress;
  const isAwaited = asked.length > 0 && answeredRound < askedRound;
  return { newest: round, fromRound, askedRound: isAwaited ? askedRound : undefined };
}

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
      return leaderOf(role);
  }
}

function leaderOf(role: LeaderState): string {
  const { reads, transfer, catchUps, firstIndexOfTerm } = role;
  const { readIndex, waiting, asked, mayLease } = reads;
  const questions = [waiting, asked].map((list) => list.map(({ id, follower }) => [id, follower]));
  const progress = inOrder(role.progress).map(([id, of]) => `${id}(${progressOf(role, of)})`);
  return [
    `leader from ${firstIndexOfTerm} ${progress}`,
    `reads ${asked.length > 0 ? readIndex : ''} ${JSON.stringify(questions)} ${mayLease}`,
    `transfer ${transfer?.to}${role.isResting ? ' rests' : ''}`,
    `catch up ${inOrder(catchUps).map(([id, { through, hasCaughtUp }]) => [id, through, hasCaughtUp])}`,
  ].join(' ');
}

function progressOf({ reads }: LeaderState, progress: Progress): string {
  const { matchIndex, nextIndex, mode, sentRound } = progress;
  const { sentCommit, awaitedCommit } = progress;
  const isAwaitingReply = mode.kind === 'probe' && mode.isAwaitingReply;
  const doubt = mode.kind === 'probe' && mode.cause === 'doubt' ? ' in doubt' : '';
  const { fromRound, askedRound } = marksOf(reads, progress);
  const asked = askedRound === undefined ? '' : ` asked ${Math.sign(askedRound - fromRound)}`;
  const unsaid = sentRound < reads.calledRound ? ' unsaid' : '';
  const rest = progress.restIndex > 0 ? ' rests' : '';
  return `${mode.kind} ${isAwaitingReply}${doubt} ${matchIndex} ${nextIndex} ${sentCommit}/${awaitedCommit}${asked}${unsaid}${rest}`;
}

const votesOf = (votes: ReadonlyMap<NodeId, boolean>): string =>
  inOrder(votes)
    .map(([id, isGranted]) => `${id}${isGranted ? '+' : '-'}`)
    .join('');

const inOrder = <Value>(map: ReadonlyMap<NodeId, Value>): [NodeId, Value][] =>
  [...map].sort(([a], [b]) => a - b);
