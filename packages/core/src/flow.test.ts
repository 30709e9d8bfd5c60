import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Batch, lastIndexOf } from './entry.ts';
import { RaftLog } from './log/log.ts';
import { MAX_QUESTIONS } from './read-requests.ts';
import { batchOf, payloadOf, Server, settle, storedLog } from './testing.test.support.ts';
import type { LogIndex } from './types.ts';

const VOTERS = [1, 2, 3];

const bytesOf = (batches: readonly Batch[]): number =>
  batches.reduce((sum, { byteLength }) => sum + byteLength, 0);

/** What the driver of a server holds for its disk. */
const unwritten = (server: Server): number =>
  bytesOf(server.writes.flatMap(({ batches }) => batches));

const append = (
  from: number,
  term: number,
  prevLogIndex: number,
  prevLogTerm: number,
  batch: Batch,
) =>
  ({
    kind: 'appendEntries',
    from,
    term,
    prevLogIndex,
    prevLogTerm,
    leaderCommit: 0,
    round: 0,
    batches: [batch],
  }) as never;

test('a follower whose disk hangs holds a bounded number of bytes, whoever sends and whatever is overwritten', () => {
  const maxUnwrittenBytes = 1_000;
  const server = new Server(1, VOTERS, [], undefined, { maxUnwrittenBytes });
  const batch = batchOf(1, 1, 10);
  for (let leader = 1; leader <= 100; leader += 1) {
    // Each leads for a term, overwrites what the one before has sent, and is never answered.
    server.receive(append(2 + (leader % 2), leader, 0, 0, batchOf(leader, 1, 10)));
    assert.ok(unwritten(server) < maxUnwrittenBytes + batch.byteLength, `${unwritten(server)}`);
  }
  assert.ok(unwritten(server) >= maxUnwrittenBytes, 'the limit was reached');
  assert.equal(server.raft.term, 100, 'each leader was heard all the same');
});

test('one leader’s stream stops at the limit too, and goes on when the disk does', () => {
  const options = { maxUnwrittenBytes: 200, maxAppendBytes: 100, maxInflightBytes: 10_000 };
  const leader = new Server(1, VOTERS, [], undefined, options).elect(3);
  const follower = new Server(2, VOTERS, [], undefined, options);
  const isCut = ({ from, to }: { from: number; to: number }) => from === 3 || to === 3;
  settle([leader, follower], isCut);
  for (let command = 0; command < 50; command += 1) {
    leader.propose();
    for (const message of leader.takeSent()) {
      if (message.to === 2) follower.step({ kind: 'received', message });
    }
  }
  assert.equal(follower.raft.lastIndex, 5, 'five of 40 bytes reach 200');
  settle([leader, follower], isCut);
  for (let heartbeat = 0; heartbeat < 20; heartbeat += 1) {
    leader.now += 100;
    leader.step({ kind: 'timePassed' });
    settle([leader, follower], isCut);
  }
  assert.equal(follower.raft.lastIndex, 50);
  assert.equal(leader.raft.commitIndex, 50);
});

test('a leader whose disk lags behind its followers’ refuses proposals, though they are committed', () => {
  const leader = new Server(1, VOTERS, [], undefined, { maxUncommittedBytes: 1_000 }).elect(2);
  leader.receive({ kind: 'appendAccepted', from: 2, term: 1, matchIndex: 0, round: 0 } as never);
  leader.receive({ kind: 'appendAccepted', from: 3, term: 1, matchIndex: 0, round: 0 } as never);
  for (let at = 1; leader.propose().kind === 'appended'; at += 1) {
    for (const from of [2, 3]) {
      leader.receive({ kind: 'appendAccepted', from, term: 1, matchIndex: at, round: 0 } as never);
    }
    assert.ok(unwritten(leader) <= 1_040, `${unwritten(leader)} bytes`);
  }
  assert.equal(leader.raft.commitIndex, leader.raft.lastIndex);
  leader.finishWrites();
  assert.equal(leader.propose().kind, 'appended');
});

