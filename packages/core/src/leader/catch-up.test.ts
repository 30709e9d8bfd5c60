import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle } from '../testing.test.support.ts';
import { change, clusterOf, configurationIn, cutOff, ids, pass } from './cluster.test.support.ts';

const CAUGHT_UP = 'when-caught-up';

test('one call makes three servers of one: newcomers learn first and vote together (§4.2.1)', () => {
  const servers = clusterOf(1, 2, 3);
  const [leader] = servers as [(typeof servers)[0]];
  assert.deepEqual(change(leader, [1, 2, 3]), { kind: 'refused', reason: 'would-lose-quorum' });
  assert.equal(change(leader, [1, 2, 3], [], CAUGHT_UP).kind, 'appended');
  const { voters, learners, next } = configurationIn(leader);
  assert.deepEqual([voters, learners, next?.voters], [[1], [2, 3], [1, 2, 3]]);

  pass(servers, 300, cutOff(3));
  assert.deepEqual(configurationIn(leader).voters, [1], 'server 3 has nothing yet');
  pass(servers, 500);
  for (const server of servers) {
    const { voters, learners, outgoing, next } = configurationIn(server);
    assert.deepEqual([voters, learners, outgoing, next], [[1, 2, 3], [], [], undefined]);
  }
});

test('a newcomer that needs longer than an election timeout for a round has not caught up', () => {
  const servers = clusterOf(3, 4);
  const [leader] = servers as [(typeof servers)[0]];
  /** Its log is ours through `matchIndex`, and there is more already. */
  const newcomerAccepts = (matchIndex: number) => {
    leader.propose();
    leader.receive({ kind: 'appendAccepted', from: 4, term: 1, matchIndex, round: 0 } as never);
  };
  change(leader, [1, 2, 3, 4], [], CAUGHT_UP);
  settle(servers, cutOff(4));
  pass(servers, 1500, cutOff(4));
  newcomerAccepts(2);
  pass(servers, 1500, cutOff(4));
  newcomerAccepts(3);
  assert.deepEqual(configurationIn(leader).voters, [1, 2, 3], 'each round took 1500 ms');
  pass(servers, 900, cutOff(4));
  newcomerAccepts(4);
  assert.deepEqual(configurationIn(leader).voters, [1, 2, 3, 4]);
});

test('newcomers wait for their votes while those who answer could not commit that', () => {
  const servers = clusterOf(1, 2, 3);
  const [leader] = servers as [(typeof servers)[0]];
  change(leader, [2, 3], [], CAUGHT_UP);
  pass(servers, 300, cutOff(3));
  // Server 2 has the whole log when it falls silent, and nothing is added to it.
  pass(servers, 1500, cutOff(2, 3));
  pass(servers, 500, cutOff(2));
  assert.deepEqual(
    configurationIn(leader).next?.voters,
    [2, 3],
    'both are needed, and one answers',
  );
  pass(servers, 500);
  assert.deepEqual(configurationIn(servers[2]!).voters, [2, 3]);
});

test('a later leader keeps the promise of an earlier one', () => {
  const servers = clusterOf(3, 4);
  const [old] = servers as [(typeof servers)[0]];
  change(old, [2, 3, 4], [], CAUGHT_UP);
  pass(servers, 200, cutOff(4));
  assert.deepEqual(configurationIn(servers[1]!).next?.voters, [2, 3, 4]);
  pass(servers, 6000, cutOff(1));
  const leader = servers.slice(1).find(({ raft }) => raft.isLeader)!;
  const { voters, removed, next } = configurationIn(leader);
  assert.deepEqual([voters, removed, next], [[2, 3, 4], [1], undefined]);
  assert.equal(leader.raft.membership.isCommitted, true);
});

test('what waits for newcomers is withdrawn or replaced by another change', () => {
  const servers = clusterOf(3, 4, 5);
  const [leader] = servers as [(typeof servers)[0]];
  const away = cutOff(4, 5);
  change(leader, [1, 2, 3, 4], [], CAUGHT_UP);
  pass(servers, 200, away);
  assert.deepEqual(change(leader, [1, 2, 3, 4], [], CAUGHT_UP), {
    kind: 'refused',
    reason: 'nothing-to-change',
  });
  assert.equal(change(leader, [1, 2, 3], [4], CAUGHT_UP).kind, 'appended');
  assert.deepEqual(
    [configurationIn(leader).learners, configurationIn(leader).next],
    [[4], undefined],
  );
  pass(servers, 200, away);
  assert.equal(change(leader, [1, 2, 3, 5], [4], CAUGHT_UP).kind, 'appended');
  const { learners, next } = configurationIn(leader);
  assert.deepEqual([learners, next], [[4, 5], { voters: [1, 2, 3, 5], learners: [4] }]);
});

test('addresses travel with the configuration, and one alone is a change', () => {
  const servers = clusterOf(3, 4);
  const [leader] = servers as [(typeof servers)[0]];
  const at = (id: number, address: string) => ({ id: ids(id)[0]!, address });
  change(leader, [1, 2, 3, 4], [], CAUGHT_UP, [at(4, 'd'), at(1, 'a')]);
  pass(servers, 500);
  for (const server of servers) {
    assert.deepEqual(configurationIn(server).addresses, [at(1, 'a'), at(4, 'd')]);
  }
  assert.equal(change(leader, [1, 2, 3, 4], [], CAUGHT_UP, [at(4, 'd')]).kind, 'refused');
  assert.equal(change(leader, [1, 2, 3, 4], [], CAUGHT_UP, [at(4, 'e')]).kind, 'appended');
  pass(servers, 500);
  assert.deepEqual(configurationIn(servers[1]!).addresses, [at(1, 'a'), at(4, 'e')]);
  change(leader, [1, 2, 3]);
  assert.deepEqual(configurationIn(leader).addresses, [at(1, 'a')], 'a server that left has none');
});

test('a server that left is in contact until it has been told', () => {
  const servers = clusterOf(3);
  const [leader, second] = servers as [(typeof servers)[0], (typeof servers)[0]];
  change(leader, [1, 2]);
  settle(servers, cutOff(3));
  assert.deepEqual(leader.raft.membership.contacts, [1, 2, 3]);
  assert.equal(leader.raft.membership, leader.raft.membership, 'the same until something changes');
  pass(servers, 500);
  assert.deepEqual(leader.raft.membership.contacts, [1, 2]);
  assert.deepEqual(second.raft.membership.contacts, [1, 2]);
});

test('a leader shows what it knows of the others', () => {
  const servers = clusterOf(3);
  const [leader, second] = servers as [(typeof servers)[0], (typeof servers)[0]];
  pass(servers, 1500, cutOff(3));
  const known = leader.raft.followers().map(({ id, matchIndex, mode, isActive }) => {
    return { id, matchIndex, mode, isActive };
  });
  assert.deepEqual(known, [
    { id: 2, matchIndex: 1, mode: 'replicate', isActive: true },
    { id: 3, matchIndex: 1, mode: 'replicate', isActive: false },
  ]);
  assert.deepEqual(second.raft.followers(), []);
});
