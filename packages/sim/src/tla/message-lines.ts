/** How the messages of our core are written in a trace. */

import type { AppendEntries, InstallSnapshot, LogIndex, Message, Term } from '@quorate/core';
import { lastIndexOf } from '@quorate/core';
import type { LineMessage, MessageType } from './line.ts';

export interface ToldMessage {
  readonly sendEvent: string;
  readonly receiveEvent: string;
  readonly message: LineMessage;
}

/**
 * Undefined for what the specification knows nothing of. An `installSnapshot` is written by
 * `snapshotAsAppend`.
 */
export function messageLine(message: Message): ToldMessage | undefined {
  switch (message.kind) {
    case 'requestVote': {
      const { lastLogIndex: index, lastLogTerm: logTerm } = message;
      return told('RequestVoteRequest', line(message, 'MsgVote', { index, logTerm }));
    }
    case 'requestVoteReply': {
      const reject = !message.isGranted;
      return told('RequestVoteResponse', line(message, 'MsgVoteResp', { reject }));
    }
    case 'appendEntries':
      return told('AppendEntriesRequest', appendLine(message));
    case 'appendAccepted': {
      const { matchIndex: index } = message;
      return told('AppendEntriesResponse', line(message, 'MsgAppResp', { index }));
    }
    case 'appendRejected':
      return told('AppendEntriesResponse', line(message, 'MsgAppResp', { reject: true }));
    default:
      return undefined;
  }
}

export interface SnapshotAppend {
  /** The entry before the first, and how many there are. */
  readonly index: LogIndex;
  readonly term: Term;
  readonly entries: number;
  readonly senderCommit: number;
}

/** As if the leader had sent entries instead of the snapshot that holds them. */
export function snapshotAsAppend(message: InstallSnapshot, append: SnapshotAppend): ToldMessage {
  const { index, term: logTerm, entries, senderCommit } = append;
  const commit = Math.min(senderCommit, index + entries);
  const fields = { index, logTerm, entries, commit };
  return told('AppendEntriesRequest', line(message, 'MsgApp', fields));
}

function appendLine(message: AppendEntries): LineMessage {
  const { prevLogIndex: index, prevLogTerm: logTerm, leaderCommit, batches } = message;
  const last = batches.at(-1);
  const entries = last === undefined ? 0 : lastIndexOf(last) - index;
  const commit = Math.min(leaderCommit, index + entries);
  return line(message, 'MsgApp', { index, logTerm, entries, commit });
}

const told = (what: string, message: LineMessage): ToldMessage => ({
  sendEvent: `Send${what}`,
  receiveEvent: `Receive${what}`,
  message,
});

function line(of: Message, type: MessageType, fields: Partial<LineMessage>): LineMessage {
  const { term, from, to } = of;
  const none = { entries: 0, logTerm: 0, index: 0, commit: 0, reject: false };
  return { type, term, from: String(from), to: String(to), ...none, ...fields };
}
