import assert from 'node:assert/strict';
import { test } from 'node:test';
import { change } from './leader/cluster.test.support.ts';
import type { Message } from './messages.ts';
import type { RaftOptions } from './options.ts';
import { Server, settle } from './testing.test.support.ts';

const VOTERS = [1, 2, 3];
const kindsOf = (messages: readonly Message[]) => messages.map(({ kind }) => kind);

/** Three servers whose time runs alike; the first leads and has committed. */
function cluster(options: RaftOptions = {}) {
  const all = { rest: true, noopOnElection: true, ...options };
  const servers = VOTERS.map((id) => new Server(id, VOTERS, [], undefined, all));
  const [leader] = servers as [Server, Server, Server];
  leader.passDeadline();
  settle(servers);
  pass(servers, 10);
  return servers as [Server, Server, Server];
}

/** Lets time pass for all of `servers`, heeding every deadline on the way. */
function pass(servers: readonly Server[], ms: number, isCut?: (message: Message) => boolean): void {
  const end = servers[0]!.now + ms;
  for (;;) {
    const next = Math.min(...servers.map(({ raft }) => raft.nextDeadline));
    const now = Math.min(Math.max(next, servers[0]!.now), end);
    for (const server of servers) {
      server.now = now;
      if (server.raft.nextDeadline <= now) server.step({ kind: 'timePassed' });
    }
    settle(servers, isCut);
    if (next >= end) return;
  }
}

function atRest(options: RaftOptions = {}) {
  const servers = cluster(options);
  pass(servers, 300);
  for (const { raft } of servers) assert.equal(raft.nextDeadline, Infinity);
  return servers;
}

/** The third is cut off. */
const isCut = ({ from, to }: Message) => from === 3 || to === 3;

const unreachable = (server: Server, peer: number) =>
  server.step({ kind: 'peerUnreachable', peer: peer as never });
const reachable = (server: Server, peer: number) =>
  server.step({ kind: 'peerReachable', peer: peer as never });

test('an idle group falls silent: no message and no deadline, for as long as nothing happens', () => {
  const servers = atRest();
  pass(servers, 1_000_000);
  assert.deepEqual(
    servers.map(({ raft }) => [raft.leaderId, raft.term, raft.commitIndex]),
    VOTERS.map(() => [1, 1, 1]),
  );
  for (const server of servers) assert.deepEqual(server.takeSent(), []);
});

test('without the option heartbeats go on', () => {
  const servers = cluster({ rest: false });
  pass(servers, 10_000);
  assert.ok(servers.every(({ raft }) => raft.nextDeadline < Infinity));
});

test('a proposal wakes the group, and it rests again when all know that it is committed', () => {
  const servers = atRest();
  pass(servers, 60_000);
  servers[0].propose();
  settle(servers);
  pass(servers, 50);
  assert.ok(servers.every(({ raft }) => raft.commitIndex === 2));
  assert.ok(servers.every(({ raft }) => raft.nextDeadline < Infinity));
  pass(servers, 300);
  assert.ok(servers.every(({ raft }) => raft.nextDeadline === Infinity));
});

test('rest is offered in the place of the first heartbeat, and with the news of a commit only if that is one', () => {
  for (const [commitNoticeDelayMs, kinds] of [
    [100, ['rest', 'rest']],
    [2, ['appendEntries', 'appendEntries']],
  ] as const) {
    const servers = atRest({ commitNoticeDelayMs });
    const [leader] = servers;
    pass(servers, 60_000);
    leader.propose();
    settle(servers);
    leader.passDeadline();
    assert.deepEqual(kindsOf(leader.takeSent()), kinds);
  }
});

test('under a lease a leader stays awake while it is asked: rest would end the lease (§6.4.1)', () => {
  const servers = cluster({ leaseReads: true });
  const [leader] = servers;
  for (let id = 1; id <= 20; id++) {
    pass(servers, 50);
    leader.step({ kind: 'readRequested', id });
    settle(servers);
  }
  assert.ok(leader.trace.every(({ kind }) => kind !== 'rested'));
});

