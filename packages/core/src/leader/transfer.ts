/**
 * Handing over the lead without waiting for an election timeout (dissertation §3.10).
 *
 * Proposals stop first, so that the target can catch up. When its log is ours it is told to run at
 * once; its election is the ordinary one, except that voters do not protect us. If it has not won
 * within an election timeout we go on as before.
 */

import { isVoter } from '../configuration/configuration.ts';
import { startTransferElection } from '../election.ts';
import type { TransferAnswer } from '../inputs.ts';
import type { TimeoutNow } from '../messages.ts';
import { isLeader, type LeaderNode, type NodeState } from '../state.ts';
import type { Milliseconds, NodeId } from '../types.ts';

export function transferLeadership(node: NodeState, to: NodeId): TransferAnswer {
  if (!isLeader(node)) return { kind: 'refused', reason: 'not-leader' };
  if (to === node.id) return { kind: 'refused', reason: 'leads-already' };
  if (!node.configuration.voters.includes(to)) return { kind: 'refused', reason: 'not-a-voter' };
  const { transfer } = node.role;
  if (transfer?.to !== to) {
    const deadline = node.now + node.options.electionTimeoutMs;
    node.role.transfer = { to, deadline, toldAt: -Infinity };
  }
  return { kind: 'begun' };
}

/** Tells the target to run once it holds our whole log, and again with each heartbeat: words get lost. */
export function driveTransfer(node: LeaderNode): void {
  const { transfer, progress } = node.role;
  if (transfer === undefined) return;
  if (node.now >= transfer.deadline) {
    node.role.transfer = undefined;
    return;
  }
  if (progress.get(transfer.to)?.matchIndex !== node.log.lastIndex) return;
  if (node.now < transfer.toldAt + node.options.heartbeatIntervalMs) return;
  transfer.toldAt = node.now;
  node.role.reads.mayLease = false;
  const { id: from, currentTerm: term } = node;
  node.outbox.send({ kind: 'timeoutNow', from, to: transfer.to, term });
  node.trace?.({ kind: 'transferred', node: from, term, to: transfer.to });
}

/** When the transfer must be looked at again. */
export function transferDeadline(node: LeaderNode): Milliseconds {
  return node.role.transfer?.deadline ?? Infinity;
}

/** The leader of this term wishes us to lead. */
export function onTimeoutNow(node: NodeState, message: TimeoutNow): void {
  if (node.role.kind !== 'follower' || node.role.leaderId !== message.from) return;
  if (isVoter(node.configuration, node.id)) startTransferElection(node);
}
