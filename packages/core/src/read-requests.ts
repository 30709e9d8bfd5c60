/**
 * Where reads come from (dissertation §6.4): this server's own clients, or a follower's, which asks
 * the leader. leader/read.ts answers them.
 */

import type { ReadIndexReply, RequestReadIndex } from './messages.ts';
import { isLeader, type NodeState } from './state.ts';

/** A client of this server wants to read. */
export function onReadRequested(node: NodeState, id: number): void {
  if (isLeader(node)) {
    node.role.reads.waiting.push({ id, follower: undefined });
    return;
  }
  const { leaderId, id: from, currentTerm: term } = node;
  if (node.role.kind !== 'follower' || leaderId === undefined) {
    node.outbox.reads.push({ kind: 'dropped', id });
    return;
  }
  node.role.readsAtLeader.add(id);
  node.outbox.send({ kind: 'requestReadIndex', from, to: leaderId, term, id });
}

/** A follower asks. If we do not lead, it will hear of the new leader and ask there. */
export function onRequestReadIndex(node: NodeState, message: RequestReadIndex): void {
  if (!isLeader(node)) return;
  node.role.reads.waiting.push({ id: message.id, follower: message.from });
}

/**
 * What holds for this question holds for every earlier one, whose answer may be lost. An answer to a
 * question that we do not know, asked before a restart perhaps, is too old to say anything.
 */
export function onReadIndexReply(node: NodeState, message: ReadIndexReply): void {
  if (node.role.kind !== 'follower') return;
  const { readsAtLeader } = node.role;
  if (!readsAtLeader.has(message.id)) return;
  const { readIndex } = message;
  // A set keeps the order in which its members came.
  for (const id of readsAtLeader) {
    readsAtLeader.delete(id);
    node.outbox.reads.push({ kind: 'ready', id, readIndex });
    if (id === message.id) return;
  }
}
