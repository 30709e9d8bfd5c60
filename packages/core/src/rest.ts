/**
 * Groups at rest: where a process has thousands of groups, most are idle, and heartbeats and timers
 * of each would cost more than the work.
 *
 * A leader that has nothing to say but its heartbeat, to followers that hold all that it holds, offers
 * them rest in its place. When all have accepted that answer at all, it falls silent, and nobody's
 * timer runs. From then on the driver stands for everybody's life: it watches the others' *hosts*, for
 * all groups at once, and says `peerUnreachable` and `peerReachable`. Whatever is asked of the group, or
 * is said to it, wakes it, and from then on all is as without rest.
 *
 * Safe by itself: rest stops only what makes a group live. Commits and reads need a quorum's answers
 * as ever; a lease, which is not renewed meanwhile, ends.
 */

import { isJoint, isMember, isVoter, votersOf } from './configuration/configuration.ts';
import { followLeader } from './follower.ts';
import type { Message, Rest, RestAccepted } from './messages.ts';
import type { Progress } from './progress/progress.ts';
import { reachedByQuorum } from './quorum/joint.ts';
import { isLeader, isSilent, type LeaderNode, type NodeState, priorityOf } from './state.ts';
import { INDEX_ZERO, type NodeId } from './types.ts';

export function isAtRest({ role }: NodeState): boolean {
  if (role.kind === 'leader') return role.isResting;
  return role.kind === 'follower' && role.electionDeadline === Infinity;
}

/** Is there nothing to say but heartbeats, and has one left since we woke, for who may miss us? */
export function mayRest(node: LeaderNode): boolean {
  const { options, role, now } = node;
  if (!options.rest || now < role.busyAt + options.heartbeatIntervalMs) return false;
  return hasNothingToSay(node);
}

/** Is there nothing to say but a heartbeat, to a quorum that answers and lacks nothing? */
function hasNothingToSay(node: LeaderNode): boolean {
  const { log, role, commitIndex, configuration, id } = node;
  if (role.transfer !== undefined) return false;
  // An older term's entry that all hold is not committed for that (Figure 8).
  if (commitIndex !== log.lastIndex || commitIndex !== log.durableIndex) return false;
  if (role.reads.waiting.length > 0 || role.reads.asked.length > 0) return false;
  // A change has steps to come: their time must run.
  if (isJoint(configuration) || configuration.next !== undefined) return false;
  if (!isVoter(configuration, id)) return false;
  for (const [follower, progress] of role.progress) {
    if (isAway(node, follower, progress)) continue;
    if (progress.mode.kind !== 'replicate' || progress.matchIndex !== log.lastIndex) return false;
    // It shall have the lead soon (transfer.ts).
    if (priorityOf(node, follower) > priorityOf(node, id)) return false;
  }
  return reachedByQuorum(configuration, (voter) => (isWithUs(node, voter) ? 1 : 0)) === 1;
}

/**
 * Cannot be reached and did not answer for an election timeout: not waited for, since the driver will say
 * when it is back. Nobody would say that of one that is only silent, for as long as we were frozen say.
 */
function isAway(node: LeaderNode, follower: NodeId, progress: Progress): boolean {
  // Its data are on their way, by a stream that answers when they have arrived.
  if (progress.mode.kind === 'snapshot') return false;
  if (node.role.isResting && hasAccepted(progress)) return false;
  return node.unreachable.includes(follower) && isSilent(node, progress);
}

const hasAccepted = ({ restIndex }: Progress): boolean => restIndex !== INDEX_ZERO;

function isWithUs(node: LeaderNode, voter: NodeId): boolean {
  if (voter === node.id) return true;
  const progress = node.role.progress.get(voter);
  return progress !== undefined && !isAway(node, voter, progress);
}

/** In the place of a heartbeat, but not of one that asks a follower whether it is there again. */
export function mayOfferRest(node: LeaderNode, follower: NodeId, progress: Progress): boolean {
  return mayRest(node) && !isAway(node, follower, progress);
}

/** Tells a follower that heartbeats may end; with it, that everything up to `index` is committed. */
export function offerRest(node: LeaderNode, to: NodeId, progress: Progress): void {
  const { id: from, currentTerm: term, log, outbox, now } = node;
  const { index, term: logTerm } = log.lastEntry;
  outbox.send({ kind: 'rest', from, to, term, index, logTerm });
  progress.sentCommit = index;
  progress.lastSentAt = now;
}

/** The leader offers rest. Who lacks something does not answer: an append will follow. */
export function onRest(node: NodeState, message: Rest): void {
  const wasAtRest = isAtRest(node);
  if (!followLeader(node, message.from) || node.role.kind !== 'follower') return;
  const { index, logTerm, from: to } = message;
  if (!node.log.matches({ index, term: logTerm })) return;
  // Equal logs up to there, all of it committed at the leader (Log Matching).
  if (index > node.commitIndex) node.commitThrough(index);
  const { id: from, currentTerm: term } = node;
  if (!wasAtRest) node.trace?.({ kind: 'rested', node: from, term });
  node.role.electionDeadline = Infinity;
  node.outbox.send({ kind: 'restAccepted', from, to, term, index });
}

