/**
 * How a leader brings every follower's log to its own (§5.3; Figure 2, Leaders).
 *
 * Sending is lazy: handlers only change what is known, and one pass over the followers, when the
 * driver takes the effects, sends what is due. All that happened in a turn leaves in one append.
 *
 * This file is on the hot path; `bench/` measures it as part of the whole.
 */

import { type Batch, bytesOf, lastIndexOf } from '../entry.ts';
import type { AppendAccepted, AppendRejected } from '../messages.ts';
import { Inflight } from '../progress/inflight.ts';
import { type Progress, type Replicate, toProbe, toReplicate } from '../progress/progress.ts';
import { mayOfferRest, offerRest, restWithout } from '../rest.ts';
import type { LeaderNode } from '../state.ts';
import {
  INDEX_ZERO,
  type LogIndex,
  largerIndex,
  type Milliseconds,
  type NodeId,
  nextIndex,
  previousIndex,
  smallerIndex,
} from '../types.ts';

/** Sends each follower what it lacks, and a heartbeat where nothing else is due. */
export function sendAppends(node: LeaderNode): void {
  if (node.role.isResting) return;
  for (const [follower, progress] of node.role.progress) {
    if (sendEntries(node, follower, progress) || !isHeartbeatDue(node, progress)) continue;
    if (isUnspokenTo(node, progress) && mayOfferRest(node, follower, progress))
      offerRest(node, follower, progress);
    else sendAppend(node, follower, progress, []);
  }
  scheduleCommitNotice(node);
}

/** Returns true if something was sent. */
function sendEntries(node: LeaderNode, follower: NodeId, progress: Progress): boolean {
  const { mode } = progress;
  if (mode.kind === 'snapshot') return false;
  if (progress.nextIndex < node.log.firstIndex) {
    // What it needs next is compacted away. A guess that low is only a guess: ask again.
    if (mode.kind === 'replicate') {
      sendSnapshot(node, follower, progress);
      return true;
    }
    progress.nextIndex = node.log.firstIndex;
  }
  if (mode.kind === 'probe') {
    if (mode.isAwaitingReply) return false;
    mode.isAwaitingReply = true;
    sendAppend(node, follower, progress, entriesFrom(node, progress.nextIndex));
    return true;
  }
  return streamEntries(node, follower, progress, mode);
}

/** As many appends as the window allows (pipelining, dissertation §10.2.1). */
function streamEntries(
  node: LeaderNode,
  follower: NodeId,
  progress: Progress,
  { inflight }: Replicate,
): boolean {
  let hasSent = false;
  while (progress.nextIndex <= node.log.lastIndex && !inflight.isFull) {
    const batches = entriesFrom(node, progress.nextIndex);
    const last = batches[batches.length - 1]!;
    sendAppend(node, follower, progress, batches);
    progress.nextIndex = nextIndex(lastIndexOf(last));
    inflight.add(lastIndexOf(last), bytesOf(batches));
    hasSent = true;
  }
  return hasSent;
}

/** Once sent, an append is one message built from one consistent state. */
function sendAppend(
  node: LeaderNode,
  follower: NodeId,
  progress: Progress,
  batches: readonly Batch[],
): void {
  const { log, role } = node;
  const prevLogIndex = largerIndex(previousIndex(progress.nextIndex), log.base.index);
  const last = batches[batches.length - 1];
  const lastSent = last === undefined ? prevLogIndex : lastIndexOf(last);
  // No further than this message vouches for; the follower clamps likewise (Figure 2, 5).
  const leaderCommit = smallerIndex(node.commitIndex, lastSent);
  node.outbox.send({
    kind: 'appendEntries',
    from: node.id,
    to: follower,
    term: node.currentTerm,
    prevLogIndex,
    prevLogTerm: log.termAt(prevLogIndex),
    leaderCommit,
    round: role.reads.round,
    batches,
  });
  progress.sentCommit = largerIndex(progress.sentCommit, leaderCommit);
  progress.sentRound = role.reads.round;
  progress.lastSentAt = node.now;
  progress.restIndex = INDEX_ZERO;
}

function sendSnapshot(node: LeaderNode, follower: NodeId, progress: Progress): void {
  const { id: from, currentTerm: term, snapshot } = node;
  progress.mode = { kind: 'snapshot', snapshotIndex: snapshot.index };
  node.outbox.send({ kind: 'installSnapshot', from, to: follower, term, snapshot });
  const snapshotIndex = snapshot.index;
  node.trace?.({ kind: 'snapshotNeeded', node: from, term, follower, snapshotIndex });
}

