import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, freeAddress, until } from '../cluster.test.support.ts';
import { TestHosts } from './hosts.test.support.ts';

test('each group agrees for itself, and an idle one sends nothing', async (context) => {
  const hosts = new TestHosts(context, 3);
  const groups = 100;
  await hosts.openAll(groups);
  await until(() => hosts.sum('atRest') === 3 * groups);
  assert.equal(hosts.sum('leads'), groups);
  const leaders = Array.from({ length: groups }, (_, at) => hosts.leader(at + 1));
  const lengths = leaders.map((leader, at) =>
    leader?.propose(bytes(`to ${at + 1}`), { forward: true }),
  );
  assert.deepEqual(await Promise.all(lengths), new Array(groups).fill(1));
  await until(() => hosts.sum('atRest') === 3 * groups);
  for (const id of [1, 2, 3]) assert.deepEqual(hosts.listOf(id, 42), ['to 42']);

  hosts.sent.messages.length = 0;
  hosts.sent.words.length = 0;
  const beats = () => hosts.sent.words.filter(({ word }) => word.kind === 'hostBeat').length;
  await until(() => beats() >= 60);
  assert.deepEqual(hosts.sent.messages, [], 'ten intervals of three hosts, and no word of a group');
  assert.equal(hosts.sum('leads'), groups);
});

test('a host that is cut off: its groups are led from elsewhere, and it learns of it', async (context) => {
  const hosts = new TestHosts(context, 3);
  await hosts.openAll(30);
  await until(() => hosts.sum('atRest') === 90);
  const isLedBy1 = (group: number) => hosts.node(1, group)?.isLeader;
  const lost = Array.from({ length: 30 }, (_, at) => at + 1).filter(isLedBy1);
  hosts.network.isolate(1);
  const others = (group: number) => [2, 3].map((id) => hosts.node(id, group));
  await until(() => lost.every((group) => others(group).some((node) => node?.isLeader)));
  for (const group of lost) {
    const leader = others(group).find((node) => node?.isLeader);
    assert.equal(await leader?.propose(bytes('without the first'), { forward: true }), 1);
  }
  await until(() => [2, 3].every((id) => hosts.host(id).status().atRest === 30));
  hosts.network.healAll();
  await until(() => lost.every((group) => hosts.listOf(1, group).length === 1));
  await until(() => hosts.sum('atRest') === 90 && hosts.sum('leads') === 30);
});

test('over TCP: one connection for each pair of hosts, and a host that ends is noticed at once', async (context) => {
  const peers = { 1: await freeAddress(), 2: await freeAddress(), 3: await freeAddress() };
  const lines: { readonly message: string; readonly facts: object }[] = [];
  const log = (_: string, message: string, facts: object) => lines.push({ message, facts });
  const first = new TestHosts(context, 3, { peers, log });
  for (const id of [1, 2, 3]) await first.open(id);
  const connections = () => lines.filter(({ message }) => message === 'peer connected').length;
  await until(() => connections() === 6);
  for (const id of [1, 2, 3]) {
    for (let group = 1; group <= 20; group++) {
      await first.openGroup(id, group);
    }
  }
  await until(() => first.sum('atRest') === 60);
  assert.equal(connections(), 6, 'both ends of three');
  const led = Array.from({ length: 20 }, (_, at) => at + 1);
  const victim = [1, 2, 3].find((id) => led.some((group) => first.node(id, group)?.isLeader)) ?? 0;
  const orphans = led.filter((group) => first.node(victim, group)?.isLeader);
  const closing = first.host(victim).close({ handOver: false });
  first.hosts.delete(victim);
  await until(() => orphans.every((group) => first.leader(group) !== undefined));
  await closing;
  const gone = lines.filter(({ message }) => message === 'host is gone');
  const broke = { peer: victim, reason: 'its connection broke' };
  assert.deepEqual(
    gone.map(({ facts }) => facts),
    [broke, broke],
  );
  for (const group of orphans)
    assert.equal(await first.leader(group)?.propose(bytes('on'), { forward: true }), 1);
});

test('a group that is not open everywhere lives with those where it is', async (context) => {
  const hosts = new TestHosts(context, 3);
  for (const id of [1, 2, 3]) await hosts.open(id);
  for (const id of [1, 2]) await hosts.openGroup(id, 5);
  await until(() => hosts.leader(5) !== undefined);
  assert.equal(await hosts.leader(5)?.propose(bytes('a'), { forward: true }), 1);
  await until(() => hosts.sum('atRest') === 2);
  const late = await hosts.openGroup(3, 5);
  await until(() => hosts.listOf(3, 5).length === 1);
  await until(() => hosts.sum('atRest') === 3);

  const leader = hosts.leader(5);
  await leader?.close();
  await until(() => hosts.leader(5) !== undefined);
  assert.equal(await hosts.leader(5)?.propose(bytes('b'), { forward: true }), 2);
  await late.read();
});

test('what cannot be opened says why', async (context) => {
  const hosts = new TestHosts(context, 1);
  const host = await hosts.open(1);
  const node = await hosts.openGroup(1, 9);
  await assert.rejects(host.openGroup(9), { code: 'RAFT_GROUP_OPEN' });
  for (const id of [0, -1, 1.5, Number.NaN]) {
    await assert.rejects(host.openGroup(id), { code: 'RAFT_BAD_OPTION', message: /group id/ });
  }
  await assert.rejects(host.openGroup(10, { keepEntries: -1 }), { code: 'RAFT_BAD_OPTION' });
  for (const voters of [[1, 2], ['1'], 1]) {
    const group = host.openGroup(10, { voters: voters as number[] });
    await assert.rejects(group, { code: 'RAFT_BAD_OPTION', message: /voter/ });
  }
  await until(() => node.isLeader);
  const stranger = { 2: { host: '127.0.0.1', port: 2380 } };
  for (const options of [{}, { addresses: stranger }]) {
    const change = node.changeMembership({ voters: [1, 2] }, options);
    await assert.rejects(change, { code: 'RAFT_BAD_OPTION', message: /hosts/ });
  }
  await node.close();
  await assert.rejects(host.openGroup(9), {
    code: 'RAFT_BAD_OPTION',
    message: /give the host a dir/,
  });
  assert.deepEqual(host.storedGroups(), [9]);
  await host.close();
  assert.equal(await host.ended, undefined);
  await assert.rejects(host.openGroup(11), { code: 'RAFT_CLOSED' });
});

test('a group moves to another host while others rest, and rests there', async (context) => {
  const hosts = new TestHosts(context, 4);
  for (const id of [1, 2, 3, 4]) await hosts.open(id);
  for (const id of [1, 2, 3]) {
    for (const group of [1, 2]) await hosts.openGroup(id, group, { voters: [1, 2, 3] });
  }
  await until(() => hosts.sum('atRest') === 6);
  assert.equal(await hosts.leader(1)?.propose(bytes('a'), { forward: true }), 1);
  await hosts.openGroup(4, 1, { voters: [] });
  const leaver = hosts.leader(1)?.status().id === 1 ? 2 : 1;
  const stay = [1, 2, 3, 4].filter((id) => id !== leaver);
  await hosts.leader(1)?.changeMembership({ voters: stay, learners: [] });
  await until(() => hosts.listOf(4, 1).length === 1);
  await hosts.node(leaver, 1)?.close();
  await until(() => hosts.sum('atRest') === 6);
  assert.equal(await hosts.node(4, 1)?.propose(bytes('b'), { forward: true }), 2);
  assert.equal(hosts.leader(2)?.status().term, 1, 'the other group has heard of nothing');
});
