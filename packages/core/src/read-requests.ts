/**
 * Where reads come from (dissertation §6.4): this server's own clients, or a follower's, which asks
 * the leader. leader/read.ts answers them.
 */

import type { ReadIndexReply, RequestReadIndex } from './messages.ts';
import { isLeader, type NodeState } from './state.ts';

/** Questions of this server's own that may wait. A driver asks one for all reads of a turn. */
export const MAX_QUESTIONS = 1_024;

/** A client of this server wants to read. */
export function onReadRequested(node: NodeState, id: number): void {
  if (isLeader(node)) {
    const { waiting } = node.role.reads;
    if (waiting.length < MAX_QUESTIONS) waiting.push({ id, follower: undefined });
    else node.outbox.answerRead({ kind: 'dropped', id });
    return;
  }
  const { leaderId, id: from, currentTerm: term } = node;
  if (node.role.kind !== 'follower' || leaderId === undefined) {
    node.outbox.answerRead({ kind: 'dropped', id });
    return;
  }
  const { readsAtLeader } = node.role;
  readsAtLeader.add(id);
  if (readsAtLeader.size > MAX_QUESTIONS) giveUpOldest(node, readsAtLeader);
  node.outbox.send({ kind: 'requestReadIndex', from, to: leaderId, term, id });
}

/** The leader hears us and does not answer: the newest question will do for all. */
function giveUpOldest(node: NodeState, readsAtLeader: Set<number>): void {
  for (const id of readsAtLeader) {
    readsAtLeader.delete(id);
    node.outbox.answerRead({ kind: 'dropped', id });
    return;
  }
}

/**
 * A follower asks. If we do not lead, it will hear of the new leader and ask there. Its newest
 * question takes the place of an older one that waits, whose answer it includes.
 */
export function onRequestReadIndex(node: NodeState, message: RequestReadIndex): void {
  if (!isLeader(node)) return;
  const { id, from: follower } = message;
  const { waiting } = node.role.reads;
  const at = waiting.findIndex((read) => read.follower === follower);
  if (at < 0) waiting.push({ id, follower });
  else if ((waiting[at]?.id ?? id) < id) waiting[at] = { id, follower };
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
    node.outbox.answerRead({ kind: 'ready', id, readIndex });
    if (id === message.id) return;
  }
}
