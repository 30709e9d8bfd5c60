import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bytes, temporaryDirectory, until } from '../cluster.test.support.ts';
import { examineHostRecovery, recoverHost } from '../recovery/recover-host.ts';
import { TestHosts } from './hosts.test.support.ts';

test('a removed group is gone for good from this host, and others stay', async (context) => {
  const directory = await temporaryDirectory(context);
  const hosts = new TestHosts(context, 1);
  const host = await hosts.open(1, { directory });
  for (const group of [4, 5, 6]) {
    const node = await hosts.openGroup(1, group, { snapshotEntries: 2, keepEntries: 1 });
    for (let at = 1; at <= 5; at += 1) await node.propose(bytes(`${at}`), { forward: true });
    await until(() => existsSync(join(directory, 'groups', 'snapshots', String(group))));
  }
  await assert.rejects(host.removeGroup(5), { code: 'RAFT_GROUP_OPEN' });
  await assert.rejects(host.removeGroup(7), {
    code: 'RAFT_BAD_OPTION',
    message: /nothing of group 7/,
  });
  await hosts.node(1, 5)?.close();
  await Promise.all([host.removeGroup(5), host.removeGroup(5)]);
  await host.removeGroup(5);
  assert.deepEqual(host.storedGroups(), [4, 6]);
  assert.ok(!existsSync(join(directory, 'groups', 'snapshots', '5')));
  await assert.rejects(host.openGroup(5), { code: 'RAFT_GROUP_REMOVED' });
  await hosts.node(1, 4)?.propose(bytes('more'), { forward: true });
  await host.close();
  await assert.rejects(host.removeGroup(6), { code: 'RAFT_CLOSED' });

  // A recovery does not bring it back either.
  const examined = await examineHostRecovery({ directory, newClusterId: 99 });
  assert.deepEqual(
    examined.groups.map(({ group }) => group),
    [4, 6],
  );
  await recoverHost({ directory, newClusterId: 99, keepThrough: examined.lastRecord });
  const again = await hosts.open(1, { directory, clusterId: 99 });
  assert.deepEqual(again.storedGroups(), [4, 6]);
  await assert.rejects(again.openGroup(5), { code: 'RAFT_GROUP_REMOVED' });
  await hosts.openGroup(1, 4);
  await until(() => hosts.listOf(1, 4).length === 6);
});

test('who removed its data does not vote for the group again: without its vote there is no leader', async (context) => {
  const hosts = new TestHosts(context, 3);
  for (const id of [1, 2, 3]) {
    await hosts.open(id, { directory: await temporaryDirectory(context) });
    await hosts.openGroup(id, 5);
  }
  await until(() => hosts.leader(5) !== undefined);
  await hosts.leader(5)?.propose(bytes('acknowledged'), { forward: true });
  const host = hosts.host(3);
  await hosts.node(3, 5)?.close();
  await host.removeGroup(5);
  await until(() => hosts.leader(5) !== undefined);
  assert.equal(await hosts.leader(5)?.propose(bytes('by two'), { forward: true }), 2);

  await hosts.node(2, 5)?.close();
  const alone = hosts.node(1, 5);
  await until(() => alone?.status().leaderId === undefined);
  await assert.rejects(host.openGroup(5), { code: 'RAFT_GROUP_REMOVED' });
  const absent = () =>
    hosts.sent.words.some(({ to, word }) => to === 1 && word.kind === 'groupAbsent');
  await until(absent);
  assert.equal(alone?.isLeader, false);
});

test('without a directory a removed group is as gone as a closed one', async (context) => {
  const hosts = new TestHosts(context, 1);
  const host = await hosts.open(1);
  await (await hosts.openGroup(1, 5)).close();
  await host.removeGroup(5);
  assert.deepEqual(host.storedGroups(), []);
  await assert.rejects(host.openGroup(5), { code: 'RAFT_GROUP_REMOVED' });
});
