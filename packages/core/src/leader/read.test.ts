import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../messages.ts';
import { Server, settle } from '../testing.test.support.ts';

const VOTERS = [1, 2, 3];
const cluster = (options = {}) =>
  VOTERS.map((id) => new Server(id, VOTERS, [], undefined, options)) as [Server, Server, Server];
const accepted = (from: number, matchIndex: number, round: number) =>
  ({ kind: 'appendAccepted', from, term: 1, matchIndex, round }) as never;

test('a read is answered when a quorum has answered a question asked after it (§6.4)', () => {
  const leader = new Server(1, VOTERS).elect(2);
  leader.propose(2);
  leader.finishWrites();
  leader.receive(accepted(2, 2, 0));
  leader.takeSent();
  leader.step({ kind: 'readRequested', id: 7 });
  const rounds = leader
    .takeSent()
    .map((message) => message.kind === 'appendEntries' && message.round);
  assert.deepEqual(rounds, [1, 1]);
  leader.receive(accepted(2, 2, 0));
  assert.deepEqual(leader.reads, [], 'an answer to an earlier question proves nothing');
  leader.receive(accepted(3, 0, 1));
  assert.deepEqual(leader.reads, [{ kind: 'ready', id: 7, readIndex: 2 }]);
});

test('a read that comes while a question is under way waits for the next one (hazard 20)', () => {
  const leader = new Server(1, VOTERS, [], undefined, { noopOnElection: true }).elect(2);
  leader.finishWrites();
  leader.receive(accepted(2, 1, 0));
  leader.step({ kind: 'readRequested', id: 1 });
  leader.step({ kind: 'readRequested', id: 2 });
  // Its answer was under way when the second was asked: since then another may have been elected.
  leader.receive(accepted(3, 1, 1));
  assert.deepEqual(leader.reads, [{ kind: 'ready', id: 1, readIndex: 1 }]);
  leader.receive(accepted(3, 1, 2));
  assert.deepEqual(leader.reads.slice(1), [{ kind: 'ready', id: 2, readIndex: 1 }]);
});

test('a new leader reads only after its first commit (§8, hazard 19)', () => {
  const leader = new Server(1, VOTERS, [1, 1], { term: 1, commitIndex: 1 }).elect(2);
  leader.step({ kind: 'readRequested', id: 1 });
  leader.receive({ kind: 'appendAccepted', from: 2, term: 2, matchIndex: 2, round: 9 } as never);
  assert.deepEqual(leader.reads, []);
  leader.propose();
  leader.finishWrites();
  leader.receive({ kind: 'appendAccepted', from: 2, term: 2, matchIndex: 3, round: 0 } as never);
  leader.receive({ kind: 'appendAccepted', from: 2, term: 2, matchIndex: 3, round: 1 } as never);
  assert.deepEqual(leader.reads, [{ kind: 'ready', id: 1, readIndex: 3 }]);
});

test('all reads that wait share one round', () => {
  const servers = cluster({ noopOnElection: true });
  const [leader] = servers;
  leader.passDeadline();
  settle(servers);
  for (let id = 1; id <= 100; id += 1) leader.raft.step({ kind: 'readRequested', id }, leader.now);
  leader.collect();
  assert.equal(leader.sent.length, 2);
  settle(servers);
  assert.equal(leader.reads.length, 100);
});

test('a follower asks the leader, and serves once it has applied as far', () => {
  const servers = cluster({ noopOnElection: true });
  const [leader, follower] = servers;
  leader.passDeadline();
  settle(servers);
  follower.step({ kind: 'readRequested', id: 3 });
  settle(servers);
  assert.deepEqual(follower.reads, [{ kind: 'ready', id: 3, readIndex: 1 }]);
});

test('a leader cut off from its quorum answers no read, and gives it back when it steps down', () => {
  const servers = cluster({ noopOnElection: true });
  const [leader] = servers;
  leader.passDeadline();
  settle(servers);
  leader.step({ kind: 'readRequested', id: 5 });
  leader.takeSent();
  while (leader.raft.isLeader) leader.passDeadline();
  assert.deepEqual(leader.reads, [{ kind: 'dropped', id: 5 }]);
});

