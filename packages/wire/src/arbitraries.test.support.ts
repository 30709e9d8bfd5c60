import {
  type Batch,
  type Configuration,
  commandBatch,
  configurationBatch,
  type LogIndex,
  type Message,
  type NodeId,
  noopBatch,
  type SnapshotMeta,
  type Term,
} from '@quorate/core';
import fc from 'fast-check';
import { CommandSlab, CommandSlabBuilder } from './command-slab.ts';
import type { Link } from './message-decoder.ts';
import { encodeSessionEntry, type SessionEntry } from './sessions/session-entry.ts';

export const LINK: Link = { from: 1 as NodeId, to: 2 as NodeId };

/** Small ones often, the largest sometimes. */
const number = fc.oneof(fc.nat(1_000), fc.maxSafeNat());
const index = number as fc.Arbitrary<LogIndex>;
const term = fc.oneof(fc.nat(20), fc.maxSafeNat()) as fc.Arbitrary<Term>;

export const command = fc.uint8Array({ maxLength: 40 });
const plainSlab = fc
  .array(command, { minLength: 1, maxLength: 6 })
  .map((commands) => CommandSlab.of(...commands));

/** Distinct servers, each in one of `count` lists, the first of them in the first. Ascending. */
const serverLists = (count: number): fc.Arbitrary<NodeId[][]> =>
  fc
    .uniqueArray(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), {
      minLength: 1,
      maxLength: 9,
    })
    .chain((ids) =>
      fc
        .array(fc.nat(count - 1), { minLength: 9, maxLength: 9 })
        .map((lists) =>
          Array.from({ length: count }, (_, list) =>
            (ids as NodeId[])
              .filter((_, position) => (position === 0 ? 0 : lists[position]) === list)
              .sort((a, b) => a - b),
          ),
        ),
    );

const positive = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
export const sessionEntry: fc.Arbitrary<SessionEntry> = fc.oneof(
  fc.record({ kind: fc.constant('open' as const), timeoutMs: positive, maxSessions: positive }),
  fc
    .record({ session: number, serial: positive, firstOutstanding: positive, command })
    .map(({ serial, firstOutstanding, ...rest }) => ({
      kind: 'command' as const,
      ...rest,
      serial: Math.max(serial, firstOutstanding),
      firstOutstanding: Math.min(serial, firstOutstanding),
    })),
  fc.record({ kind: fc.constant('renew' as const), session: number, firstOutstanding: number }),
  fc.record({ kind: fc.constant('close' as const), session: number }),
  fc.record({ kind: fc.constant('clock' as const), elapsedMs: number }),
);
const sessionSlab = fc.array(sessionEntry, { minLength: 1, maxLength: 6 }).map((entries) => {
  const builder = new CommandSlabBuilder();
  for (const entry of entries) builder.append(encodeSessionEntry(entry));
  return builder.seal(true);
});
export const slab = fc.oneof(plainSlab, sessionSlab);

export const configuration: fc.Arbitrary<Configuration> = fc
  .tuple(serverLists(4), fc.option(serverLists(2)), fc.array(fc.string({ unit: 'grapheme' })))
  .map(([lists, following, texts]) => {
    const [voters, outgoing, learners, removed] = lists as [NodeId[], NodeId[], NodeId[], NodeId[]];
    const [nextVoters, nextLearners] = (following ?? []) as NodeId[][];
    const next =
      nextVoters && nextLearners ? { voters: nextVoters, learners: nextLearners } : undefined;
    const addresses = voters.slice(0, texts.length).map((id, at) => ({ id, address: texts[at]! }));
    return { voters, outgoing, learners, removed, next, addresses };
  });

export const snapshotMeta: fc.Arbitrary<SnapshotMeta> = fc
  .tuple(number, fc.nat(20), configuration)
  .map(([at, of, members]) => {
    return { index: Math.max(at, 1) as LogIndex, term: (of + 1) as Term, configuration: members };
  });

