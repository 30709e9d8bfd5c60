import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { bytes, FAST, TestCluster, until, untilStatus, waitFor } from './cluster.test.support.ts';
import type { RaftError } from './errors.ts';
import { FaultyDisk } from './faulty-disk.test.support.ts';
import { RaftNode } from './raft-node.ts';

async function withFaultyLeader(context: TestContext) {
  const cluster = new TestCluster(context, 3);
  const disks = new Map([1, 2, 3].map((id) => [id, new FaultyDisk()]));
  for (const [id, disk] of disks) await cluster.open(id, { storage: disk.open });
  const leader = await cluster.leader();
  const { id } = leader.status();
  const others = [...cluster.nodes.keys()].filter((other) => other !== id);
  return { cluster, leader, id, others, disks, disk: disks.get(id) as FaultyDisk };
}

test('a disk that fails ends its node, and the others go on (fsyncgate)', async (context) => {
  const { cluster, leader, others, disk } = await withFaultyLeader(context);
  await leader.propose(bytes('a'));
  disk.mode = 'failing';
  await assert.rejects(leader.propose(bytes('b')), { code: 'RAFT_OUTCOME_UNKNOWN' });
  assert.equal(((await leader.ended) as RaftError).code, 'RAFT_DISK_FAILED');
  await assert.rejects(leader.propose(bytes('c')), { code: 'RAFT_CLOSED' });

  const next = await cluster.leader(others);
  await next.propose(bytes('d'));
  const list = await cluster.listOf(next);
  assert.ok(list[0] === 'a' && list.at(-1) === 'd', `${list}`);
});

test('a leader whose disk hangs falls silent, and another one takes over', async (context) => {
  const { cluster, leader, id, others, disk } = await withFaultyLeader(context);
  disk.mode = 'hanging';
  const hanging = leader.propose(bytes('slow'));
  const next = await cluster.leader(others);
  assert.notEqual(next.status().id, id);
  await next.propose(bytes('quick'));

  disk.recover();
  // Sent before the disk hung, the command is on the others' disks and survives.
  assert.equal(await hanging, 1);
  assert.deepEqual(await cluster.listOf(leader), ['slow', 'quick']);
});

test('followers with hanging disks acknowledge nothing; one good disk besides the leader is enough', async (context) => {
  const cluster = new TestCluster(context, 3);
  const disks = new Map([1, 2, 3].map((id) => [id, new FaultyDisk()]));
  for (const [id, disk] of disks) await cluster.open(id, { storage: disk.open });
  const leader = await cluster.leader();
  const followers = [...cluster.nodes.values()].filter((node) => node !== leader);
  const [first, second] = followers.map((node) => disks.get(node.status().id));
  assert.ok(first !== undefined && second !== undefined);

  first.mode = 'hanging';
  assert.equal(await leader.propose(bytes('a')), 1);
  second.mode = 'hanging';
  const unacknowledged = leader.propose(bytes('b'));
  const { commitIndex } = leader.status();
  // It hears no more answers and gives up the lead; until then it would have committed.
  await waitFor([leader], () => leader.status().role !== 'leader' || undefined);
  assert.equal(leader.status().commitIndex, commitIndex);
  first.recover();
  second.recover();
  assert.equal(await unacknowledged, 2);
});

test('a full disk refuses commands, and nothing else', async (context) => {
  const { cluster, leader, id, disk } = await withFaultyLeader(context);
  await leader.propose(bytes('a'));
  disk.mode = 'full';
  await assert.rejects(leader.propose(bytes('b')), { code: 'RAFT_DISK_FULL' });
  assert.throws(() => leader.start(bytes('b')), { code: 'RAFT_DISK_FULL' });
  assert.deepEqual(await cluster.listOf(leader), ['a']);
  assert.equal(leader.status().leaderId, id);
  disk.mode = 'good';
  assert.equal(await leader.propose(bytes('c')), 2);
});

test('a disk that is full of log makes room for itself, and a follower that is there needs no snapshot', async (context) => {
  const { cluster, leader, others, disk } = await withFaultyLeader(context);
  const names = Array.from({ length: 20 }, (_, at) => `${at}`);
  for (const name of names) await leader.propose(bytes(name));
  disk.mode = 'full of log';
  await assert.rejects(leader.propose(bytes('x')), { code: 'RAFT_DISK_FULL' });
  await untilStatus(leader, ({ firstIndex }) => firstIndex > 1);
  assert.equal(await leader.propose(bytes('y')), 21);
  for (const id of others) {
    assert.deepEqual(await cluster.listOf(cluster.node(id)), [...names, 'y']);
    assert.equal(cluster.node(id).status().snapshotIndex, 0);
  }
});