test('a frozen leader that was replaced answers no read when it thaws (hazard 20)', () => {
  const servers = cluster({ noopOnElection: true });
  const [old, next] = servers;
  old.passDeadline();
  settle(servers);
  old.step({ kind: 'readRequested', id: 1 });
  const frozen = old.takeSent();
  next.now = old.now + 5000;
  next.step({ kind: 'timePassed' });
  servers[2].now = next.now;
  settle([next, servers[2]]);
  assert.equal(next.raft.isLeader, true);
  // Its question arrives late, and the answers come from a later term.
  for (const message of frozen) {
    const to = servers[message.to - 1]!;
    to.step({ kind: 'received', message });
  }
  settle(servers);
  assert.deepEqual(old.reads, [{ kind: 'dropped', id: 1 }]);
});

test('without a leader a read is given back at once', () => {
  const server = new Server(1, VOTERS);
  server.step({ kind: 'readRequested', id: 2 });
  assert.deepEqual(server.reads, [{ kind: 'dropped', id: 2 }]);
});

/** A cluster with leases, whose leader has just had one round answered. */
function leasing(): [Server, Server, Server] {
  const servers = cluster({ noopOnElection: true, leaseReads: true });
  servers[0].passDeadline();
  settle(servers);
  return servers;
}

test('under a lease a read is answered at once (§6.4.1)', () => {
  const [leader] = leasing();
  leader.now += 500;
  leader.step({ kind: 'readRequested', id: 1 });
  assert.deepEqual(leader.reads, [{ kind: 'ready', id: 1, readIndex: 1 }]);
});

test('a lease ends before anyone may elect another, by the allowed drift (hazard 21)', () => {
  for (const [age, isAnswered] of [
    [899, true],
    [900, false],
  ] as const) {
    const [leader] = leasing();
    leader.now += age;
    leader.step({ kind: 'readRequested', id: 1 });
    assert.equal(leader.reads.length, isAnswered ? 1 : 0, `after ${age} ms`);
  }
});

test('a lease counts from the question, not from its answer', () => {
  const [leader, second] = leasing();
  leader.now += 800;
  leader.step({ kind: 'timePassed' });
  const rounds = leader.sent.map((message) => message.kind === 'appendEntries' && message.round);
  leader.now += 500;
  settle(
    [leader, second],
    (message) => message.kind === 'appendEntries' && message.round !== rounds[0],
  );
  leader.now += 401;
  leader.step({ kind: 'readRequested', id: 1 });
  assert.deepEqual(leader.reads, [], 'asked at 800, answered at 1300, over at 1700');
});

test('no lease once the lead was offered to another (hazard 14)', () => {
  const [leader] = leasing();
  leader.raft.transferLeadership(2 as never, leader.now);
  leader.collect();
  leader.step({ kind: 'readRequested', id: 1 });
  assert.deepEqual(leader.reads, []);
});

test('nor when it did not take it: the word to run may still arrive (hazard 14)', () => {
  const servers = leasing();
  const [leader] = servers;
  leader.raft.transferLeadership(2 as never, leader.now);
  const end = leader.now + 1000;
  while (leader.now < end) {
    leader.passDeadline();
    settle(servers, ({ kind }) => kind === 'timeoutNow');
  }
  assert.deepEqual([leader.raft.isLeader, leader.raft.transferTarget], [true, undefined]);
  leader.step({ kind: 'readRequested', id: 1 });
  assert.deepEqual(leader.reads, [], 'others answer it, which is no lease any more');
});

test('the renewal of a lease leaves the reads alone that wait for an answer', () => {
  const servers = leasing();
  const [leader] = servers;
  // Without its lease, since it has offered the lead.
  leader.raft.transferLeadership(2 as never, leader.now);
  leader.collect();
  leader.step({ kind: 'readRequested', id: 1 });
  leader.step({ kind: 'readRequested', id: 2 });
  leader.takeSent();
  leader.passDeadline();
  settle(servers, ({ kind }) => kind === 'timeoutNow');
  assert.deepEqual(
    leader.reads.map(({ id, kind }) => [id, kind]),
    [
      [1, 'ready'],
      [2, 'ready'],
    ],
  );
});

