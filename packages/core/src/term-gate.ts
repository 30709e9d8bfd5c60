/**
 * Terms first (§5.1; Figure 2, Rules for All Servers): a message of an older term is refused or
 * dropped, a message of a newer term makes this server a follower of that term. What passes is of
 * the current term, so no handler behind this gate compares terms again.
 */

import { onRequestPreVote, onRequestVote } from './election.ts';
import type { Message } from './messages.ts';
import type { NodeState } from './state.ts';
import { INDEX_ZERO, TERM_ZERO } from './types.ts';

/** Returns true if the message is of the current term now and its handler should see it. */
export function passesTermGate(node: NodeState, message: Message): boolean {
  switch (message.kind) {
    // A vote that is refused because our leader lives must not even raise our term (dissertation
    // §4.2.3), and a pre-vote's term is only asked about. election.ts judges both.
    case 'requestPreVote':
      onRequestPreVote(node, message);
      return false;
    case 'requestVote':
      onRequestVote(node, message);
      return false;
    case 'preVoteReply':
      // Granted: repeats the term that was asked for, which nobody has entered yet.
      if (message.isGranted) return true;
      break;
    // Says where a command stands in the log of a term; a later term does not unsay it.
    case 'forwardReply':
      if (message.term < node.currentTerm) return true;
      break;
  }
  if (message.term < node.currentTerm) {
    refuse(node, message);
    return false;
  }
  if (message.term > node.currentTerm) {
    const { kind } = message;
    const isFromLeader = kind === 'appendEntries' || kind === 'installSnapshot' || kind === 'rest';
    node.enterTerm(message.term);
    node.becomeFollower(isFromLeader ? message.from : undefined, 'higher-term');
  }
  return true;
}

/** Tells a deposed leader the newer term, so that it steps down; late replies say nothing to us. */
function refuse(node: NodeState, message: Message): void {
  const { id: from, currentTerm: term } = node;
  const to = message.from;
  switch (message.kind) {
    case 'appendEntries':
    case 'installSnapshot':
    case 'rest':
      node.outbox.send({
        kind: 'appendRejected',
        from,
        to,
        term,
        prevLogIndex: INDEX_ZERO,
        hintIndex: INDEX_ZERO,
        hintTerm: TERM_ZERO,
        round: 0,
      });
      return;
    case 'forwardProposal':
      node.outbox.send({
        kind: 'forwardReply',
        from,
        to,
        term,
        id: message.id,
        firstIndex: INDEX_ZERO,
      });
      return;
  }
}