test('what a follower lacks that is there stays in the log of a full disk', async (context) => {
  const { cluster, leader, others, disks } = await withFaultyLeader(context);
  await leader.propose(bytes('a'));
  const [slow] = others.map((id) => cluster.node(id));
  const { id: slowId, lastIndex } = slow!.status();
  disks.get(slowId)!.mode = 'full';
  for (let count = 0; count < 20; count++) await leader.propose(bytes('b'));
  disks.get(leader.status().id)!.mode = 'full of log';
  await assert.rejects(leader.propose(bytes('x')), { code: 'RAFT_DISK_FULL' });
  await untilStatus(leader, ({ snapshotIndex }) => snapshotIndex > 20);
  assert.equal(leader.status().firstIndex, lastIndex + 1);
  disks.get(slowId)!.mode = 'good';
  await cluster.listOf(slow!);
  assert.equal(slow!.status().snapshotIndex, 0);
});

test('a snapshot that finds no room is not tried again with each command that is refused', async (context) => {
  const { leader, disk } = await withFaultyLeader(context);
  await leader.propose(bytes('a'));
  disk.mode = 'full';
  for (let count = 0; count < 5; count++) {
    await assert.rejects(leader.propose(bytes('b')), { code: 'RAFT_DISK_FULL' });
    await until(() => disk.snapshots >= 1);
  }
  assert.equal(disk.snapshots, 1);
});

test('a log that is read by committed() gets no snapshot, not even on a full disk', async (context) => {
  const disk = new FaultyDisk();
  const said: string[] = [];
  const node = await RaftNode.open({
    ...{ id: 1, clusterId: 7, directory: undefined, storage: disk.open, snapshotEntries: 3 },
    peers: { 1: { host: '127.0.0.1', port: 0 } },
    log: (level, message) => void said.push(`${level} ${message}`),
  });
  context.after(() => node.close());
  const done = new AbortController();
  const consumed = (async () => {
    for await (const _ of node.committed({ signal: done.signal }));
  })();
  for (let count = 0; count < 8; count++) await node.propose(bytes('a'), { forward: true });
  disk.mode = 'full';
  await assert.rejects(node.propose(bytes('b')), { code: 'RAFT_DISK_FULL' });
  done.abort();
  await consumed.catch(() => {});
  await node.close();
  assert.deepEqual(
    said.filter((line) => !line.startsWith('info')),
    [],
  );
});

test('of a burst of commands a nearly full disk is given what it has room for', async (context) => {
  const { leader, disk } = await withFaultyLeader(context);
  disk.room = 50_000;
  const burst = Array.from({ length: 20 }, () => leader.propose(new Uint8Array(10_000)));
  const outcomes = await Promise.allSettled(burst);
  const refused = outcomes.filter(({ status }) => status === 'rejected');
  assert.equal(refused.length, 15);
  for (const { reason } of refused as PromiseRejectedResult[]) {
    assert.equal(reason.code, 'RAFT_DISK_FULL');
  }
  // The next turn has the disk's own word, which is that there is as much room as before.
  assert.equal(await leader.propose(new Uint8Array(10_000)), 6);
});

test('a leader with a full disk refuses what followers pass on, and takes it when there is room', async (context) => {
  const cluster = new TestCluster(context, 3);
  const disks = new Map([1, 2, 3].map((id) => [id, new FaultyDisk()]));
  const answers: number[] = [];
  for (const [id, { open: storage }] of disks) {
    const transport = cluster.network.join(id);
    const send = transport.send.bind(transport);
    transport.send = (message, group) => {
      if (message.kind === 'forwardReply') answers.push(message.firstIndex);
      return send(message, group);
    };
    await cluster.open(id, { storage, transport });
  }
  const leader = await cluster.leader();
  const follower = await cluster.follower();
  const { lastIndex } = leader.status();
  const disk = disks.get(leader.status().id) as FaultyDisk;
  disk.mode = 'full';
  const passedOn = follower.propose(bytes('a'), { forward: true });
  await until(() => answers.length > 0);
  assert.deepEqual(new Set(answers), new Set([0]));
  assert.equal(leader.status().lastIndex, lastIndex);
  disk.mode = 'good';
  assert.equal(await passedOn, 1);
});

test('a follower with a full disk keeps its leader and takes in nothing', async (context) => {
  // Only the full disk shall be a reason to run, not a machine that stands still for a moment.
  const electionTimeoutMs = 400;
  const cluster = new TestCluster(context, 3, { raft: { ...FAST, electionTimeoutMs } });
  const disks = new Map([1, 2, 3].map((id) => [id, new FaultyDisk()]));
  for (const [id, disk] of disks) await cluster.open(id, { storage: disk.open });
  const leader = await cluster.leader();
  const follower = await cluster.follower();
  const disk = disks.get(follower.status().id) as FaultyDisk;
  disk.mode = 'full';
  const { lastIndex, term } = follower.status();
  await leader.propose(bytes('a'));
  // Long enough that a server without a leader would have run.
  await new Promise((resolve) => setTimeout(resolve, 2 * electionTimeoutMs));
  assert.equal(follower.status().lastIndex, lastIndex);
  assert.equal(follower.status().term, term);
  disk.mode = 'good';
  assert.deepEqual(await cluster.listOf(follower), ['a']);
});