export function onRestAccepted(node: LeaderNode, message: RestAccepted): void {
  const { role, log, now } = node;
  const progress = role.progress.get(message.from);
  if (progress === undefined) return;
  progress.lastHeardAt = now;
  // What was accepted before the log grew is no answer to the newest offer.
  if (message.index === log.lastIndex) progress.restIndex = message.index;
}

/**
 * Called before anything else that a leader does with its effects. Reads under a lease cause no
 * message, and rest would end the lease.
 */
export function noteBusiness(node: LeaderNode): void {
  const { rest, leaseReads } = node.options;
  if (rest && leaseReads && !hasNothingToSay(node)) node.role.busyAt = node.now;
}

/** All that answer have accepted, or a leader at rest has come by something to say. */
export function settleRest(node: LeaderNode): void {
  const { role } = node;
  if (role.isResting) {
    if (!hasNothingToSay(node)) wake(node);
  } else if (mayRest(node)) {
    for (const [follower, progress] of role.progress) {
      if (!isAway(node, follower, progress) && !hasAccepted(progress)) return;
    }
    role.isResting = true;
    node.trace?.({ kind: 'rested', node: node.id, term: node.currentTerm });
  }
}

/** Called for every message before it is handled. */
export function wakeByMessage(node: NodeState, message: Message): void {
  if (!isAtRest(node)) return;
  // Late answers and the leader's own offer ask for nothing.
  const { kind } = message;
  if (kind === 'rest' || kind === 'restAccepted' || kind === 'appendAccepted') return;
  // A learner that was removed, and does not know it, would miss its leader for ever.
  if (kind === 'wakeUp' && !isMember(node.configuration, message.from)) return;
  const { leaderId: to, id: from, currentTerm: term } = node;
  wake(node);
  // Somebody misses the leader: it shall show itself, to all.
  if (isLeader(node) || to === undefined || to === message.from) return;
  node.outbox.send({ kind: 'wakeUp', from, to, term });
}

/**
 * A learner misses the leader, which may only be at rest: a late message has woken the learner alone, or
 * it was not heard when the others fell silent. A voter would ask for votes now; a learner tells the
 * voters, for it may not know who leads.
 */
export function tellVoters(node: NodeState): void {
  const { id: from, currentTerm: term, configuration, options, outbox } = node;
  if (!options.rest || !configuration.learners.includes(from)) return;
  for (const to of votersOf(configuration)) outbox.send({ kind: 'wakeUp', from, to, term });
}

/** Timers run and heartbeats flow again. Up to now the driver stood for the others' life. */
export function wake(node: NodeState): void {
  if (!isAtRest(node)) return;
  const { role, now, id, currentTerm: term } = node;
  node.trace?.({ kind: 'woke', node: id, term });
  if (role.kind === 'follower') {
    node.leaderHeardAt = now;
    role.electionDeadline = now + role.electionTimeoutMs;
  } else if (role.kind === 'leader') {
    role.isResting = false;
    role.busyAt = now;
    for (const progress of role.progress.values()) {
      if (hasAccepted(progress)) progress.lastHeardAt = now;
      progress.restIndex = INDEX_ZERO;
    }
  }
}

/**
 * The driver sees no life at a follower's host. While the others are a quorum the group rests on: it
 * wakes when the host is back. Else we have an election timeout to find a quorum, as without rest.
 */
export function restWithout(node: LeaderNode, peer: NodeId): void {
  const progress = node.role.progress.get(peer);
  if (progress === undefined) return;
  progress.restIndex = INDEX_ZERO;
  if (!node.role.isResting) return;
  progress.lastHeardAt = -Infinity;
  if (hasNothingToSay(node)) return;
  progress.lastHeardAt = node.now;
  wake(node);
}

export function noteUnreachable(node: NodeState, peer: NodeId): void {
  if (!node.options.rest || node.unreachable.includes(peer)) return;
  node.unreachable = [...node.unreachable, peer];
}

export function forgetUnreachable(node: NodeState, peer: NodeId): void {
  if (!node.unreachable.includes(peer)) return;
  node.unreachable = node.unreachable.filter((other) => other !== peer);
}

/** The host of a member that does not rest with us is there again. */
export function onPeerReachable(node: NodeState, peer: NodeId): void {
  forgetUnreachable(node, peer);
  if (!isLeader(node) || !node.role.isResting) return;
  const progress = node.role.progress.get(peer);
  if (progress === undefined || hasAccepted(progress)) return;
  progress.lastHeardAt = node.now;
  wake(node);
}
