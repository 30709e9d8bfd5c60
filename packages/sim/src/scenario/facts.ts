/**
 * What can be said of a message or a trace event, by its kind: the names of their fields. A name that
 * is misspelt must be an error, for it would make every `not` true.
 */

import type { Message, TraceEvent } from '@quorate/core';

/** The compiler refuses a table that lacks a field, or has one that is not there. */
type FieldsOf<Said extends { readonly kind: string }, Other extends string> = {
  readonly [Kind in Said['kind']]: Readonly<
    Record<Exclude<keyof Extract<Said, { readonly kind: Kind }>, 'kind' | Other>, true>
  >;
};

const candidacy = { term: true, lastLogIndex: true, lastLogTerm: true } as const;
const vote = { term: true, isGranted: true } as const;
const question = { term: true, id: true } as const;

/** Besides these `entries`: the terms of what an append carries. */
const MESSAGE_FACTS: FieldsOf<Message, 'from' | 'to' | 'batches' | 'payload'> = {
  requestPreVote: candidacy,
  preVoteReply: vote,
  requestVote: { ...candidacy, isLeadershipTransfer: true },
  requestVoteReply: vote,
  appendEntries: {
    term: true,
    prevLogIndex: true,
    prevLogTerm: true,
    leaderCommit: true,
    round: true,
  },
  appendAccepted: { term: true, matchIndex: true, round: true },
  appendRejected: { term: true, prevLogIndex: true, hintIndex: true, hintTerm: true, round: true },
  installSnapshot: { term: true, snapshot: true },
  requestReadIndex: question,
  readIndexReply: { ...question, readIndex: true },
  forwardProposal: question,
  forwardReply: { ...question, firstIndex: true },
  timeoutNow: { term: true },
  rest: { term: true, index: true, logTerm: true },
  restAccepted: { term: true, index: true },
  wakeUp: { term: true },
};

const decision = { node: true, term: true } as const;

/** Every kind of trace event. */
export const TRACE_FACTS: FieldsOf<TraceEvent, 'configuration'> = {
  becameFollower: { ...decision, leader: true, reason: true },
  becamePreCandidate: decision,
  becameCandidate: decision,
  becameLeader: decision,
  voted: { ...decision, candidate: true, isPreVote: true, verdict: true },
  appended: { ...decision, firstIndex: true, lastIndex: true },
  truncated: { ...decision, fromIndex: true },
  rejectedAppend: { ...decision, leader: true, prevLogIndex: true, hintIndex: true },
  backtracked: { ...decision, follower: true, nextIndex: true },
  committed: { ...decision, index: true },
  snapshotNeeded: { ...decision, follower: true, snapshotIndex: true },
  snapshotInstalled: { ...decision, snapshotIndex: true },
  compacted: { ...decision, firstIndex: true },
  configurationAppended: { ...decision, index: true },
  transferred: { ...decision, to: true },
  followerLostEntries: { ...decision, follower: true, matchIndex: true, hintIndex: true },
  rested: decision,
  woke: decision,
  readConfirmed: { ...decision, readIndex: true, by: true },
};

export const isMessageKind = (word: string): word is Message['kind'] =>
  Object.hasOwn(MESSAGE_FACTS, word);

export const isEventKind = (word: string): word is TraceEvent['kind'] =>
  Object.hasOwn(TRACE_FACTS, word);

/** @throws {RangeError} for a fact that no message of this kind has. */
export function expectMessageFacts(kind: Message['kind'] | '*', names: readonly string[]): void {
  const kinds = kind === '*' ? Object.values(MESSAGE_FACTS) : [MESSAGE_FACTS[kind]];
  const known = new Set(kinds.flatMap((fields) => Object.keys(fields)));
  if (kind === 'appendEntries' || kind === '*') known.add('entries');
  expectKnown(kind === '*' ? 'a message' : kind, known, names);
}

/** @throws {RangeError} for a fact that no event of this kind has. */
export function expectEventFacts(kind: TraceEvent['kind'], names: readonly string[]): void {
  expectKnown(kind, new Set(Object.keys(TRACE_FACTS[kind])), names);
}

function expectKnown(what: string, known: ReadonlySet<string>, names: readonly string[]): void {
  const wrong = names.find((name) => !known.has(name));
  if (wrong === undefined) return;
  throw new RangeError(`${what} has no ${wrong}; it has ${[...known].join(', ')}`);
}
