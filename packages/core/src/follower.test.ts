import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configurationOf } from './configuration/configuration.ts';
import { configurationBatch } from './entry.ts';
import { batchOf, Server } from './testing.test.support.ts';
import type { LogIndex, Term } from './types.ts';

const VOTERS = [1, 2, 3];

/** An AppendEntries from server 2; entries as `[term, firstIndex, count]`. */
function append(
  term: number,
  previous: [index: number, term: number],
  entries: readonly [number, number, number?][],
  leaderCommit = 0,
): never {
  const [prevLogIndex, prevLogTerm] = previous;
  const batches = entries.map(([entryTerm, first, count]) => batchOf(entryTerm, first, count));
  const fields = { prevLogIndex, prevLogTerm, leaderCommit, round: 0, batches };
  return { kind: 'appendEntries', from: 2, term, ...fields } as never;
}

test('an acceptance leaves only when the entries are durable (§5.3)', () => {
  const server = new Server(1, VOTERS);
  server.receive(append(1, [0, 0], [[1, 1, 3]]));
  assert.deepEqual(server.takeSent(), []);
  server.finishWrites();
  const [reply] = server.takeSent();
  assert.ok(reply?.kind === 'appendAccepted' && reply.matchIndex === 3);
});

test('appends of one turn are acknowledged once', () => {
  const server = new Server(1, VOTERS);
  const { raft } = server;
  for (const [previous, first] of [
    [0, 1],
    [2, 3],
    [4, 5],
  ] as const) {
    const message = append(1, [previous, previous === 0 ? 0 : 1], [[1, first, 2]]) as object;
    raft.step({ kind: 'received', message: { ...message, to: 1 } as never }, 0);
  }
  server.collect();
  server.finishWrites();
  const replies = server.takeSent();
  assert.equal(replies.length, 1);
  assert.ok(replies[0]?.kind === 'appendAccepted' && replies[0].matchIndex === 6);
});

test('what one leader was promised is not promised to the next one of the same turn', () => {
  const follower = new Server(2, [1, 2, 3], [1], { term: 1 });
  const entries = { prevLogIndex: 1, prevLogTerm: 1, leaderCommit: 0, round: 0 };
  const received = (message: object): void =>
    follower.raft.step(
      { kind: 'received', message: { ...entries, ...message, to: 2 } as never },
      0,
    );
  received({ kind: 'appendEntries', from: 1, term: 1, batches: [batchOf(1, 2, 4)] });
  received({ kind: 'appendEntries', from: 3, term: 2, batches: [batchOf(2, 2)] });
  follower.collect();
  follower.finishWrites();
  const accepted = follower.sent.filter(({ kind }) => kind === 'appendAccepted');
  assert.deepEqual(
    accepted.map((message) => [
      message.to,
      message.term,
      'matchIndex' in message && message.matchIndex,
    ]),
    [[3, 2, 2]],
  );
});

test('without the previous entry everything is refused, heartbeats too (Figure 2, 2)', () => {
  const server = new Server(1, VOTERS, [1, 1]);
  for (const entries of [[[1, 4, 1]], []] as [number, number, number][][]) {
    server.receive(append(1, [3, 1], entries));
    const [reply] = server.takeSent();
    assert.ok(reply?.kind === 'appendRejected');
    assert.deepEqual([reply.prevLogIndex, reply.hintIndex, reply.hintTerm], [3, 2, 1]);
  }
  assert.equal(server.raft.lastIndex, 2);
});

test('a refusal skips the whole conflicting term (§5.3, end)', () => {
  const server = new Server(1, VOTERS, [1, 2, 2, 2, 3, 3]);
  server.receive(append(4, [6, 2], []));
  const [reply] = server.takeSent();
  assert.ok(reply?.kind === 'appendRejected');
  assert.deepEqual([reply.hintIndex, reply.hintTerm], [4, 2]);
});