test('a restarted voter keeps the promise it may have given (hazard 22)', () => {
  const voter = new Server(2, VOTERS, [1], { term: 1 }, { leaseReads: true });
  const request = { kind: 'requestVote', from: 3, term: 2, lastLogIndex: 1, lastLogTerm: 1 };
  voter.now = 999;
  voter.receive({ ...request, isLeadershipTransfer: false } as never);
  assert.equal(voter.raft.term, 1);
  voter.now = 1000;
  voter.receive({ ...request, isLeadershipTransfer: false } as never);
  assert.equal(voter.raft.term, 2);
});

test('the only voter keeps it too: the lead may just be passing to it (hazard 22)', () => {
  const options = { leaseReads: true };
  const voter = new Server(2, [2], [1], { term: 1 }, options);
  assert.equal(voter.raft.nextDeadline, 1000);
  const fresh = new Server(2, [2], [], { term: 0 }, options);
  assert.equal(fresh.raft.nextDeadline, 0, 'it has promised nothing');
});

test('a lease is renewed with every heartbeat interval, and lasts', () => {
  const servers = leasing();
  const [leader] = servers;
  for (let beat = 0; beat < 50; beat += 1) {
    leader.passDeadline();
    settle(servers);
  }
  leader.step({ kind: 'readRequested', id: 1 });
  assert.equal(leader.reads.length, 1);
});

test('an answer to a question asked before a restart answers nothing', () => {
  const follower = new Server(2, VOTERS, [1], { term: 1 });
  const heartbeat = { prevLogIndex: 1, prevLogTerm: 1, leaderCommit: 1, round: 0, batches: [] };
  follower.receive({ kind: 'appendEntries', from: 1, term: 1, ...heartbeat } as never);
  follower.step({ kind: 'readRequested', id: 101 });
  const late = { kind: 'readIndexReply', from: 1, term: 1, readIndex: 1 };
  follower.receive({ ...late, id: 500 } as never);
  assert.equal(follower.reads.length, 0);
  follower.step({ kind: 'readRequested', id: 102 });
  follower.receive({ ...late, id: 102, readIndex: 7 } as never);
  assert.deepEqual(
    follower.reads.map((read) => read.id),
    [101, 102],
  );
});

test('an answer says nothing about what was asked after its question (hazard 20)', () => {
  const follower = new Server(2, VOTERS, [1], { term: 1 });
  const heartbeat = { prevLogIndex: 1, prevLogTerm: 1, leaderCommit: 1, round: 0, batches: [] };
  follower.receive({ kind: 'appendEntries', from: 1, term: 1, ...heartbeat } as never);
  follower.step({ kind: 'readRequested', id: 1 });
  follower.step({ kind: 'readRequested', id: 2 });
  follower.receive({ kind: 'readIndexReply', from: 1, term: 1, readIndex: 1, id: 1 } as never);
  assert.deepEqual(follower.reads, [{ kind: 'ready', id: 1, readIndex: 1 }]);
});

test('during a change a read needs both majorities (hazard 17)', () => {
  const leader = new Server(1, VOTERS, [], undefined, { noopOnElection: true }).elect(2);
  leader.finishWrites();
  leader.receive(accepted(2, 1, 0));
  const target = { voters: [1, 4, 5] as never, learners: [] };
  assert.equal(leader.raft.changeMembership(target, leader.now, 'forced').kind, 'appended');
  leader.collect();
  leader.step({ kind: 'readRequested', id: 1 });
  leader.receive(accepted(4, 0, 1));
  leader.receive(accepted(5, 0, 1));
  assert.deepEqual(leader.reads, [], 'all of the new voters, and of the old ones only the leader');
  leader.receive(accepted(3, 0, 1));
  assert.deepEqual(leader.reads, [{ kind: 'ready', id: 1, readIndex: 1 }]);
});

test('beyond the allowed drift a lease does go stale: the bound is no formality (hazard 21)', () => {
  const servers = leasing();
  const [leader, second, third] = servers;
  const isCut = ({ from, to }: Message): boolean => from === 1 || to === 1;
  // To the others more than two election timeouts pass, to the leader less than one.
  second.now += 2001;
  third.now += 2001;
  second.step({ kind: 'timePassed' });
  settle([second, third], isCut);
  second.propose();
  settle([second, third], isCut);
  assert.deepEqual([second.raft.isLeader, second.raft.commitIndex], [true, 3]);
  leader.now += 899;
  leader.step({ kind: 'readRequested', id: 1 });
  assert.deepEqual(leader.reads, [{ kind: 'ready', id: 1, readIndex: 1 }]);
});
