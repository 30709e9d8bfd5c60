import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bytes, freeAddress, temporaryDirectory, until } from '../cluster.test.support.ts';
import { TestHosts } from '../host/hosts.test.support.ts';
import { nodeFileSystem } from '../storage/file-system.ts';
import { readIdentity, writeIdentity } from '../storage/identity.ts';
import { examineRecovery } from './recover-cluster.ts';
import { examineHostRecovery, type HostRecoveryReport, recoverHost } from './recover-host.ts';

const GROUPS = [1, 2, 3, 70];

test('one host of three is left: it serves all its groups, takes in a new host, and old ones stay out', async (context) => {
  const root = await temporaryDirectory(context);
  const directoryOf = (id: number) => join(root, `h${id}`);
  const peers: Record<number, { host: string; port: number }> = {};
  for (const id of [1, 2, 3, 4]) peers[id] = await freeAddress();
  const { 4: newcomer, ...old } = peers;
  const hosts = new TestHosts(context, 3, { peers: old });
  for (const id of [1, 2, 3]) await hosts.open(id, { directory: directoryOf(id) });
  for (const group of GROUPS) {
    const often = group === 2 ? { snapshotEntries: 5, keepEntries: 1 } : {};
    for (const id of [1, 2, 3]) await hosts.openGroup(id, group, often);
  }
  const expected = new Map<number, string[]>();
  for (const group of GROUPS) {
    await until(() => hosts.leader(group) !== undefined);
    const names = Array.from({ length: 20 }, (_, at) => `${group}/${at}`);
    for (const name of names) await hosts.leader(group)?.propose(bytes(name), { forward: true });
    expected.set(group, names);
    // Acknowledged by two of three; the survivor shall be one of them.
    await hosts.node(1, group)?.read();
  }
  const directory = directoryOf(1);
  const wanted = { directory, newClusterId: 99 };
  await assert.rejects(examineHostRecovery(wanted), { code: 'RAFT_DIRECTORY_LOCKED' });
  await hosts.close();
  hosts.hosts.clear();
  await rm(directoryOf(2), { recursive: true });

  const report = await examineHostRecovery(wanted);
  assert.deepEqual(
    report.groups.map(({ group }) => group),
    GROUPS,
  );
  assert.deepEqual(report.leftOut, [2, 3]);
  assert.ok(report.groups.every(({ role }) => role === 'voter'));
  assert.ok((report.groups[1]?.snapshotIndex ?? 0) > 0);
  await recoverHost({ ...wanted, keepThrough: report.lastRecord });

  await assert.rejects(hosts.open(1, { directory }), {
    code: 'RAFT_WRONG_DIRECTORY',
    message: /open it with cluster id 99/,
  });
  await hosts.open(1, { directory, clusterId: 99, peers });
  assert.deepEqual(hosts.host(1).storedGroups(), GROUPS);
  for (const group of GROUPS) {
    // With the options that it had.
    await hosts.openGroup(1, group, { voters: [1, 2, 3] });
    await until(() => hosts.node(1, group)?.isLeader === true);
    await hosts.node(1, group)?.read();
    assert.deepEqual(hosts.listOf(1, group), expected.get(group));
  }
  // A group that begins now has none of the old hosts in it.
  const fresh = await hosts.openGroup(1, 80, { voters: [1] });
  await assert.rejects(hosts.openGroup(1, 81, { voters: [1, 2] }), {
    code: 'RAFT_BAD_OPTION',
    message: /voter 2 is no host/,
  });
  assert.equal(await fresh.propose(bytes('new'), { forward: true }), 1);

  // An old host comes back with its data and finds nobody to talk to.
  const refusals: string[] = [];
  const note = (_level: string, message: string, facts: object) =>
    refusals.push(`${message} ${JSON.stringify(facts)}`);
  const stray = await hosts.open(3, { directory: directoryOf(3), log: note });
  await hosts.openGroup(3, 1);
  await until(() => refusals.some((line) => line.includes('clusters differ')));
  assert.deepEqual(stray.status().connectedPeers, []);
  assert.deepEqual(hosts.host(1).status().connectedPeers, []);

  // A new host joins with an empty directory and an id that nobody had.
  const present = { 1: old[1]!, 4: newcomer! };
  await hosts.open(4, { directory: directoryOf(4), clusterId: 99, peers: present });
  await hosts.openGroup(4, 3, { voters: [] });
  await hosts.node(1, 3)?.changeMembership({ voters: [1, 4] });
  await until(() => hosts.listOf(4, 3).length === 20);
  const gone = hosts.node(1, 3)?.changeMembership({ voters: [1, 3, 4] });
  await assert.rejects(gone ?? Promise.resolve(), { code: 'RAFT_ID_REMOVED' });
});

/** Two hosts with the groups 5 and 6, each of which has one entry; closed. */
async function closedHosts(context: TestContext) {
  const directory = await temporaryDirectory(context);
  const hosts = new TestHosts(context, 2);
  await hosts.open(1, { directory });
  await hosts.open(2);
  for (const group of [5, 6]) for (const id of [1, 2]) await hosts.openGroup(id, group);
  for (const group of [5, 6]) {
    await until(() => hosts.leader(group) !== undefined);
    await hosts.leader(group)?.propose(bytes('kept'), { forward: true });
    await hosts.node(1, group)?.read();
  }
  await hosts.close();
  hosts.hosts.clear();
  const recoverOnly = async (newClusterId: number, groups: readonly number[]) => {
    const wanted = { directory, newClusterId, groups };
    const { lastRecord } = await examineHostRecovery(wanted);
    return recoverHost({ ...wanted, keepThrough: lastRecord });
  };
  return { directory, hosts, recoverOnly };
}