test('a read at a leader at rest still asks a quorum; one at a follower wakes both', () => {
  const servers = atRest();
  const [leader, follower] = servers;
  pass(servers, 60_000);
  leader.step({ kind: 'readRequested', id: 1 });
  assert.deepEqual(leader.reads, []);
  settle(servers);
  assert.equal(leader.reads.length, 1);
  pass(servers, 300);
  follower.step({ kind: 'readRequested', id: 2 });
  assert.ok(follower.raft.nextDeadline < Infinity);
  settle(servers);
  assert.equal(follower.reads.length, 1);
});

test('a leader at rest whose quorum has gone on without it answers no read (hazard 20)', () => {
  const servers = atRest();
  const [old, second, third] = servers;
  const isCut = ({ from, to }: Message) => from === 1 || to === 1;
  unreachable(second, 1);
  unreachable(third, 1);
  pass(servers, 5_000, isCut);
  const leader = [second, third].find(({ raft }) => raft.isLeader)!;
  leader.propose();
  pass(servers, 5_000, isCut);
  assert.equal(leader.raft.commitIndex, 3);
  assert.ok(old.raft.isLeader, 'nobody has told it yet');
  old.step({ kind: 'readRequested', id: 5 });
  pass(servers, 900, isCut);
  assert.deepEqual(old.reads, []);
  pass(servers, 5_000, isCut);
  assert.deepEqual(old.reads, [{ kind: 'dropped', id: 5 }], 'it has lost its quorum');
});

test('a lease is not renewed at rest: the next read asks again (§6.4.1)', () => {
  const servers = atRest({ leaseReads: true });
  const [leader] = servers;
  pass(servers, 60_000);
  leader.step({ kind: 'readRequested', id: 1 });
  assert.deepEqual(leader.reads, []);
  assert.ok(leader.takeSent().some(({ kind }) => kind === 'appendEntries'));
});

test('the leader of a group at rest dies: the others, told of its host, elect', () => {
  for (const leaseReads of [false, true]) {
    const [, ...others] = atRest({ leaseReads }) as Server[];
    for (const other of others) other.now += 60_000;
    for (const other of others) unreachable(other, 1);
    pass(others, 5_000, ({ to }) => to === 1);
    assert.equal(others.filter(({ raft }) => raft.isLeader).length, 1);
  }
});

test('one that misses the leader wakes the others, and they wake the leader: nobody is deposed', () => {
  const servers = atRest();
  const [leader, , third] = servers;
  unreachable(third, 1);
  const isCut = ({ from, to }: Message) => from + to === 4;
  pass(servers, 1_400, isCut);
  assert.ok(leader.raft.isLeader);
  assert.ok(leader.trace.some(({ kind }) => kind === 'woke'));
  assert.equal(leader.raft.term, 1);
});

test('a learner that a late message has woken asks the leader to show itself, and all rest again', () => {
  const voters = cluster();
  const [leader] = voters;
  const learner = new Server(4, VOTERS, [], undefined, { rest: true, noopOnElection: true });
  learner.now = leader.now;
  const servers = [...voters, learner];
  change(leader, VOTERS, [4]);
  settle(servers);
  pass(servers, 3_000);
  assert.ok(servers.every(({ raft }) => raft.isAtRest));
  const facts = { prevLogIndex: 0, prevLogTerm: 0, leaderCommit: 0, round: 0, batches: [] };
  learner.receive({ kind: 'appendEntries', from: 1, term: 1, ...facts } as never);
  assert.ok(!learner.raft.isAtRest);
  pass(servers, 5_000);
  assert.ok(servers.every(({ raft }) => raft.isAtRest));
  assert.equal(leader.raft.term, 1);
  learner.receive({ kind: 'appendEntries', from: 1, term: 1, ...facts } as never);
  learner.takeSent();
  learner.passDeadline();
  const said = learner.takeSent().map(({ kind, to }) => `${kind} ${to}`);
  assert.deepEqual(said, ['wakeUp 1', 'wakeUp 2', 'wakeUp 3'], 'it may not know who leads');
});

test('a learner that was removed, and does not know it, wakes nobody', () => {
  const [leader, second] = atRest();
  for (const server of [leader, second]) {
    server.receive({ kind: 'wakeUp', from: 4, term: 1 } as never);
    assert.ok(server.raft.isAtRest);
    server.receive({ kind: 'wakeUp', from: 3, term: 1 } as never);
    assert.ok(!server.raft.isAtRest);
  }
});

