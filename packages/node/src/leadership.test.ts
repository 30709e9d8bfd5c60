import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { NodeStatus } from './api.ts';
import {
  bytes,
  code,
  FAST,
  TestCluster,
  temporaryDirectory,
  untilStatus,
} from './cluster.test.support.ts';

const AT = { host: '127.0.0.1', port: 0 };

async function clusterOfThree(context: TestContext) {
  const cluster = new TestCluster(context, 3);
  await cluster.openAll();
  const leader = await cluster.leader();
  const follower = await cluster.follower();
  return { cluster, leader, follower, id: leader.status().id, to: follower.status().id };
}

/**
 * Three servers that would wait a minute before one of them runs. Server 1 leads, because it founded
 * the cluster alone.
 */
async function patientCluster(context: TestContext) {
  const raft = { ...FAST, electionTimeoutMs: 60_000 };
  const cluster = new TestCluster(context, 1, { raft });
  const leader = await cluster.open(1);
  for (const id of [2, 3]) await cluster.open(id, { join: true, peers: { [id]: AT } });
  await leader.read();
  await leader.changeMembership({ voters: [1, 2, 3] }, { addresses: { 2: AT, 3: AT } });
  return { cluster, leader };
}

test('the lead goes where it is asked to go, without waiting for an election timeout', async (context) => {
  const { cluster, leader } = await patientCluster(context);
  assert.equal(await leader.transferLeadership(3), 3);
  const next = cluster.node(3);
  assert.deepEqual([next.status().role, leader.status().leaderId], ['leader', 3]);
  assert.equal(await next.propose(bytes('a')), 1);
  // Nobody named: one of the two that follow.
  const third = await next.transferLeadership();
  assert.ok(third === 1 || third === 2);
  assert.equal(await next.transferLeadership().catch(({ leaderId }) => leaderId), third);
});

test('a leader that is closed hands over first', async (context) => {
  const { cluster, leader } = await patientCluster(context);
  await leader.propose(bytes('a'));
  await cluster.shut(leader);
  const next = await cluster.leader([2, 3]);
  assert.equal(await next.propose(bytes('b')), 2);
  // The last one has nobody to hand over to, and ends all the same.
  const other = [2, 3].map((id) => cluster.node(id)).find((node) => node !== next);
  await cluster.shut(other!, { handOver: false });
  await cluster.shut(next, { handOver: false });
});

test('commands that may be repeated wait while the lead is handed over', async (context) => {
  const { cluster, leader, follower, to } = await clusterOfThree(context);
  // Nothing arrives: the hand-over begins and comes to nothing.
  cluster.network.isolate(to);
  const failed = assert.rejects(leader.transferLeadership(to), code('RAFT_TRANSFER_FAILED'));
  await untilStatus(leader, ({ transferTarget }) => transferTarget === to);
  await assert.rejects(leader.propose(bytes('x')), {
    code: 'RAFT_PROPOSAL_DROPPED',
    message: /handed over/,
  });
  assert.throws(() => leader.start(bytes('x')), code('RAFT_PROPOSAL_DROPPED'));
  await assert.rejects(
    leader.changeMembership({ voters: [leader.status().id] }),
    code('RAFT_TRANSFER_UNDER_WAY'),
  );
  const waits = leader.propose(bytes('a'), { forward: true });
  await failed;
  assert.equal(await waits, 1);
  assert.equal(leader.status().role, 'leader', 'it leads on');
  cluster.network.healAll();
  assert.deepEqual(await cluster.listOf(follower), ['a']);
});

test('a hand-over is refused with a code, or ends with the wait', async (context) => {
  const { cluster, leader, follower, id, to } = await clusterOfThree(context);
  assert.equal(await leader.transferLeadership(id), id, 'it leads already');
  await assert.rejects(leader.transferLeadership(9), code('RAFT_BAD_OPTION'));
  await assert.rejects(follower.transferLeadership(id), { code: 'RAFT_NOT_LEADER', leaderId: id });
  cluster.network.isolate(to);
  const reason = new Error('enough');
  const stop = new AbortController();
  const given = assert.rejects(leader.transferLeadership(to, { signal: stop.signal }), reason);
  stop.abort(reason);
  await given;
  await assert.rejects(leader.transferLeadership(to, { signal: stop.signal }), reason);
  await cluster.shut(leader, { handOver: false });
  await assert.rejects(leader.transferLeadership(to), code('RAFT_CLOSED'));
});

test('a cluster of one has nobody to hand over to', async (context) => {
  const cluster = new TestCluster(context, 1);
  const only = await cluster.open(1);
  await only.read();
  await assert.rejects(only.transferLeadership(), code('RAFT_TRANSFER_FAILED'));
});

test('a preferred server gets the lead, also when it comes back', async (context) => {
  const cluster = new TestCluster(context, 3, { raft: { ...FAST, priorities: { 3: 1 } } });
  const directory = await temporaryDirectory(context);
  await cluster.open(1);
  await cluster.open(2);
  await cluster.open(3, { directory });
  const leads = ({ role }: NodeStatus) => role === 'leader';
  await untilStatus(cluster.node(3), leads);
  await cluster.shut(cluster.node(3));
  const other = await cluster.leader([1, 2]);
  await other.propose(bytes('a'));
  await untilStatus(await cluster.open(3, { directory }), leads);
  assert.equal(await cluster.node(3).propose(bytes('b')), 2);
});
