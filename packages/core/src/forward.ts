/**
 * Proposals that a follower passes on. Nothing is promised: the answer says where the commands
 * stand in the leader's log, and whether they commit is seen in one's own.
 */

import type { Payload } from './entry.ts';
import { propose } from './leader/leader.ts';
import type { ForwardProposal, ForwardReply } from './messages.ts';
import { isLeader, type NodeState } from './state.ts';
import { INDEX_ZERO } from './types.ts';

/** A client of this server has commands for whoever leads. */
export function onForwardRequested(node: NodeState, id: number, payload: Payload): void {
  const { outbox, leaderId, id: from, currentTerm: term } = node;
  if (leaderId === undefined) {
    outbox.answerForwarded({ kind: 'refused', id });
  } else if (leaderId === node.id) {
    const proposed = propose(node, payload);
    if (proposed.kind === 'refused') outbox.answerForwarded({ kind: 'refused', id });
    else outbox.answerForwarded({ kind: 'appended', id, firstIndex: proposed.firstIndex, term });
  } else {
    outbox.send({ kind: 'forwardProposal', from, to: leaderId, term, id, payload });
  }
}

/** A follower's client's commands. Whether or not we lead, the follower is told. */
export function onForwardProposal(node: NodeState, message: ForwardProposal): void {
  const proposed = propose(node, message.payload);
  if (isLeader(node) && proposed.kind === 'appended') {
    const progress = node.role.progress.get(message.from);
    if (progress !== undefined) progress.awaitedCommit = node.log.lastIndex;
  }
  node.outbox.send({
    kind: 'forwardReply',
    from: node.id,
    to: message.from,
    term: node.currentTerm,
    id: message.id,
    firstIndex: proposed.kind === 'appended' ? proposed.firstIndex : INDEX_ZERO,
  });
}

export function onForwardReply(node: NodeState, message: ForwardReply): void {
  const { id, firstIndex, term } = message;
  if (firstIndex === INDEX_ZERO) node.outbox.answerForwarded({ kind: 'refused', id });
  else node.outbox.answerForwarded({ kind: 'appended', id, firstIndex, term });
}