/** Consecutive batches after (previousIndex, previousTerm), of terms that do not fall. */
export function batchesAfter(previousIndex: number, previousTerm: number): fc.Arbitrary<Batch[]> {
  const content = fc.oneof(
    slab.map((payload) => ({ kind: 'commands' as const, payload })),
    fc.constant({ kind: 'noop' as const }),
    configuration.map((members) => ({ kind: 'configuration' as const, members })),
  );
  return fc.array(fc.tuple(content, fc.nat(2)), { maxLength: 4 }).map((steps) => {
    let next = previousIndex + 1;
    let of = Math.max(previousTerm, 1);
    return steps.map(([step, rise]): Batch => {
      of += rise;
      const first = next as LogIndex;
      next += step.kind === 'commands' ? step.payload.count : 1;
      if (step.kind === 'commands') return commandBatch(of as Term, first, step.payload);
      if (step.kind === 'noop') return noopBatch(of as Term, first);
      return configurationBatch(of as Term, first, step.members);
    });
  });
}

const last = fc.oneof(
  fc.constant({ index: 0 as LogIndex, term: 0 as Term }),
  fc.tuple(fc.integer({ min: 1, max: 2 ** 50 }), fc.integer({ min: 1, max: 9 })).map(([at, of]) => {
    return { index: at as LogIndex, term: of as Term };
  }),
);

const appendEntries = last.chain((previous) =>
  fc.record({
    kind: fc.constant('appendEntries' as const),
    from: fc.constant(LINK.from),
    to: fc.constant(LINK.to),
    term: fc.constant(30 as Term),
    prevLogIndex: fc.constant(previous.index),
    prevLogTerm: fc.constant(previous.term),
    leaderCommit: index,
    round: number,
    batches: batchesAfter(previous.index, previous.term),
  }),
);

const envelope = { from: fc.constant(LINK.from), to: fc.constant(LINK.to) };

/** Every kind of message, well formed. */
export const message: fc.Arbitrary<Message> = fc.oneof(
  vote('requestPreVote'),
  vote('requestVote').chain((request) =>
    fc.boolean().map((isLeadershipTransfer) => ({ ...request, isLeadershipTransfer })),
  ),
  reply('preVoteReply'),
  reply('requestVoteReply'),
  appendEntries,
  fc.record({
    kind: fc.constant('appendAccepted' as const),
    ...envelope,
    term,
    matchIndex: index,
    round: number,
  }),
  fc.tuple(term, index, fc.nat(5), term, number).map(([of, at, back, hintTerm, round]) => ({
    kind: 'appendRejected' as const,
    ...LINK,
    term: of,
    prevLogIndex: at,
    hintIndex: Math.max(0, at - back) as LogIndex,
    hintTerm,
    round,
  })),
  snapshotMeta.map((snapshot) => ({
    kind: 'installSnapshot' as const,
    ...LINK,
    term: (snapshot.term + 1) as Term,
    snapshot,
  })),
  fc.record({ kind: fc.constant('requestReadIndex' as const), ...envelope, term, id: number }),
  fc.record({
    kind: fc.constant('readIndexReply' as const),
    ...envelope,
    term,
    id: number,
    readIndex: index,
  }),
  fc.record({
    kind: fc.constant('forwardProposal' as const),
    ...envelope,
    term,
    id: number,
    payload: slab,
  }),
  fc.record({
    kind: fc.constant('forwardReply' as const),
    ...envelope,
    term,
    id: number,
    firstIndex: index,
  }),
  fc.record({ kind: fc.constant('timeoutNow' as const), ...envelope, term }),
  fc.record({ kind: fc.constant('wakeUp' as const), ...envelope, term }),
  fc.record({ kind: fc.constant('restAccepted' as const), ...envelope, term, index }),
  last.map(({ index: at, term: logTerm }) => ({
    kind: 'rest' as const,
    ...LINK,
    term: (logTerm + 1) as Term,
    index: at,
    logTerm,
  })),
);

function vote<Kind extends 'requestVote' | 'requestPreVote'>(kind: Kind) {
  return last.map((entry) => ({
    kind,
    ...LINK,
    term: (entry.term + 1) as Term,
    lastLogIndex: entry.index,
    lastLogTerm: entry.term,
  }));
}

function reply<Kind extends 'preVoteReply' | 'requestVoteReply'>(kind: Kind) {
  return fc.record({ kind: fc.constant(kind), ...envelope, term, isGranted: fc.boolean() });
}

/** The same with every payload as plain arrays, to be compared. */
export function plain(value: Message | readonly Batch[]): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, part) =>
      part instanceof CommandSlab
        ? { isOfSessions: part.isOfSessions, commands: [...part].map((bytes) => [...bytes]) }
        : part,
    ),
  );
}

export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
