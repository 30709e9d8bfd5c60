/** What can happen to one server, and the words for it. */

import type { Message, NodeId } from '@quorate/core';
import { entryNames, letterOf } from './commands.ts';

export type Happening =
  | { readonly kind: 'deliver'; readonly message: Message }
  /** Its deadline comes: an election, or a leader's heartbeats. */
  | { readonly kind: 'deadline' }
  /** It has not heard its leader for the shortest election timeout; its own deadline is later. */
  | { readonly kind: 'silence' }
  /** A leader has not heard a quorum for an election timeout. */
  | { readonly kind: 'noQuorum' }
  | { readonly kind: 'propose'; readonly command: number }
  /** A client wants to read here; `id` counts the questions. */
  | { readonly kind: 'read'; readonly id: number }
  /** A leader is to change the membership. */
  | { readonly kind: 'change'; readonly voters: readonly NodeId[] }
  /** The oldest write in flight is durable. */
  | { readonly kind: 'written' }
  /** It stops, and starts again with the oldest `survivingWrites` of the writes in flight. */
  | { readonly kind: 'crash'; readonly survivingWrites: number };

/** How a list of choices writes it. Two happenings at one server have the same words if they are the same. */
export function wordsOf(happening: Happening): string {
  switch (happening.kind) {
    case 'deliver':
      return messageWords(happening.message);
    case 'propose':
      return `propose ${letterOf(happening.command)}`;
    case 'read':
      return `read ${happening.id}`;
    case 'change':
      return `change to ${happening.voters.join('+')}`;
    case 'crash':
      return `crash +${happening.survivingWrites}`;
    default:
      return happening.kind;
  }
}

/** Every field but `to`, which a list of choices names first. What stands for a round: rounds.ts. */
function messageWords(message: Message): string {
  const { kind, from, term } = message;
  const head = `${kind} from ${from} term ${term}`;
  switch (message.kind) {
    case 'timeoutNow':
      return head;
    case 'requestVote': {
      const isAsked = message.isLeadershipTransfer ? ' as asked' : '';
      return `${head} last ${message.lastLogIndex}@${message.lastLogTerm}${isAsked}`;
    }
    case 'requestPreVote':
      return `${head} last ${message.lastLogIndex}@${message.lastLogTerm}`;
    case 'requestVoteReply':
    case 'preVoteReply':
      return `${head} ${message.isGranted ? 'yes' : 'no'}`;
    case 'appendEntries': {
      const { prevLogIndex, prevLogTerm, leaderCommit, round, batches } = message;
      const entries = entryNames(batches).join(',');
      return `${head} after ${prevLogIndex}@${prevLogTerm} [${entries}] commit ${leaderCommit} age ${round}`;
    }
    case 'appendAccepted':
      return `${head} match ${message.matchIndex} age ${message.round}`;
    case 'appendRejected': {
      const { prevLogIndex, hintIndex, hintTerm, round } = message;
      return `${head} at ${prevLogIndex} hint ${hintIndex}@${hintTerm} age ${round}`;
    }
    case 'requestReadIndex':
      return `${head} read ${message.id}`;
    case 'readIndexReply':
      return `${head} read ${message.id} at ${message.readIndex}`;
    default:
      throw new Error(`a small world has no ${kind}`);
  }
}
