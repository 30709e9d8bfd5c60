import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { PeerAddress } from './api.ts';
import {
  bytes,
  FAST,
  freeAddress,
  TestCluster,
  until,
  untilStatus,
} from './cluster.test.support.ts';

test('under a lease a read asks nobody, and when it has ended everybody', async (context) => {
  const raft = { electionTimeoutMs: 1000, heartbeatIntervalMs: 50, leaseReads: true };
  const cluster = new TestCluster(context, 3, { raft });
  await cluster.openAll();
  const leader = await cluster.leader();
  await leader.propose(bytes('a'));
  await leader.read();
  cluster.network.isolate(leader.status().id);
  await leader.read();
  await untilStatus(leader, ({ role }) => role === 'follower');
  let isAnswered = false;
  const late = leader.read().then(() => {
    isAnswered = true;
  });
  const others = [1, 2, 3].filter((id) => id !== leader.status().id);
  const next = await cluster.leader(others);
  await next.propose(bytes('b'));
  assert.equal(isAnswered, false);
  cluster.network.healAll();
  await late;
  assert.deepEqual(cluster.machines.get(leader.status().id)?.state, ['a', 'b']);
});

test('a leader that was frozen in a read does not trust the lease it had (hazards 20 and 21)', async (context) => {
  const peers: Record<number, PeerAddress> = {};
  for (const id of [1, 2, 3]) peers[id] = await freeAddress();
  // Whoever is elected hands over to server 1.
  const raft = { ...FAST, leaseReads: true, priorities: { 1: 1 } };
  const cluster = new TestCluster(context, 3, { peers, raft });
  await cluster.open(2);
  await cluster.open(3);
  const thaw = new Int32Array(new SharedArrayBuffer(4));
  const options = { id: 1, clusterId: 7, peers, raft };
  const file = new URL('./lease-leader.test.support.js', import.meta.url);
  const frozen = new Worker(file, { workerData: { options, thaw: thaw.buffer } });
  const words: string[] = [];
  frozen.on('message', (word: string) => words.push(word));
  const said = (word: string) => until(() => words.includes(word));
  await said('leads');
  const follower = cluster.node(2);
  await follower.propose(bytes('a'), { forward: true });
  frozen.postMessage('read');
  await said('read a');

  frozen.postMessage('read frozen');
  await said('frozen');
  const leads = (id: number) => cluster.node(id).status().role === 'leader';
  await until(() => [2, 3].some(leads));
  const next = cluster.node([2, 3].find(leads) ?? 2);
  await next.propose(bytes('b'));
  Atomics.store(thaw, 0, 1);
  Atomics.notify(thaw, 0);
  await until(() => words.filter((word) => word.startsWith('read')).length === 2);
  assert.equal(
    words.findLast((word) => word.startsWith('read')),
    'read a,b',
  );
  const exit = once(frozen, 'exit');
  frozen.postMessage('close');
  await exit;
});