test('only a conflicting entry cuts the log, and all after it (Figure 2, 3)', () => {
  const server = new Server(1, VOTERS, [1, 1, 2, 2]);
  server.receive(
    append(
      3,
      [1, 1],
      [
        [1, 2, 1],
        [3, 3, 1],
      ],
    ),
  );
  assert.equal(server.raft.lastIndex, 3);
  assert.deepEqual(server.trace.filter(({ kind }) => kind === 'truncated').length, 1);
  assert.deepEqual(
    server.writes[0]?.batches.map(({ term, firstIndex }) => [term, firstIndex]),
    [[3, 3]],
  );
});

test('what replaces entries of a newer term may be of an older one (§5.3)', () => {
  const server = new Server(1, VOTERS, [1, 1, 3, 3], { term: 3 });
  server.receive(append(4, [2, 1], [[2, 3, 1]]));
  server.finishWrites();
  assert.equal(server.raft.lastIndex, 3);
  server.takeSent();
  server.receive(append(4, [9, 4], []));
  const [reply] = server.takeSent();
  assert.ok(reply?.kind === 'appendRejected');
  assert.deepEqual([reply.hintIndex, reply.hintTerm], [3, 2]);
});

test('a late, shorter append removes nothing (hazard 5)', () => {
  const server = new Server(1, VOTERS);
  server.receive(append(1, [0, 0], [[1, 1, 5]]));
  server.finishWrites();
  server.receive(append(1, [0, 0], [[1, 1, 2]]));
  server.receive(append(1, [1, 1], []));
  assert.equal(server.raft.lastIndex, 5);
  assert.equal(server.writes.length, 0);
});

test('an append that overlaps adds only what is new', () => {
  const server = new Server(1, VOTERS, [1, 1, 1]);
  server.receive(append(1, [1, 1], [[1, 2, 4]]));
  assert.deepEqual(
    server.writes[0]?.batches.map(({ firstIndex, count }) => [firstIndex, count]),
    [[4, 2]],
  );
});

test('commitIndex follows only what the message vouches for (Figure 2, 5; hazard 6)', () => {
  const server = new Server(1, VOTERS, [1, 1, 1, 1]);
  server.receive(append(2, [2, 1], [], 4));
  assert.equal(server.raft.commitIndex, 2);
});

test('an append from before commitIndex is answered with commitIndex and changes nothing', () => {
  const server = new Server(1, VOTERS, [1, 1, 1], { term: 1, commitIndex: 3 });
  server.receive(append(1, [1, 1], [[9, 2, 1]]));
  const [reply] = server.takeSent();
  assert.ok(reply?.kind === 'appendAccepted' && reply.matchIndex === 3);
  assert.equal(server.raft.lastIndex, 3);
});

test('entries are handed to the state machine once, in order, and only when durable', () => {
  const server = new Server(1, VOTERS);
  server.receive(append(1, [0, 0], [[1, 1, 2]], 2));
  assert.equal(server.raft.commitIndex, 2);
  assert.deepEqual(server.committed, []);
  server.finishWrites();
  server.receive(append(1, [2, 1], [[1, 3, 1]], 3));
  server.finishWrites();
  assert.deepEqual(
    server.committed.map(({ firstIndex, count }) => [firstIndex, count]),
    [
      [1, 2],
      [3, 1],
    ],
  );
});

test('a completion for an overwritten entry counts for nothing, though the term returns (hazard 10)', () => {
  const server = new Server(1, VOTERS);
  server.receive(append(1, [0, 0], [[1, 1, 1]]));
  server.receive(append(2, [0, 0], [[2, 1, 1]]));
  // The leader of term 3 has entry 1 of term 1 and brings it back.
  server.receive(append(3, [0, 0], [[1, 1, 1]]));
  server.takeSent();
  server.finishWrites(1);
  assert.equal(server.raft.status().durableIndex, 0, 'the disk holds the first writing of entry 1');
  server.finishWrites(1);
  assert.equal(server.raft.status().durableIndex, 0);
  server.finishWrites(1);
  assert.equal(server.raft.status().durableIndex, 1);
});

const snapshot = (index: number, term: number) =>
  ({
    kind: 'installSnapshot',
    from: 2,
    term: 5,
    snapshot: {
      index,
      term,
      configuration: { voters: VOTERS, outgoing: [], learners: [], removed: [] },
    },
  }) as never;

