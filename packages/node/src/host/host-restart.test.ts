import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, freeAddress, temporaryDirectory, until } from '../cluster.test.support.ts';
import { RaftNode } from '../raft-node.ts';
import { TestHosts } from './hosts.test.support.ts';

test('a restart finds every group, with all that was acknowledged', async (context) => {
  const directories = await Promise.all([1, 2, 3].map(() => temporaryDirectory(context)));
  const start = async () => {
    const hosts = new TestHosts(context, 3);
    for (const id of [1, 2, 3]) await hosts.open(id, { directory: directories[id - 1] });
    return hosts;
  };
  const groups = Array.from({ length: 25 }, (_, at) => 3 * at + 1);
  const first = await start();
  for (const group of groups) {
    // Snapshots of some of them are taken on the way.
    const options = group % 2 === 0 ? { snapshotEntries: 4, keepEntries: 1 } : {};
    for (const id of [1, 2, 3]) await first.openGroup(id, group, options);
  }
  await until(() => groups.every((group) => first.leader(group) !== undefined));
  for (let round = 1; round <= 10; round++) {
    const all = groups.map((group) =>
      first.leader(group)?.propose(bytes(`${group}/${round}`), { forward: true }),
    );
    assert.deepEqual(await Promise.all(all), new Array(25).fill(round));
  }
  await first.close();

  const second = await start();
  for (const id of [1, 2, 3]) assert.deepEqual(second.host(id).storedGroups(), groups);
  for (const group of groups) for (const id of [1, 2, 3]) await second.openGroup(id, group);
  for (const group of groups) {
    for (const id of [1, 2, 3]) await second.node(id, group)?.read();
    const expected = Array.from({ length: 10 }, (_, at) => `${group}/${at + 1}`);
    for (const id of [1, 2, 3]) assert.deepEqual(second.listOf(id, group), expected);
  }
});

test('a group that is closed and opened again goes on where it was', async (context) => {
  const hosts = new TestHosts(context, 1);
  await hosts.open(1, { directory: await temporaryDirectory(context) });
  for (let round = 1; round <= 3; round++) {
    const node = await hosts.openGroup(1, 8);
    await until(() => node.isLeader);
    assert.equal(await node.propose(bytes(`round ${round}`), { forward: true }), round);
    await node.close();
  }
});

test('a directory is a host’s or a server’s, not both', async (context) => {
  const directory = await temporaryDirectory(context);
  const hosts = new TestHosts(context, 1);
  const host = await hosts.open(1, { directory });
  await assert.rejects(hosts.open(1, { directory }), { code: 'RAFT_DIRECTORY_LOCKED' });
  await host.close();
  const address = await freeAddress();
  const options = { id: 1, peers: { 1: address }, clusterId: 7, directory };
  await assert.rejects(RaftNode.open(options), { code: 'RAFT_WRONG_DIRECTORY' });

  const other = await temporaryDirectory(context);
  await (await RaftNode.open({ ...options, directory: other })).close();
  await assert.rejects(hosts.open(1, { directory: other }), { code: 'RAFT_WRONG_DIRECTORY' });
});
