import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configurationOf } from '../configuration/configuration.ts';
import { configurationBatch } from '../entry.ts';
import type { Message } from '../messages.ts';
import { Server, settle } from '../testing.test.support.ts';
import type { LogIndex, Term } from '../types.ts';
import { change, clusterOf, configurationIn, ids, pass, refused } from './cluster.test.support.ts';

test('one voter more goes in one step, in force when appended (§6)', () => {
  const servers = clusterOf(3, 4);
  const [leader] = servers as [Server];
  assert.equal(change(leader, [1, 2, 3, 4]).kind, 'appended');
  assert.deepEqual(configurationIn(leader).outgoing, []);
  assert.deepEqual(configurationIn(leader).voters, [1, 2, 3, 4]);
  // Three of four must have it: the newcomer and one other are not enough while two are away.
  settle(servers, ({ from, to }) => [2, 3].includes(from) || [2, 3].includes(to));
  assert.equal(leader.raft.commitIndex, 1);
  pass(servers, 200);
  assert.deepEqual(
    servers.map((server) => server.raft.commitIndex),
    [2, 2, 2, 2],
  );
  assert.deepEqual(
    servers.map((server) => configurationIn(server).voters.length),
    [4, 4, 4, 4],
  );
});

/** Servers 1 to 6, with 1 leading the change from 1, 2, 3 to 4, 5, 6. */
function clusterInChange(): [servers: Server[], leader: Server] {
  const servers = clusterOf(3, 4, 5, 6);
  const [leader] = servers as [Server];
  change(leader, [1, 2, 3], [4, 5, 6]);
  pass(servers, 200);
  change(leader, [4, 5, 6]);
  return [servers, leader];
}

for (const [name, away] of [
  ['new', [4, 5, 6]],
  ['old', [2, 3]],
] as [string, number[]][]) {
  test(`during a change nothing commits without the ${name} majority (§6)`, () => {
    const [servers, leader] = clusterInChange();
    assert.deepEqual(configurationIn(leader).outgoing, [1, 2, 3]);
    pass(servers, 300, ({ from, to }) => away.includes(from) || away.includes(to));
    assert.equal(leader.raft.commitIndex, leader.raft.lastIndex - 1);
  });
}

for (const [name, away] of [
  ['new', [4, 5, 6]],
  ['old', [2, 3]],
] as [string, number[]][]) {
  test(`during a change a leader that the ${name} majority does not answer steps down (dissertation §6.2)`, () => {
    const [servers, leader] = clusterInChange();
    assert.equal(leader.raft.isLeader, true);
    pass(servers, 1200, ({ from, to }) => away.includes(from) || away.includes(to));
    assert.equal(leader.raft.isLeader, false);
  });
}

test('any set to any other: the new servers lead when the change is done (§6)', () => {
  const [servers, leader] = clusterInChange();
  const isNewcomer = (id: number) => id > 3;
  pass(servers, 3000);
  assert.equal(leader.raft.isLeader, false, 'removed, it has stepped down');
  const next = servers.filter(({ raft }) => raft.isLeader);
  assert.equal(next.length, 1);
  assert.ok(isNewcomer(next[0]!.raft.status().id));
  const done = configurationIn(next[0]!);
  assert.deepEqual(
    [done.voters, done.outgoing, done.learners, done.removed],
    [[4, 5, 6], [], [], [1, 2, 3]],
  );
});

test('a later leader ends a change that an earlier one began (hazard 17)', () => {
  const servers = clusterOf(3, 4, 5);
  const [leader] = servers as [Server];
  change(leader, [1, 2, 3], [4, 5]);
  pass(servers, 200);
  change(leader, [2, 4, 5]);
  // The joint configuration reaches everyone; the old leader is gone before it can end it.
  const cutOff = ({ from, to }: Message) => from === 1 || to === 1;
  for (const message of leader.takeSent())
    servers[message.to - 1]!.step({ kind: 'received', message });
  pass(servers, 5000, cutOff);
  const next = servers.slice(1).find(({ raft }) => raft.isLeader)!;
  assert.deepEqual(configurationIn(next).outgoing, []);
  assert.deepEqual(configurationIn(next).voters, [2, 4, 5]);
  assert.ok(next.raft.commitIndex >= next.raft.lastIndex);
});

test('a later leader ends it no earlier than it has committed in its own term (hazard 17)', () => {
  const leader = new Server(2, [1, 2, 3]);
  const joint = { ...configurationOf([1, 2, 4]), outgoing: ids(1, 2, 3) };
  const batches = [configurationBatch(1 as Term, 1 as LogIndex, joint)];
  const append = { prevLogIndex: 0, prevLogTerm: 0, round: 0 };
  const from1 = { kind: 'appendEntries', from: 1, term: 1, ...append };
  leader.receive({ ...from1, leaderCommit: 1, batches } as never);
  leader.finishWrites();
  leader.takeSent();
  leader.elect(1);
  assert.deepEqual([leader.raft.isLeader, leader.raft.commitIndex], [true, 1]);
  assert.equal(leader.raft.lastIndex, 1, 'the change is committed, by a leader that is gone');
  leader.propose();
  leader.finishWrites();
  leader.receive({ kind: 'appendAccepted', from: 1, term: 2, matchIndex: 2, round: 0 } as never);
  assert.deepEqual(configurationIn(leader).outgoing, []);
});