test('a snapshot replaces a log that ends before it or conflicts with it (Figure 13, 7)', () => {
  for (const terms of [
    [1, 1],
    [1, 1, 1, 2, 2, 2],
  ]) {
    const server = new Server(1, VOTERS, terms);
    server.receive(snapshot(5, 3));
    assert.deepEqual(
      server.restored.map(({ index }) => index),
      [5],
    );
    assert.equal(server.writes[0]?.snapshot?.index, 5);
    assert.deepEqual(server.takeSent(), []);
    server.finishWrites();
    const [reply] = server.takeSent();
    assert.ok(reply?.kind === 'appendAccepted' && reply.matchIndex === 5);
    assert.deepEqual([server.raft.lastIndex, server.raft.commitIndex], [5, 5]);
  }
});

test('a snapshot keeps a log that holds it and goes on (Figure 13, 6)', () => {
  const server = new Server(1, VOTERS, [1, 3, 3, 3]);
  server.receive(snapshot(2, 3));
  assert.deepEqual([server.raft.lastIndex, server.raft.commitIndex], [4, 2]);
  assert.deepEqual(server.restored, []);
});

test('a snapshot never goes behind what is committed (hazard 23)', () => {
  const server = new Server(1, VOTERS, [1, 1, 1], { term: 1, commitIndex: 3 });
  server.receive(snapshot(2, 1));
  assert.deepEqual([server.raft.lastIndex, server.raft.commitIndex], [3, 3]);
  assert.deepEqual(server.restored, []);
});

test('a configuration is in force when it is in the log, and no longer when it is cut (§6)', () => {
  const server = new Server(1, VOTERS, [1]);
  const configuration = configurationOf([1, 2, 3, 4]);
  const batch = configurationBatch(1 as Term, 2 as LogIndex, configuration);
  const fields = { prevLogIndex: 1, prevLogTerm: 1, leaderCommit: 0, round: 0, batches: [batch] };
  server.receive({ kind: 'appendEntries', from: 2, term: 1, ...fields } as never);
  assert.deepEqual(server.raft.status().configuration.voters, [1, 2, 3, 4]);
  server.receive(append(2, [1, 1], [[2, 2, 1]]));
  assert.deepEqual(server.raft.status().configuration.voters, VOTERS);
});

test('what replaces durable entries is not durable before its own write (hazard 7)', () => {
  const server = new Server(1, VOTERS, [1, 1, 1]);
  server.receive(append(2, [1, 1], [[2, 2, 2]]));
  assert.deepEqual([server.raft.lastIndex, server.raft.status().durableIndex], [3, 1]);
  assert.deepEqual(server.takeSent(), []);
  server.finishWrites();
  assert.equal(server.raft.status().durableIndex, 3);
});

test('a completion for entries that a snapshot replaced counts for nothing (hazards 10, 23)', () => {
  const server = new Server(1, VOTERS);
  server.receive(append(1, [0, 0], [[1, 1, 9]]));
  server.receive(snapshot(5, 3));
  server.receive(append(5, [5, 3], [[5, 6, 4]]));
  server.finishWrites(1);
  assert.equal(server.raft.status().durableIndex, 5, 'entries 6 to 9 of term 1 are gone');
  server.finishWrites();
  assert.equal(server.raft.status().durableIndex, 9);
});

test('a late snapshot does not go behind what a newer one brought (hazard 23)', () => {
  const server = new Server(1, VOTERS);
  server.receive(snapshot(5, 3));
  server.receive(snapshot(4, 3));
  server.finishWrites();
  assert.deepEqual([server.raft.lastIndex, server.raft.commitIndex], [5, 5]);
  assert.equal(server.restored.length, 1);
  const [reply] = server.takeSent();
  assert.ok(reply?.kind === 'appendAccepted' && reply.matchIndex === 5);
});

test('the configuration of an installed snapshot is in force, joint or not (hazard 23)', () => {
  const server = new Server(1, VOTERS, [1, 1]);
  const configuration = { voters: [1, 4], outgoing: VOTERS, learners: [5], removed: [9] };
  const meta = { index: 5, term: 3, configuration };
  server.receive({ kind: 'installSnapshot', from: 2, term: 5, snapshot: meta } as never);
  assert.deepEqual(server.raft.status().configuration, configuration);
});