test('a leader whose rest nobody shares any more, though its host lives, is replaced', () => {
  const servers = atRest();
  const [, second, third] = servers;
  // Its group was closed there: nothing is answered, and nobody was told.
  const isCut = ({ to }: Message) => to === 1;
  unreachable(third, 1);
  pass([second, third], 5_000, isCut);
  assert.equal([second, third].filter(({ raft }) => raft.isLeader).length, 1);
});

test('a dead follower is not waited for, and is looked after when it is back', () => {
  const servers = cluster();
  const [leader, second, third] = servers;
  unreachable(leader, 3);
  leader.propose();
  pass([leader, second], 3_000, isCut);
  assert.equal(leader.raft.nextDeadline, Infinity);
  assert.equal(second.raft.nextDeadline, Infinity);
  third.now = leader.now;
  reachable(leader, 3);
  settle(servers);
  pass(servers, 2_000);
  assert.equal(third.raft.commitIndex, 2);
  assert.ok(servers.every(({ raft }) => raft.nextDeadline === Infinity));
  assert.ok(leader.raft.isLeader && leader.raft.term === 1);
});

test('one that comes late and asks for votes gets the log, though nobody says that its host is back', () => {
  const servers = cluster();
  const [leader, second, third] = servers;
  leader.propose();
  pass([leader, second], 3_000, isCut);
  assert.ok(!leader.raft.isAtRest, 'one that is only silent is asked and asked');
  unreachable(leader, 3);
  pass([leader, second], 300, isCut);
  assert.ok(leader.raft.isAtRest);
  third.now = leader.now;
  third.passDeadline();
  settle(servers);
  pass(servers, 2_000);
  assert.equal(third.raft.commitIndex, 2);
  assert.ok(leader.raft.isLeader && leader.raft.term === 1);
});

test('one that is away is asked with each heartbeat, and not offered rest', () => {
  const servers = cluster();
  const [leader, second] = servers;
  leader.propose();
  settle([leader, second], isCut);
  // The third has not answered for long; the leader has been awake all the time.
  unreachable(leader, 3);
  for (let at = 0; at < 15; at++) {
    pass([leader, second], 90, isCut);
    leader.propose();
    settle([leader, second], isCut);
  }
  leader.now += 100;
  leader.step({ kind: 'timePassed' });
  const offers = leader.takeSent().map(({ kind, to }) => `${kind} to ${to}`);
  assert.deepEqual(offers.sort(), ['appendEntries to 3', 'rest to 2']);
});

test('a follower that dies at rest disturbs nothing; a lost quorum ends the lead in time (§6.2)', () => {
  const [leader] = atRest();
  leader.now += 60_000;
  unreachable(leader, 3);
  assert.equal(leader.raft.nextDeadline, Infinity);
  assert.deepEqual(leader.takeSent(), []);
  unreachable(leader, 2);
  assert.ok(leader.raft.isLeader);
  leader.now += 999;
  leader.step({ kind: 'timePassed' });
  assert.ok(leader.raft.isLeader, 'an election timeout to find them again');
  leader.now += 1;
  leader.step({ kind: 'timePassed' });
  assert.ok(!leader.raft.isLeader);
});

test('a follower that lacks an entry does not rest, nor does its leader', () => {
  const servers = cluster();
  const [leader, second, third] = servers;
  leader.propose();
  // The third gets heartbeats and offers, and no entries.
  const isCut = (message: Message) =>
    message.to === 3 && message.kind === 'appendEntries' && message.batches.length > 0;
  pass(servers, 3_000, isCut);
  assert.ok(second.raft.commitIndex === 2 && third.raft.commitIndex === 1);
  assert.ok(leader.raft.nextDeadline < Infinity);
  third.receive({ kind: 'rest', from: 1, term: 1, index: 2, logTerm: 1 } as never);
  assert.ok(!kindsOf(third.takeSent()).includes('restAccepted'));
  assert.ok(third.raft.nextDeadline < Infinity);
});