const untouchedBy = ({ untouched }: HostRecoveryReport) => untouched.map(({ group }) => group);

test('only the groups that are named are recovered, others wait for a later recovery', async (context) => {
  const { directory, hosts, recoverOnly } = await closedHosts(context);
  assert.deepEqual(untouchedBy(await recoverOnly(98, [5])), [6]);
  await hosts.open(1, { directory, clusterId: 98 });
  for (const group of [5, 6]) await hosts.openGroup(1, group);
  await until(() => hosts.node(1, 5)?.isLeader === true);
  assert.deepEqual(hosts.node(1, 6)?.status().configuration.voters, [1, 2]);
  await hosts.close();
  hosts.hosts.clear();
  assert.deepEqual(untouchedBy(await recoverOnly(99, [5, 6])), []);
  await hosts.open(1, { directory, clusterId: 99 });
  for (const group of [5, 6]) {
    await hosts.openGroup(1, group);
    await until(() => hosts.node(1, group)?.isLeader === true);
    await hosts.node(1, group)?.read();
    assert.deepEqual(hosts.listOf(1, group), ['kept']);
  }
});

test('a group that was left aside is recovered beside one that has got a new host since', async (context) => {
  const { directory, hosts, recoverOnly } = await closedHosts(context);
  const at = { host: '127.0.0.1', port: 0 };
  await recoverOnly(98, [5]);
  const common = { clusterId: 98, peers: { 1: at, 4: at } };
  await hosts.open(1, { directory, ...common });
  await hosts.open(4, common);
  await hosts.openGroup(1, 5);
  await hosts.openGroup(4, 5, { voters: [] });
  await until(() => hosts.node(1, 5)?.isLeader === true);
  await hosts.node(1, 5)?.changeMembership({ voters: [1, 4] });
  await hosts.host(1).close();

  const before = await readIdentity(nodeFileSystem, directory);
  const refused = (newClusterId: number, groups: readonly number[], message: RegExp) =>
    assert.rejects(recoverOnly(newClusterId, groups), { code: 'RAFT_RECOVERY_REFUSED', message });
  // Under another id host 1 would leave group 5, and nobody could say anything in it any more.
  await refused(99, [6], /group 5 has got host 4 .* give the id 98 again/);
  await refused(98, [5, 6], /group 5 lives in cluster 98, with host 4/);
  assert.deepEqual(await readIdentity(nodeFileSystem, directory), before);

  assert.deepEqual((await recoverOnly(98, [6])).leftOut, [2]);
  assert.equal((await readIdentity(nodeFileSystem, directory))?.incarnation, before?.incarnation);
  await refused(98, [6], /group 6 has no member that was left out/);
  await refused(7, [6], /belonged to cluster 7 once/);
  await hosts.open(1, { directory, ...common });
  for (const group of [5, 6]) {
    await hosts.openGroup(1, group);
    await until(() => hosts.leader(group) !== undefined);
    await hosts.leader(group)?.propose(bytes('on'), { forward: true });
    await hosts.node(1, group)?.read();
    assert.deepEqual(hosts.listOf(1, group), ['kept', 'on']);
  }
  await until(() => hosts.listOf(4, 5).length === 2);
  assert.deepEqual(hosts.node(1, 5)?.status().configuration.voters, [1, 4]);
});

test('a host’s recovery that a crash interrupted is finished by the next start', async (context) => {
  const directory = await temporaryDirectory(context);
  const hosts = new TestHosts(context, 3);
  const host = await hosts.open(1, { directory });
  await hosts.openGroup(1, 4);
  await host.close();
  const identity = (await readIdentity(nodeFileSystem, directory))!;
  const { lastRecord, leftOut } = await examineHostRecovery({ directory, newClusterId: 99 });
  const recovery = { formerClusterIds: [7], record: lastRecord + 1, groups: [4], leftOut };
  await writeIdentity(nodeFileSystem, directory, { ...identity, clusterId: 99, recovery });

  await hosts.open(1, { directory, clusterId: 99 });
  const node = await hosts.openGroup(1, 4);
  assert.equal(await node.propose(bytes('alone'), { forward: true }), 1);
  const { voters, removed } = node.status().configuration;
  assert.deepEqual([voters, removed], [[1], [2, 3]]);
});

test('a directory is examined as what it is', async (context) => {
  const directory = await temporaryDirectory(context);
  const hosts = new TestHosts(context, 1);
  const host = await hosts.open(1, { directory });
  await (await host.openGroup(3)).close();
  await host.close();
  const asServer = examineRecovery({ directory, newClusterId: 9 });
  await assert.rejects(asServer, { code: 'RAFT_RECOVERY_REFUSED', message: /host of groups/ });
  const empty = await temporaryDirectory(context);
  const asHost = examineHostRecovery({ directory: empty, newClusterId: 9 });
  await assert.rejects(asHost, { code: 'RAFT_WRONG_DIRECTORY' });
});
