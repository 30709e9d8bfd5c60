import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Server, settle } from '../testing.test.support.ts';
import type { NodeId } from '../types.ts';

function cluster(options = {}): [Server, Server, Server] {
  const servers = [1, 2, 3].map(
    (id) => new Server(id, [1, 2, 3], [], undefined, { noopOnElection: true, ...options }),
  );
  servers[0]!.passDeadline();
  settle(servers);
  return servers as [Server, Server, Server];
}

const transfer = (server: Server, to: number) => {
  const answer = server.raft.transferLeadership(to as NodeId, server.now);
  server.collect();
  return answer;
};

test('the lead goes to the target without waiting for a timeout (dissertation §3.10)', () => {
  const servers = cluster();
  const [old, target] = servers;
  const before = old.now;
  assert.deepEqual(transfer(old, 2), { kind: 'begun', to: 2 });
  settle(servers);
  assert.deepEqual([old.raft.isLeader, target.raft.isLeader, target.raft.term], [false, true, 2]);
  assert.equal(target.now, before);
});

test('the target catches up before it is told to run, and proposals wait', () => {
  const servers = cluster();
  const [old, target] = servers;
  old.propose(3);
  transfer(old, 2);
  assert.deepEqual(old.propose(), { kind: 'refused', reason: 'transferring' });
  assert.ok(!old.sent.some(({ kind }) => kind === 'timeoutNow'), 'it lacks three entries');
  settle(servers);
  assert.equal(target.raft.isLeader, true);
  assert.ok(target.raft.lastIndex >= 4);
});

test('a transfer to a server that is away is given up after an election timeout', () => {
  const servers = cluster();
  const [old] = servers;
  transfer(old, 2);
  const end = old.now + 1000;
  while (old.now < end) {
    old.passDeadline();
    settle(servers, ({ from, to }) => from === 2 || to === 2);
  }
  assert.equal(old.raft.isLeader, true);
  assert.equal(old.raft.transferTarget, undefined);
  assert.equal(old.propose().kind, 'appended');
});

test('a transfer to a server whose connection breaks is given up at once', () => {
  const servers = cluster();
  const [old] = servers;
  transfer(old, 2);
  old.step({ kind: 'peerUnreachable', peer: 3 as NodeId });
  assert.equal(old.raft.transferTarget, 2);
  old.step({ kind: 'peerUnreachable', peer: 2 as NodeId });
  assert.equal(old.raft.transferTarget, undefined);
  assert.equal(old.propose().kind, 'appended');
  const answer = old.raft.transferLeadership(undefined, old.now);
  assert.deepEqual(answer, { kind: 'refused', reason: 'nobody-follows' }, 'nobody is in reach');
});

test('the word to run is repeated when it is lost', () => {
  const servers = cluster();
  const [old, target] = servers;
  transfer(old, 2);
  settle(servers, ({ kind }) => kind === 'timeoutNow');
  assert.equal(old.raft.isLeader, true);
  const end = old.now + 200;
  while (old.raft.isLeader && old.now < end) {
    old.passDeadline();
    settle(servers);
  }
  assert.equal(target.raft.isLeader, true);
});

test('a late word to run, of a term that is over, is not heard', () => {
  const [old, target] = cluster();
  transfer(old, 2);
  const late = old.takeSent().find(({ kind }) => kind === 'timeoutNow');
  const fields = { prevLogIndex: 1, prevLogTerm: 1, leaderCommit: 1, round: 0, batches: [] };
  target.receive({ kind: 'appendEntries', from: 3, term: 2, ...fields } as never);
  target.step({ kind: 'received', message: late! });
  assert.deepEqual([target.raft.term, target.raft.status().role], [2, 'follower']);
});

test('a transfer is refused with a reason', () => {
  const [old, target] = cluster();
  assert.deepEqual(transfer(target, 3), { kind: 'refused', reason: 'not-leader' });
  assert.deepEqual(transfer(old, 1), { kind: 'refused', reason: 'leads-already' });
  assert.deepEqual(transfer(old, 9), { kind: 'refused', reason: 'not-a-voter' });
});

/** Lets the heartbeats of `ms` pass. */
function beat(servers: readonly Server[], ms: number, away?: number): void {
  const end = servers[0]!.now + ms;
  while (servers[0]!.now < end) {
    for (const server of servers) {
      server.now += 50;
      server.step({ kind: 'timePassed' });
    }
    settle(servers, ({ from, to }) => from === away || to === away);
  }
}

test('a preferred server gets the lead when it follows closely, and no earlier', () => {
  const servers = cluster({ priorities: { 3: 10 } });
  beat(servers, 3000, 3);
  assert.equal(servers[0].raft.isLeader, true, 'it is away');
  beat(servers, 2500);
  assert.equal(servers[2].raft.isLeader, true);
  const { term } = servers[2].raft;
  beat(servers, 20_000);
  assert.deepEqual([servers[2].raft.isLeader, servers[2].raft.term], [true, term], 'and keeps it');
});

test('with nobody named the lead goes to a voter that follows closely', () => {
  const servers = cluster();
  const [old] = servers;
  old.now += 150;
  old.step({ kind: 'timePassed' });
  settle(servers, ({ from, to }) => from === 2 || to === 2);
  old.now += 100;
  const answer = old.raft.transferLeadership(undefined, old.now);
  assert.deepEqual(answer, { kind: 'begun', to: 3 });
  assert.equal(old.raft.transferTarget, 3);

  const [silent] = cluster();
  silent.now += 250;
  const late = silent.raft.transferLeadership(undefined, silent.now);
  assert.deepEqual(late, { kind: 'refused', reason: 'nobody-follows' });
});