/** The follower holds our log, durably, up to `matchIndex`. */
export function onAppendAccepted(node: LeaderNode, message: AppendAccepted): void {
  const progress = node.role.progress.get(message.from);
  if (progress === undefined) return;
  const { matchIndex } = message;
  // Nobody can hold more of our log than we do: whoever says so is not speaking of it.
  if (matchIndex > node.log.lastIndex) return;
  heard(node, progress, message.round);
  // Answers overtake one another; matchIndex only grows (Figure 2).
  progress.matchIndex = largerIndex(progress.matchIndex, matchIndex);
  const { mode } = progress;
  if (mode.kind === 'replicate') {
    mode.inflight.acknowledge(matchIndex);
    progress.nextIndex = largerIndex(progress.nextIndex, nextIndex(matchIndex));
  } else if (mode.kind === 'probe' || matchIndex >= mode.snapshotIndex) {
    const { maxInflightMessages, maxInflightBytes } = node.options;
    const isAfterRefusal = mode.kind === 'probe' && mode.cause !== 'start';
    const inflight = new Inflight(maxInflightMessages, maxInflightBytes, isAfterRefusal);
    toReplicate(progress, inflight);
  }
}

/** The logs do not meet where we thought: go back, a whole term at a time (§5.3, end). */
export function onAppendRejected(node: LeaderNode, message: AppendRejected): void {
  const progress = node.role.progress.get(message.from);
  if (progress === undefined) return;
  heard(node, progress, message.round);
  if (isLate(node, progress, message)) return;
  if (hasItsWordAgainstIt(progress, message)) {
    const isInDoubt = progress.mode.kind === 'probe' && progress.mode.cause === 'doubt';
    if (!isInDoubt) {
      // That word may only be late. What we ask from now on it answers after all that it has said.
      beginRound(node, progress);
      toProbe(progress, nextIndex(progress.matchIndex), 'doubt');
      return;
    }
    noteLoss(node, progress, message);
  }

  // The hint is the follower's last entry that could match. Ours may skip further: entries of a
  // term above the hint's cannot be in its log.
  const meeting = node.log.lastAtOrBelowTerm(message.hintIndex, message.hintTerm);
  // A refusal of our base itself: what it has there is not ours, and we hold nothing older.
  const { base } = node.log;
  if (message.hintIndex < base.index || message.prevLogIndex <= base.index) {
    sendSnapshot(node, message.from, progress);
    return;
  }
  toProbe(progress, nextIndex(meeting.index), 'refusal');
  const { id, currentTerm: term } = node;
  const { nextIndex: next } = progress;
  node.trace?.({ kind: 'backtracked', node: id, term, follower: message.from, nextIndex: next });
}

/** It refuses what it has acknowledged, or says that its log ends before. */
function hasItsWordAgainstIt({ matchIndex }: Progress, message: AppendRejected): boolean {
  return message.prevLogIndex <= matchIndex || message.hintIndex < matchIndex;
}

/**
 * Refusals of what was sent before count no more, and this follower is asked at once. The others are not: on
 * a network that brings much late, each of their refusals would have all asked once more, without end.
 */
function beginRound(node: LeaderNode, progress: Progress): void {
  const { reads } = node.role;
  reads.round += 1;
  progress.fromRound = reads.round;
  progress.lastSentAt = -Infinity;
}

/**
 * A disk has lost what it had promised to keep (hazard 7). Nothing of it counts until it is
 * acknowledged anew: what comes to light below may be older than what is lost.
 */
function noteLoss(node: LeaderNode, progress: Progress, message: AppendRejected): void {
  const { matchIndex } = progress;
  const { from: follower, hintIndex } = message;
  progress.matchIndex = INDEX_ZERO;
  const { id, currentTerm: term } = node;
  node.trace?.({ kind: 'followerLostEntries', node: id, term, follower, matchIndex, hintIndex });
}

/** A refusal of something else than we sent last, which a later answer has overtaken. */
function isLate(node: LeaderNode, progress: Progress, message: AppendRejected): boolean {
  // Every log begins alike (index 0): who refuses that has refused a term that is over (term-gate.ts).
  if (message.prevLogIndex === INDEX_ZERO) return true;
  if (message.round < progress.fromRound) return true;
  switch (progress.mode.kind) {
    case 'replicate':
      return message.prevLogIndex < progress.matchIndex;
    case 'probe':
      return (
        message.prevLogIndex !== previousIndex(progress.nextIndex) &&
        !lacksWhatIsGone(node, progress, message)
      );
    case 'snapshot':
      return true;
  }
}

