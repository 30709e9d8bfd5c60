/**
 * Membership changes at the leader (§6, dissertation §4).
 *
 * A configuration is in force as soon as it is in the log, here and on every follower. Only one
 * change is under way at a time. When a joint configuration commits, whoever leads then appends the
 * one that ends the change; a leader that is not a voter of it leads until it has committed.
 */

import {
  beginChange,
  type ChangeMode,
  type ChangeRefusal,
  endChange,
  judgeMembership,
  newVotersOf,
} from '../configuration/change.ts';
import {
  type Configuration,
  isJoint,
  isMember,
  isVoter,
  type Membership,
  membersOf,
  type ServerAddress,
} from '../configuration/configuration.ts';
import { configurationBatch } from '../entry.ts';
import type { ChangeAnswer } from '../inputs.ts';
import { newProgress, type Progress } from '../progress/progress.ts';
import { reachedByQuorum } from '../quorum/joint.ts';
import { isLeader, isSilent, type LeaderNode, type NodeState } from '../state.ts';
import { type LogIndex, type NodeId, nextIndex } from '../types.ts';
import { hasCaughtUp } from './catch-up.ts';

export function changeMembership(
  node: NodeState,
  target: Membership,
  addresses: readonly ServerAddress[],
  mode: ChangeMode,
): ChangeAnswer {
  if (!isLeader(node)) return { kind: 'refused', reason: 'not-leader' };
  const next = beginChange(node.configuration, target, addresses, mode);
  const reason =
    judgeLeader(node) ??
    judgeMembership(node.configuration, target, addresses) ??
    (mode === 'forced' || isReachable(node, next) ? undefined : 'would-lose-quorum');
  if (reason !== undefined) return { kind: 'refused', reason };
  return { kind: 'appended', index: appendConfiguration(node, next), term: node.currentTerm };
}

function judgeLeader(node: LeaderNode): ChangeRefusal | undefined {
  if (node.role.transfer !== undefined) return 'transferring';
  // Without this two leaders of different terms could each commit a change that the other does not
  // know of, with majorities that share nobody (dissertation erratum, 2015).
  if (node.commitIndex < node.role.firstIndexOfTerm) return 'no-commit-in-this-term';
  const isUncommitted = node.log.configurations.currentIndex > node.commitIndex;
  return isUncommitted ? 'change-under-way' : undefined;
}

/** Could those who answer now, and stream our log, commit under `next`? A newcomer cannot yet. */
function isReachable(node: LeaderNode, next: Configuration): boolean {
  const { progress } = node.role;
  const isWithUs = (id: NodeId) => {
    const of = progress.get(id);
    return id === node.id || (of?.mode.kind === 'replicate' && !isSilent(node, of));
  };
  return reachedByQuorum(next, (id) => (isWithUs(id) ? 1 : 0)) === 1;
}

function appendConfiguration(node: LeaderNode, next: Configuration): LogIndex {
  const index = nextIndex(node.log.lastIndex);
  node.log.append(configurationBatch(node.currentTerm, index, next));
  for (const id of membersOf(next)) {
    if (id === node.id || node.role.progress.has(id)) continue;
    node.role.progress.set(id, newProgress(node.log.lastIndex, node.now));
  }
  const { id, currentTerm: term } = node;
  node.trace?.({ kind: 'configurationAppended', node: id, term, index, configuration: next });
  return index;
}

/** What a committed configuration brings about. Called whenever effects are taken. */
export function settleConfiguration(node: LeaderNode): void {
  const { configuration } = node;
  if (node.log.configurations.currentIndex > node.commitIndex) return;
  if (isJoint(configuration)) {
    // A new leader does this too, once it has committed something of its own.
    if (node.commitIndex >= node.role.firstIndexOfTerm) {
      appendConfiguration(node, endChange(configuration));
    }
    return;
  }
  if (configuration.next !== undefined) giveVotes(node, configuration.next);
  if (isRemoved(node)) node.role.commitNoticeAt = node.now;
  for (const [id, progress] of node.role.progress) {
    if (!isMember(configuration, id) && hasBeenTold(node, progress)) node.role.progress.delete(id);
  }
}

/** Those who shall vote when they have caught up get their votes when all of them have. */
function giveVotes(node: LeaderNode, next: Membership): void {
  let isTime = true;
  for (const id of newVotersOf(node.configuration, next)) isTime = hasCaughtUp(node, id) && isTime;
  if (!isTime || judgeLeader(node) !== undefined) return;
  const change = beginChange(node.configuration, next, [], 'at-once');
  if (isReachable(node, change)) appendConfiguration(node, change);
}

/** A server that left knows that it did, or does not answer any more. */
function hasBeenTold(node: LeaderNode, progress: Progress): boolean {
  const { currentIndex } = node.log.configurations;
  if (progress.matchIndex >= currentIndex && progress.sentCommit >= currentIndex) return true;
  return isSilent(node, progress);
}

/**
 * A leader that is no voter any more goes when that is committed (dissertation §4.2.2). It has told
 * the others of the commit, and asks one that holds everything to take over at once.
 */
export function stepDownIfRemoved(node: LeaderNode): void {
  if (!isRemoved(node)) return;
  const { id: from, currentTerm: term, configuration, role, log } = node;
  const to = configuration.voters.find((id) => role.progress.get(id)?.matchIndex === log.lastIndex);
  if (to !== undefined) node.outbox.send({ kind: 'timeoutNow', from, to, term });
  node.becomeFollower(undefined, 'removed');
}

function isRemoved(node: LeaderNode): boolean {
  if (isVoter(node.configuration, node.id)) return false;
  return node.log.configurations.currentIndex <= node.commitIndex;
}