test('what all hold but nobody has committed is no ground to rest (§5.4.2, Figure 8)', () => {
  const options = { rest: true, noopOnElection: false };
  const servers = VOTERS.map((id) => new Server(id, VOTERS, [1, 1], { term: 1 }, options));
  servers[0]!.passDeadline();
  pass(servers, 10_000);
  assert.ok(servers[0]!.raft.isLeader);
  assert.ok(servers.every(({ raft }) => raft.commitIndex === 0));
  assert.ok(servers.every(({ raft }) => raft.nextDeadline < Infinity));
});

test('a leader whose own disk has not finished does not rest', () => {
  const [leader] = cluster();
  leader.propose();
  for (const from of [2, 3]) {
    leader.receive({ kind: 'appendAccepted', from, term: 1, matchIndex: 2, round: 0 } as never);
  }
  leader.takeSent();
  leader.now += 500;
  leader.step({ kind: 'timePassed' });
  assert.equal(leader.raft.commitIndex, 2);
  assert.deepEqual(kindsOf(leader.takeSent()), ['appendEntries', 'appendEntries']);
});

test('a follower that has not answered its append gets a heartbeat, which finds out', () => {
  const [leader] = cluster({ commitNoticeDelayMs: 1_000 });
  leader.propose();
  leader.finishWrites();
  leader.receive({ kind: 'appendAccepted', from: 2, term: 1, matchIndex: 2, round: 0 } as never);
  leader.takeSent();
  leader.now += 500;
  leader.step({ kind: 'timePassed' });
  assert.deepEqual(kindsOf(leader.takeSent()), ['appendEntries', 'appendEntries']);
});

test('the offer brings the news of the last commit', () => {
  const servers = cluster();
  servers[0].propose();
  const isCut = (message: Message) =>
    message.to === 3 && message.kind === 'appendEntries' && message.leaderCommit === 2;
  pass(servers, 800, isCut);
  assert.equal(servers[2].raft.commitIndex, 2);
});

test('who accepted before the log grew has accepted nothing', () => {
  const servers = cluster();
  const [leader] = servers;
  leader.propose();
  leader.finishWrites();
  leader.now += 500;
  for (const from of [2, 3]) {
    leader.receive({ kind: 'appendAccepted', from, term: 1, matchIndex: 2, round: 0 } as never);
    leader.receive({ kind: 'restAccepted', from, term: 1, index: 1 } as never);
  }
  leader.now += 150;
  leader.step({ kind: 'timePassed' });
  assert.equal(leader.raft.commitIndex, 2);
  assert.ok(leader.raft.nextDeadline < Infinity);
});

test('a leader that was deposed while it rested learns it from the refusal of its offer', () => {
  const server = new Server(2, VOTERS, [1], { term: 5 }, { rest: true });
  server.receive({ kind: 'rest', from: 1, term: 1, index: 1, logTerm: 1 } as never);
  const [refusal] = server.takeSent();
  assert.ok(refusal?.kind === 'appendRejected' && refusal.term === 5);
  assert.ok(server.raft.nextDeadline < Infinity);
});

test('a preferred server that can be reached gets the lead before anybody rests', () => {
  const servers = cluster({ priorities: { 3: 1 } });
  pass(servers, 10_000);
  assert.ok(servers[2].raft.isLeader);
  assert.ok(servers.every(({ raft }) => raft.nextDeadline === Infinity));
});

test('while a newcomer is on its way to a vote nobody rests, though it is away', () => {
  const servers = atRest();
  const [leader] = servers;
  const voters = [1, 2, 3, 4] as never;
  const answer = leader.raft.changeMembership(
    { voters, learners: [] },
    leader.now,
    'when-caught-up',
  );
  assert.equal(answer.kind, 'appended');
  leader.collect();
  pass(servers, 5_000);
  assert.equal(leader.raft.commitIndex, leader.raft.lastIndex);
  assert.ok(leader.raft.nextDeadline < Infinity);
});

test('a group of one rests too', () => {
  const only = new Server(1, [1], [], undefined, { rest: true, noopOnElection: true });
  only.passDeadline();
  only.finishWrites();
  only.finishWrites();
  assert.ok(only.raft.isLeader);
  only.passDeadline();
  assert.equal(only.raft.nextDeadline, Infinity);
});
