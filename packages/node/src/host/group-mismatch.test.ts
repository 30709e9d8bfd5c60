import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, freeAddress, temporaryDirectory, until } from '../cluster.test.support.ts';
import type { RaftError } from '../errors.ts';
import { TestHosts } from './hosts.test.support.ts';

/** Takes log lines, and knows which hosts have said that there are two groups. */
function listen() {
  const heard = new Map<number, string[]>();
  const logOf = (id: number) => (level: string, message: string, facts: object) => {
    if (message !== 'two groups under one id') return;
    const { code, peer, group } = facts as { code: string; peer: number; group: number };
    heard.set(id, [...(heard.get(id) ?? []), `${level} ${code} ${group} ${peer}`]);
  };
  return { heard, logOf };
}

test('who begins a group with other voters ends with the reason, the others say so and go on', async (context) => {
  const peers = { 1: await freeAddress(), 2: await freeAddress(), 3: await freeAddress() };
  const hosts = new TestHosts(context, 3, { peers });
  const { heard, logOf } = listen();
  for (const id of [1, 2, 3]) {
    await hosts.open(id, { directory: await temporaryDirectory(context), log: logOf(id) });
  }
  await until(() => hosts.host(3).status().connectedPeers.length === 2);
  for (const id of [1, 2]) await hosts.openGroup(id, 5);
  await until(() => hosts.leader(5) !== undefined);
  await hosts.node(1, 5)?.propose(bytes('a'), { forward: true });

  const stray = await hosts.openGroup(3, 5, { voters: [2, 3] });
  const waiting = stray.read();
  const refused = assert.rejects(waiting, { code: 'RAFT_CLOSED' });
  const reason = (await stray.ended) as RaftError;
  assert.equal(reason.code, 'RAFT_GROUP_MISMATCH');
  assert.match(reason.message, /began group 5 with the voters 1, 2, 3, this one with 2, 3/);
  await refused;
  await until(() => heard.size === 3);
  for (const id of [1, 2]) assert.deepEqual(heard.get(id), ['error RAFT_GROUP_MISMATCH 5 3']);
  await hosts.node(1, 5)?.propose(bytes('b'), { forward: true });

  // It has neither voted nor heard anything, and begins anew with what it is told.
  const again = await hosts.openGroup(3, 5, { voters: [1, 2, 3] });
  await again.read();
  assert.deepEqual(hosts.listOf(3, 5), ['a', 'b']);
  await again.close();
  // From now on what it began with stays, whatever is said.
  await hosts.openGroup(3, 5, { voters: [2, 3] });
  await hosts.node(3, 5)?.read();
  assert.deepEqual(hosts.listOf(3, 5), ['a', 'b']);
});

test('two groups that have no host in common: all say so as soon as they meet, and both live on', async (context) => {
  const hosts = new TestHosts(context, 4);
  const { heard, logOf } = listen();
  for (const id of [1, 2, 3, 4]) await hosts.open(id, { log: logOf(id) });
  for (const a of [1, 2]) for (const b of [3, 4]) hosts.network.cut(a, b);
  for (const id of [1, 2]) await hosts.openGroup(id, 5, { voters: [1, 2] });
  for (const id of [3, 4]) await hosts.openGroup(id, 5, { voters: [3, 4] });
  await hosts.node(1, 5)?.propose(bytes('one'), { forward: true });
  await hosts.node(3, 5)?.propose(bytes('other'), { forward: true });
  assert.equal(heard.size, 0);
  hosts.network.healAll();
  await until(() => [1, 2, 3, 4].every((id) => (heard.get(id)?.length ?? 0) >= 2));
  await hosts.node(1, 5)?.propose(bytes('two'), { forward: true });
  await hosts.node(3, 5)?.propose(bytes('another'), { forward: true });
  await hosts.node(1, 5)?.read();
  assert.deepEqual(hosts.listOf(1, 5), ['one', 'two']);
});

test('with whom a group began is known after snapshots and a restart', async (context) => {
  const hosts = new TestHosts(context, 2);
  const directory = await temporaryDirectory(context);
  const open = async () => {
    await hosts.open(1, { directory });
    await hosts.openGroup(1, 5, { voters: [1], snapshotEntries: 2, keepEntries: 1 });
    await until(() => hosts.node(1, 5)?.isLeader === true);
  };
  await open();
  for (let at = 1; at <= 9; at += 1) {
    await hosts.node(1, 5)?.propose(bytes(`${at}`), { forward: true });
  }
  await hosts.host(1).close();
  await open();
  await hosts.open(2);
  const stray = await hosts.openGroup(2, 5);
  assert.equal(((await stray.ended) as RaftError).code, 'RAFT_GROUP_MISMATCH');
});
