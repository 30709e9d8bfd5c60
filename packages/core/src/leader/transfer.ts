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
import { isLeader, type LeaderNode, type NodeState, priorityOf } from '../state.ts';
import type { Milliseconds, NodeId } from '../types.ts';

/** @param target Undefined: whoever is best placed. */
export function transferLeadership(node: NodeState, target: NodeId | undefined): TransferAnswer {
  if (!isLeader(node)) return { kind: 'refused', reason: 'not-leader' };
  const to = target ?? bestSuccessor(node);
  if (to === undefined) return { kind: 'refused', reason: 'nobody-follows' };
  if (to === node.id) return { kind: 'refused', reason: 'leads-already' };
  if (!node.configuration.voters.includes(to)) return { kind: 'refused', reason: 'not-a-voter' };
  const { transfer } = node.role;
  if (transfer?.to !== to) begin(node, to);
  return { kind: 'begun', to };
}

/** Of the voters that follow closely the one that should rather lead, then the one with most of our log. */
function bestSuccessor(node: LeaderNode): NodeId | undefined {
  const matchIndexOf = (id: NodeId) => node.role.progress.get(id)?.matchIndex ?? 0;
  const isBetter = (a: NodeId, b: NodeId) => {
    const difference = priorityOf(node, a) - priorityOf(node, b);
    return difference === 0 ? matchIndexOf(a) > matchIndexOf(b) : difference > 0;
  };
  let best: NodeId | undefined;
  for (const id of node.configuration.voters) {
    if (followsClosely(node, id) && (best === undefined || isBetter(id, best))) best = id;
  }
  return best;
}

function begin(node: LeaderNode, to: NodeId): void {
  const deadline = node.now + node.options.electionTimeoutMs;
  node.role.transfer = { to, deadline, toldAt: -Infinity };
}

/** Election timeouts between two offers to a preferred server that did not take the lead. */
const PATIENCE = 10;

/**
 * A server that should rather lead gets the lead when it follows closely: nobody has to fight for
 * it, and one that is away or behind is not waited for.
 */
export function preferHigherPriority(node: LeaderNode): void {
  const { role, options, now } = node;
  if (role.transfer !== undefined || now < role.mayPreferFrom) return;
  let best = node.id;
  for (const id of node.configuration.voters) {
    if (priorityOf(node, id) > priorityOf(node, best) && followsClosely(node, id)) best = id;
  }
  if (best === node.id) return;
  role.mayPreferFrom = now + PATIENCE * options.electionTimeoutMs;
  begin(node, best);
}

/** Holds all that is committed, and has just been heard. */
function followsClosely({ role, options, now, commitIndex }: LeaderNode, id: NodeId): boolean {
  const progress = role.progress.get(id);
  if (progress?.mode.kind !== 'replicate') return false;
  const isHeard = progress.lastHeardAt > now - 2 * options.heartbeatIntervalMs;
  return isHeard && progress.matchIndex >= commitIndex;
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
