/**
 * What a server does with a leader's messages (§5.3, Figure 2).
 *
 * Runs after the term gate, so every message here is of the current term. Decides what the log
 * becomes and what is answered; when the answer may leave is the business of effects.ts.
 */

import { lastIndexOf } from './entry.ts';
import { invariant } from './invariant.ts';
import type { AppendEntries, InstallSnapshot } from './messages.ts';
import type { NodeState } from './state.ts';
import { type LogIndex, largerIndex, type NodeId, nextIndex, smallerIndex } from './types.ts';

/** AppendEntries receiver (Figure 2). */
export function onAppendEntries(node: NodeState, message: AppendEntries): void {
  invariant(message.term === node.currentTerm, 'termGateRan', message.term, node.currentTerm);
  if (!followLeader(node, message.from)) return;

  const { log, outbox, id: from, currentTerm: term } = node;
  const { prevLogIndex, prevLogTerm, round } = message;

  // What we have committed, the leader has too (Leader Completeness): the message is an old one.
  if (prevLogIndex < node.commitIndex) {
    outbox.acknowledge(message.from, term, node.commitIndex, round);
    return;
  }
  if (!log.matches({ index: prevLogIndex, term: prevLogTerm })) {
    // Skip the whole conflicting term at once instead of one index per round trip (§5.3, end).
    // A refusal promises nothing about our disk, so it need not wait for the write.
    const hint = log.lastAtOrBelowTerm(prevLogIndex, prevLogTerm);
    const { index: hintIndex, term: hintTerm } = hint;
    const to = message.from;
    outbox.send({
      kind: 'appendRejected',
      from,
      to,
      term,
      prevLogIndex,
      hintIndex,
      hintTerm,
      round,
    });
    node.trace?.({ kind: 'rejectedAppend', node: from, term, leader: to, prevLogIndex, hintIndex });
    return;
  }

  // The disk does not keep up. Without its entries the message is a heartbeat, and they come again.
  // One leader's window bounds what it sends; leader after leader, each with a window of its own,
  // would add up.
  const isTooMuch = log.unwrittenBytes >= node.options.maxUnwrittenBytes;
  const batches = isTooMuch ? [] : message.batches;
  const last = batches[batches.length - 1];
  const lastNewIndex = last === undefined ? prevLogIndex : lastIndexOf(last);
  const cutFrom = log.reconcile(batches, node.commitIndex);
  if (cutFrom !== undefined) {
    node.trace?.({ kind: 'truncated', node: from, term, fromIndex: cutFrom });
  }
  if (last !== undefined) {
    const firstIndex = nextIndex(prevLogIndex);
    node.trace?.({ kind: 'appended', node: from, term, firstIndex, lastIndex: lastNewIndex });
  }
  // Only what this message vouches for: our log may hold a longer, conflicting tail (Figure 2, 5).
  advanceCommit(node, smallerIndex(message.leaderCommit, lastNewIndex));
  outbox.acknowledge(message.from, term, lastNewIndex, round);
}

/**
 * InstallSnapshot receiver (Figure 13, §7). The driver has the snapshot's data already, durable and
 * verified; the message only says what it stands for.
 */
export function onInstallSnapshot(node: NodeState, message: InstallSnapshot): void {
  invariant(message.term === node.currentTerm, 'termGateRan', message.term, node.currentTerm);
  if (!followLeader(node, message.from)) return;

  const { snapshot } = message;
  if (snapshot.index > node.commitIndex) {
    if (node.log.matches({ index: snapshot.index, term: snapshot.term })) {
      // We have all that the snapshot stands for and perhaps more: keep it (Figure 13, 6).
      advanceCommit(node, snapshot.index);
    } else {
      replaceLog(node, message);
    }
  }
  const matchIndex = largerIndex(snapshot.index, node.commitIndex);
  node.outbox.acknowledge(message.from, node.currentTerm, matchIndex, 0);
}

/** Our log conflicts with the snapshot or ends before it: the snapshot takes its place (Figure 13, 7). */
function replaceLog(node: NodeState, { snapshot }: InstallSnapshot): void {
  node.log.restore(snapshot);
  node.snapshot = snapshot;
  node.commitThrough(snapshot.index);
  node.outbox.restore = snapshot;
  const { id, currentTerm: term } = node;
  node.trace?.({ kind: 'snapshotInstalled', node: id, term, snapshotIndex: snapshot.index });
}

/**
 * There is one leader per term, so whoever sends this is it. A candidate of the same term lost the
 * election and becomes its follower (§5.2). A leader of the same term cannot be spoken to by
 * another: such a message comes from a server with a false identity, and is not heard.
 */
export function followLeader(node: NodeState, leader: NodeId): boolean {
  if (node.role.kind === 'leader') return false;
  if (node.role.kind !== 'follower') {
    node.becomeFollower(leader, 'leader-of-this-term');
  } else if (node.role.leaderId === undefined) {
    node.role.leaderId = leader;
    const { id, currentTerm: term } = node;
    node.trace?.({ kind: 'becameFollower', node: id, term, leader, reason: 'leader-of-this-term' });
  } else if (node.role.leaderId !== leader) {
    return false;
  }
  node.leaderHeardAt = node.now;
  if (node.role.kind === 'follower') {
    node.role.electionDeadline = node.now + node.role.electionTimeoutMs;
  }
  return true;
}

function advanceCommit(node: NodeState, index: LogIndex): void {
  if (index > node.commitIndex) node.commitThrough(index);
}