test('learners get the log, count for nothing and never run (dissertation §4.2.1)', () => {
  const servers = clusterOf(3, 4, 5);
  const [leader] = servers as [Server];
  change(leader, [1, 2, 3], [4, 5]);
  pass(servers, 200);
  assert.equal(servers[3]!.raft.lastIndex, 2);
  leader.propose();
  settle(servers, ({ from, to }) => [2, 3].includes(from) || [2, 3].includes(to));
  assert.equal(leader.raft.commitIndex, 2, 'three of five have it, but one of three voters');
  pass(servers.slice(3), 5000);
  assert.equal(servers[3]!.raft.term, 1);
});

test('a learner that does not know of its promotion votes (hazard 18)', () => {
  const learner = new Server(4, []);
  const request = { kind: 'requestVote', from: 2, term: 3, lastLogIndex: 5, lastLogTerm: 2 };
  learner.receive({ ...request, isLeadershipTransfer: false } as never);
  learner.finishWrites();
  const [reply] = learner.takeSent();
  assert.ok(reply?.kind === 'requestVoteReply' && reply.isGranted);
});

test('a server that left is told, does not disturb, and is sent nothing more', () => {
  const servers = clusterOf(3);
  const [leader, , third] = servers as [Server, Server, Server];
  change(leader, [1, 2]);
  pass(servers, 200);
  assert.deepEqual(configurationIn(third).voters, [1, 2]);
  assert.equal(third.raft.commitIndex, 2, 'it knows that it left');
  leader.propose();
  assert.deepEqual(
    leader.sent.filter(({ to }) => to === 3),
    [],
  );
  settle(servers);
  pass(servers, 5000);
  assert.deepEqual([leader.raft.isLeader, leader.raft.term, third.raft.term], [true, 1, 1]);
});

test('a leader that left, and lost its lead before anybody knew, runs again (dissertation 4.2.2)', () => {
  const servers = clusterOf(3);
  const [leader, second, third] = servers as [Server, Server, Server];
  pass(servers, 200);
  assert.equal(change(leader, [1, 2]).kind, 'appended');
  pass(servers, 200);
  change(leader, [2]);
  leader.finishWrites();
  // Nothing gets out until it has stepped down: only its own log has the configuration without it.
  pass(servers, 3000, ({ from, to }) => from === 1 || to === 1);
  assert.equal(leader.raft.isLeader, false);
  assert.equal(second.raft.lastIndex, 2);
  // Server 2 needs the vote of server 1, which refuses it: its log is behind. Server 1 must run.
  pass(servers, 10_000);
  assert.deepEqual(configurationIn(second).voters, [2]);
  assert.equal(second.raft.isLeader, true);
  assert.equal(third.raft.isLeader, false);
});

test('a change is refused with a reason, and nothing is appended', () => {
  const servers = clusterOf(3, 4, 5);
  const [leader, follower] = servers as [Server, Server];
  assert.deepEqual(change(follower, [1, 2]), refused('not-leader'));
  assert.deepEqual(change(leader, []), refused('no-voters'));
  assert.deepEqual(change(leader, [1, 2, 3], [3]), refused('voter-and-learner'));
  assert.deepEqual(change(leader, [3, 2, 1]), refused('nothing-to-change'));
  assert.deepEqual(
    change(leader, [1, 4, 5]),
    refused('would-lose-quorum'),
    'newcomers have nothing yet',
  );
  assert.equal(leader.raft.lastIndex, 1);

  assert.equal(change(leader, [1, 2]).kind, 'appended');
  assert.deepEqual(change(leader, [1, 2, 3, 4]), refused('change-under-way'));
  pass(servers, 200);
  assert.deepEqual(change(leader, [1, 2, 3]), refused('id-was-removed'));
});

test('no change before the leader has committed in its term (erratum of 2015, hazard 1)', () => {
  const leader = new Server(1, [1, 2, 3], [1, 1], { term: 1, commitIndex: 2 }).elect(2);
  assert.deepEqual(change(leader, [1, 2, 3, 4]), refused('no-commit-in-this-term'));
});

test('a change that the reachable servers cannot commit is refused, unless forced', () => {
  const servers = clusterOf(3);
  const [leader] = servers as [Server];
  const cutOff = ({ from, to }: Message) => from === 3 || to === 3;
  pass(servers, 1500, cutOff);
  assert.deepEqual(change(leader, [1, 3]), refused('would-lose-quorum'));
  assert.equal(change(leader, [1, 3], [], 'forced').kind, 'appended');
});

test('a leader that removes itself leads until that is committed (hazard 16)', () => {
  const servers = clusterOf(3);
  const [leader, second] = servers as [Server, Server];
  assert.equal(change(leader, [2, 3]).kind, 'appended');
  assert.equal(leader.raft.isLeader, true);
  assert.ok(
    !leader.sent.some(({ kind }) => kind === 'timeoutNow'),
    'nobody is told to take over yet',
  );
  // Its own log does not count any more: both others must have it.
  settle(servers, ({ from, to }) => from === 3 || to === 3);
  assert.deepEqual([leader.raft.isLeader, leader.raft.commitIndex], [true, 1]);
  pass(servers, 300);
  assert.equal(leader.raft.isLeader, false);
  assert.ok(second.raft.commitIndex >= 2);
});
