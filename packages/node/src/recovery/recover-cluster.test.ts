import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  bytes,
  freeAddress,
  listMachine,
  TestCluster,
  temporaryDirectory,
} from '../cluster.test.support.ts';
import { RaftNode } from '../raft-node.ts';
import { nodeFileSystem } from '../storage/file-system.ts';
import { readIdentity, writeIdentity } from '../storage/identity.ts';
import { examineRecovery, recoverCluster } from './recover-cluster.ts';

test('one of three is left: it serves what was acknowledged, and old members stay out', async (context) => {
  const root = await temporaryDirectory(context);
  const directoryOf = (id: number) => join(root, `n${id}`);
  const peers: Record<number, { host: string; port: number }> = {};
  for (const id of [1, 2, 3]) peers[id] = await freeAddress();
  const cluster = new TestCluster(context, 3, { peers, snapshotEntries: 20, keepEntries: 5 });
  for (const id of [1, 2, 3]) await cluster.open(id, { directory: directoryOf(id) });
  await cluster.leader();
  const names = Array.from({ length: 50 }, (_, at) => `command ${at}`);
  const session = await cluster.node(1).openSession();
  for (const name of names) await session.propose(bytes(name));
  const { id: sessionId, nextSerial } = session;
  const directory = directoryOf(1);
  const wanted = { directory, newClusterId: 99 };
  await assert.rejects(examineRecovery(wanted), { code: 'RAFT_DIRECTORY_LOCKED' });

  await cluster.close();
  cluster.nodes.clear();
  await rm(directoryOf(2), { recursive: true });
  const report = await examineRecovery(wanted);
  assert.deepEqual(report.leftOut, [2, 3]);
  assert.ok(report.snapshotIndex > 0 && (report.kept?.first ?? 0) > 1, 'the log was compacted');
  assert.equal(report.kept?.last, report.mayBeLostAfter);
  await recoverCluster({ ...wanted, keepThrough: report.lastEntry });

  // Its old self is gone for good.
  const old = cluster.open(1, { directory });
  await assert.rejects(old, {
    code: 'RAFT_WRONG_DIRECTORY',
    message: /open it with cluster id 99/,
  });
  const heard: string[] = [];
  const log = (_level: string, message: string, facts: object) =>
    heard.push(`${message} ${JSON.stringify(facts)}`);
  const node = await cluster.open(1, { directory, clusterId: 99, log });
  await cluster.leader([1]);
  assert.deepEqual(node.status().configuration.voters, [1]);
  assert.deepEqual(await cluster.listOf(node), names);
  const resumed = node.resumeSession(sessionId, nextSerial);
  assert.equal(await resumed.propose(bytes('more')), 51);

  // A member of the old cluster comes back with its data, and the other one with an empty disk.
  const refusals: string[] = [];
  const note = (_level: string, message: string, facts: object) =>
    refusals.push(`${message} ${JSON.stringify(facts)}`);
  const third = await cluster.open(3, { directory: directoryOf(3), log: note });
  while (!refusals.some((line) => line.includes('clusters differ'))) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.equal(third.status().leaderId, undefined);
  assert.deepEqual(third.status().connectedPeers, []);
  assert.deepEqual(node.status().connectedPeers, []);
  assert.equal(await resumed.propose(bytes('still')), 52);
});

test('a recovery that a crash interrupted is finished by the next start', async (context) => {
  const directory = await temporaryDirectory(context);
  const peers = Object.fromEntries([1, 2, 3].map((id) => [id, { host: '127.0.0.1', port: 0 }]));
  const open = (clusterId: number) =>
    RaftNode.open<number>({ id: 1, peers, directory, clusterId, machine: listMachine() });
  await (await open(7)).close();
  const identity = (await readIdentity(nodeFileSystem, directory))!;
  const { firstEntry, leftOut } = await examineRecovery({ directory, newClusterId: 99 });
  const recovery = { formerClusterIds: [7], ...firstEntry, leftOut };
  await writeIdentity(nodeFileSystem, directory, { ...identity, clusterId: 99, recovery });

  const node = await open(99);
  context.after(() => node.close());
  assert.equal(await node.propose(bytes('alone'), { forward: true }), 1);
  const { voters, removed } = node.status().configuration;
  assert.deepEqual([voters, removed], [[1], [2, 3]]);
});

test('a directory without a server in it is refused', async (context) => {
  const root = await temporaryDirectory(context);
  mkdirSync(join(root, 'empty'));
  for (const directory of [join(root, 'empty'), join(root, 'missing')]) {
    const examined = examineRecovery({ directory, newClusterId: 9 });
    await assert.rejects(examined, { code: 'RAFT_WRONG_DIRECTORY' });
  }
  // A log of somebody else's.
  mkdirSync(join(root, 'lost', 'log'), { recursive: true });
  const examined = examineRecovery({ directory: join(root, 'lost'), newClusterId: 9 });
  await assert.rejects(examined, { code: 'RAFT_WRONG_DIRECTORY' });
  // Its name is gone, its data are not.
  writeFileSync(join(root, 'lost', 'log', '000000000001.log'), '');
  const nameless = examineRecovery({ directory: join(root, 'lost'), newClusterId: 9 });
  await assert.rejects(nameless, { code: 'RAFT_STORAGE_CORRUPT', message: /json.* is missing/ });
});

test('a directory and its copy, recovered into one cluster id, are servers that can be told apart', async (context) => {
  const root = await temporaryDirectory(context);
  const [first, copy] = [join(root, 'first'), join(root, 'copy')];
  const peers = { 1: { host: '127.0.0.1', port: 0 } };
  const open = (directory: string) =>
    RaftNode.open<number>({ id: 1, clusterId: 7, peers, directory, machine: listMachine() });
  await (await open(first)).close();
  await cp(first, copy, { recursive: true });
  const incarnations = [(await readIdentity(nodeFileSystem, first))?.incarnation];
  for (const directory of [first, copy]) {
    const wanted = { directory, newClusterId: 99 };
    const { lastEntry } = await examineRecovery(wanted);
    await recoverCluster({ ...wanted, keepThrough: lastEntry });
    incarnations.push((await readIdentity(nodeFileSystem, directory))?.incarnation);
  }
  // By this they are told apart: known-peers.ts.
  assert.equal(new Set(incarnations).size, 3);
});

test('a recovered server can be recovered again', async (context) => {
  const directory = await temporaryDirectory(context);
  const options = { id: 5, peers: { 5: { host: '127.0.0.1', port: 0 } }, directory };
  const open = (clusterId: number) =>
    RaftNode.open<number>({ ...options, clusterId, machine: listMachine() });
  let node = await open(1);
  await node.propose(bytes('a'), { forward: true });
  for (const newClusterId of [2, 3]) {
    await node.close();
    const { lastEntry } = await examineRecovery({ directory, newClusterId });
    await recoverCluster({ directory, newClusterId, keepThrough: lastEntry });
    node = await open(newClusterId);
    context.after(() => node.close());
  }
  assert.equal(await node.propose(bytes('b'), { forward: true }), 2);
  await node.close();
  for (const newClusterId of [1, 2, 3]) {
    const used = examineRecovery({ directory, newClusterId });
    await assert.rejects(used, { code: 'RAFT_RECOVERY_REFUSED', message: /never used/ });
  }
  for (const clusterId of [1, 2]) {
    const outdated = { code: 'RAFT_WRONG_DIRECTORY', message: /open it with cluster id 3/ };
    await assert.rejects(open(clusterId), outdated);
  }
});