/**
 * Our log was compacted while we waited for this answer, which is none to what we would ask now. But
 * the follower's ended before what is gone, so there is nothing more to ask: where compactions come
 * faster than answers, the answer to the newest question never comes.
 */
function lacksWhatIsGone(
  { log }: LeaderNode,
  progress: Progress,
  message: AppendRejected,
): boolean {
  const { prevLogIndex, hintIndex } = message;
  return (
    prevLogIndex <= log.base.index && hintIndex < prevLogIndex && prevLogIndex > progress.matchIndex
  );
}

/** The transfer is over. Whether the snapshot is in place, a probe behind it tells. */
export function onSnapshotSent(node: LeaderNode, follower: NodeId, isDelivered: boolean): void {
  const progress = node.role.progress.get(follower);
  if (progress?.mode.kind !== 'snapshot') return;
  if (!isDelivered) {
    toProbe(progress, nextIndex(progress.matchIndex), 'start', true);
    return;
  }
  // Heartbeats that it refused meanwhile, for want of the snapshot, ask for the same index. Taken for
  // the probe's, such a refusal would bring the whole snapshot on its way once more.
  beginRound(node, progress);
  toProbe(progress, nextIndex(progress.mode.snapshotIndex), 'start', true);
}

/** What was on the way may be lost; the next heartbeat finds out. */
export function onPeerUnreachable(node: LeaderNode, peer: NodeId): void {
  const { role } = node;
  // It has the lead already, or will not take it.
  if (role.transfer?.to === peer) role.transfer = undefined;
  const progress = role.progress.get(peer);
  restWithout(node, peer);
  if (progress?.mode.kind !== 'replicate') return;
  toProbe(progress, nextIndex(progress.matchIndex), 'start', true);
}

function heard(node: LeaderNode, progress: Progress, round: number): void {
  progress.lastHeardAt = node.now;
  if (round > progress.answeredRound) progress.answeredRound = round;
}

function entriesFrom(node: LeaderNode, from: LogIndex): readonly Batch[] {
  return node.log.slice(from, node.log.lastIndex, node.options.maxAppendBytes);
}

function isHeartbeatDue(node: LeaderNode, progress: Progress): boolean {
  const { now, role } = node;
  if (isUnspokenTo(node, progress) || progress.sentRound < role.reads.calledRound) return true;
  return (now >= role.commitNoticeAt || isAwaited(node, progress)) && lacksCommit(node, progress);
}

/** Has nothing been sent to it for a heartbeat interval? */
function isUnspokenTo({ now, options }: LeaderNode, { lastSentAt }: Progress): boolean {
  return now >= lastSentAt + options.heartbeatIntervalMs;
}

/** Somebody on this follower waits for news that it has not been sent: it leaves at once. */
function isAwaited({ commitIndex }: LeaderNode, { awaitedCommit, sentCommit }: Progress): boolean {
  return sentCommit < awaitedCommit && awaitedCommit <= commitIndex;
}

/** The follower could apply more than any message has told it, of what it was sent. */
function lacksCommit(node: LeaderNode, progress: Progress): boolean {
  if (progress.mode.kind !== 'replicate') return false;
  const known = smallerIndex(node.commitIndex, previousIndex(progress.nextIndex));
  return progress.sentCommit < known;
}

/** With no append to ride on, the news of a commit leaves after a moment (`commitNoticeDelayMs`). */
function scheduleCommitNotice(node: LeaderNode): void {
  const { role, options, now } = node;
  if (options.commitNoticeDelayMs >= options.heartbeatIntervalMs) return;
  let isDue = false;
  for (const progress of role.progress.values()) isDue ||= lacksCommit(node, progress);
  if (!isDue) role.commitNoticeAt = Infinity;
  else if (role.commitNoticeAt <= now || role.commitNoticeAt === Infinity) {
    role.commitNoticeAt = now + options.commitNoticeDelayMs;
  }
}

/** When the next heartbeat or notice is due. */
export function sendDeadline(node: LeaderNode): Milliseconds {
  if (node.role.isResting) return Infinity;
  let deadline = node.role.commitNoticeAt;
  for (const { lastSentAt } of node.role.progress.values()) {
    deadline = Math.min(deadline, lastSentAt + node.options.heartbeatIntervalMs);
  }
  return deadline;
}