test('the tail in memory is bounded; what is older comes back from the disk in bounded pieces', () => {
  const asked: number[] = [];
  const reader = {
    read: (from: LogIndex, through: LogIndex, maxBytes: number) => {
      asked.push(maxBytes);
      const room = Math.max(1, Math.floor(maxBytes / 40));
      return [
        batchOf(1, from, 1),
        ...Array.from({ length: room - 1 }, (_, at) => batchOf(1, from + at + 1)),
      ].filter(({ firstIndex }) => firstIndex <= through);
    },
  };
  const log = new RaftLog(storedLog(VOTERS, []), reader, 400);
  for (let index = 1; index <= 100; index += 1) {
    log.append(batchOf(1, index));
    log.takeUnwritten(index);
    log.written(index, index as LogIndex);
  }
  assert.equal(log.bytesAfter(0 as LogIndex), 400);
  let next = 1;
  while (next <= 100) {
    const piece = log.slice(next as LogIndex, 100 as LogIndex, 120);
    assert.ok(bytesOf(piece) <= 120 && piece[0]?.firstIndex === next);
    next += piece.length;
  }
  assert.ok(asked.length >= 30 && asked.every((maxBytes) => maxBytes === 120));
});

test('entries for the state machine are handed out up to maxApplyBytes', () => {
  const server = new Server(1, VOTERS, [], undefined, { maxApplyBytes: 100 });
  const batches = Array.from({ length: 10 }, (_, at) => batchOf(1, 1 + 2 * at, 2));
  const message = append(2, 1, 0, 0, batches[0]!) as object;
  server.receive({ ...message, batches, leaderCommit: 20 } as never);
  for (const write of server.writes.splice(0)) {
    server.raft.step({ kind: 'written', sequence: write.sequence }, server.now);
  }
  const takeAll = (): readonly Batch[] => {
    const committed = server.raft.takeEffects(server.now)?.committed ?? [];
    return committed.length === 0 ? [] : [...committed, ...takeAll()];
  };
  // The batch that passes the limit is the last one before something is applied.
  const first = takeAll();
  assert.equal(bytesOf(first), 3 * batches[0]!.byteLength);
  assert.ok(bytesOf(first.slice(0, 2)) <= 100 && bytesOf(first) > 100);
  const index = lastIndexOf(first.at(-1)!);
  server.raft.step({ kind: 'applied', index }, server.now);
  const second = takeAll();
  assert.deepEqual([second[0]?.firstIndex, bytesOf(second)], [index + 1, bytesOf(first)]);
});

test('a leader keeps one waiting question of each follower, and its answer serves all', () => {
  const servers = VOTERS.map((id) => new Server(id, VOTERS)) as [Server, Server, Server];
  const [leader, follower] = servers;
  leader.passDeadline();
  settle(servers);
  leader.raft.propose(payloadOf(1), leader.now);
  leader.collect();
  settle(servers);
  for (let id = 1; id <= 500; id += 1) follower.step({ kind: 'readRequested', id });
  for (const message of follower.takeSent()) leader.step({ kind: 'received', message });
  let replies = 0;
  settle(servers, ({ kind }) => {
    if (kind === 'readIndexReply') replies += 1;
    return false;
  });
  assert.ok(replies <= 2, `${replies} replies`);
  assert.deepEqual(
    follower.reads.map(({ id, kind }) => [id, kind]),
    Array.from({ length: 500 }, (_, at) => [at + 1, 'ready']),
  );
});

test('questions that nobody answers are given back, the oldest first', () => {
  const servers = VOTERS.map((id) => new Server(id, VOTERS)) as [Server, Server, Server];
  const [leader, follower] = servers;
  leader.passDeadline();
  settle(servers);
  for (let id = 1; id <= MAX_QUESTIONS + 10; id += 1) follower.step({ kind: 'readRequested', id });
  assert.deepEqual(
    follower.reads.map(({ id, kind }) => [id, kind]),
    Array.from({ length: 10 }, (_, at) => [at + 1, 'dropped']),
  );
  // No quorum confirms them.
  for (let id = 1; id <= MAX_QUESTIONS + 20; id += 1) leader.step({ kind: 'readRequested', id });
  const dropped = leader.reads.filter(({ kind }) => kind === 'dropped');
  assert.ok(dropped.length > 0 && dropped.length <= 20, `${dropped.length}`);
});
