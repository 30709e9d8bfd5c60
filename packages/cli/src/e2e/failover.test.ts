/** Processes killed without warning, one and all: writes go on or wait, and nothing acknowledged is lost. */

import { test } from 'node:test';
import { TestCluster } from './member.ts';
import { assertReplicasHold } from './replicas.ts';
import { numberedRecords, Workload } from './workload.ts';

for (const victim of ['leader', 'follower'] as const) {
  test(`SIGKILL of a ${victim} in the middle of writes loses nothing acknowledged`, async (t) => {
    await using cluster = await TestCluster.start(3);
    const leader = await cluster.leader();
    const killed =
      victim === 'leader' ? leader : cluster.members.find((member) => member !== leader)!;
    const workload = await Workload.start(cluster.endpoints, numberedRecords('k'), {
      concurrency: 16,
    });
    await workload.untilAcknowledged(200);
    workload.takeLongestGap();
    await killed.end('SIGKILL');
    await workload.untilAcknowledged(workload.acknowledged.size + 200);
    t.diagnostic(
      `no acknowledgement for ${Math.round(workload.takeLongestGap())} ms (election timeout 1000 to 2000 ms)`,
    );
    await killed.start();
    await workload.untilAcknowledged(workload.acknowledged.size + 100);
    await workload.stop();
    await assertReplicasHold(cluster.members, workload.acknowledged, { exact: false });
  });
}

test('SIGKILL of all three at once in the middle of writes, and a restart: everything is there', async () => {
  await using cluster = await TestCluster.start(3);
  const workload = await Workload.start(cluster.endpoints, numberedRecords('k'), {
    concurrency: 64,
  });
  for (let round = 1; round <= 2; round += 1) {
    await workload.untilAcknowledged(workload.acknowledged.size + 500);
    await cluster.endAll('SIGKILL');
    await cluster.startAll();
  }
  await workload.untilAcknowledged(workload.acknowledged.size + 100);
  await workload.stop();
  await assertReplicasHold(cluster.members, workload.acknowledged, { exact: false });
});

test('SIGTERM in the middle of writes: a clean end with status 0, and nothing acknowledged lost', async (t) => {
  await using cluster = await TestCluster.start(3);
  const workload = await Workload.start(cluster.endpoints, numberedRecords('k'), {
    concurrency: 32,
  });
  for (const member of cluster.members) {
    await workload.untilAcknowledged(workload.acknowledged.size + 100);
    const ended = await member.end('SIGTERM');
    t.assert.equal(ended.status, 0, ended.stderr);
    await member.start();
  }
  await workload.untilAcknowledged(workload.acknowledged.size + 100);
  await workload.stop();
  await assertReplicasHold(cluster.members, workload.acknowledged, { exact: false });
});
