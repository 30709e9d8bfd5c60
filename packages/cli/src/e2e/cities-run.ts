/**
 * Cities into a three-process cluster through the npm client etcd3, while leaders are killed.
 *
 * At the end every city is acknowledged, all three members hold all of them and agree revision by
 * revision, and after a restart of everything they still do.
 */

import assert from 'node:assert/strict';
import { recordsOfCities } from '../load/records.ts';
import type { Member } from './member.ts';
import { TestCluster } from './member.ts';
import { assertReplicasHold } from './replicas.ts';
import { Workload } from './workload.ts';

export interface CitiesOptions {
  /** How many cities; all 135,233 by default. */
  readonly cities?: number;
  /** How often the leader is killed with SIGKILL, evenly over the load. */
  readonly kills: number;
  readonly concurrency: number;
  readonly tell: (line: string) => void;
}

export interface CitiesReport {
  readonly acknowledged: number;
  readonly retries: number;
  readonly revision: number;
  readonly hashKv: number;
  readonly loadSeconds: number;
  /** Milliseconds without any acknowledgement around each kill. */
  readonly interruptionsMs: readonly number[];
}

export async function runCities(options: CitiesOptions): Promise<CitiesReport> {
  const { tell } = options;
  const { records, total: expected } = await recordsOfCities(options.cities);
  await using cluster = await TestCluster.start(3);
  tell(`three members at ${cluster.endpoints.join(', ')}`);

  const begun = performance.now();
  const workload = await Workload.start(cluster.endpoints, records, options);
  const interruptionsMs: number[] = [];
  for (let kill = 1; kill <= options.kills; kill += 1) {
    await workload.untilAcknowledged(Math.floor((kill * expected) / (options.kills + 1)));
    interruptionsMs.push(await killLeader(cluster, workload, tell));
  }
  await workload.done;
  const loadSeconds = (performance.now() - begun) / 1000;
  assert.equal(workload.acknowledged.size, expected, 'every city is acknowledged');
  tell(
    `${expected} cities acknowledged in ${loadSeconds.toFixed(1)} s, ${workload.retries} retries`,
  );

  const { revision, hashKv } = await assertReplicasHold(cluster.members, workload.acknowledged, {
    exact: true,
  });
  tell(`all three members hold them and agree: revision ${revision}, HashKV ${hashKv}`);

  for (const ended of await cluster.endAll('SIGTERM')) assert.equal(ended.status, 0, ended.stderr);
  await cluster.startAll();
  const again = await assertReplicasHold(cluster.members, workload.acknowledged, {
    exact: true,
    revision,
  });
  assert.equal(again.hashKv, hashKv, 'a restart of everything finds the same');
  tell('a restart of everything finds the same');
  return {
    acknowledged: workload.acknowledged.size,
    retries: workload.retries,
    revision: Number(revision),
    hashKv,
    loadSeconds,
    interruptionsMs,
  };
}

/** Kills the leader, waits until others go on without it, and starts it again. */
async function killLeader(
  cluster: TestCluster,
  workload: Workload,
  tell: (line: string) => void,
): Promise<number> {
  const leader: Member = await cluster.leader();
  workload.takeLongestGap();
  const before = workload.acknowledged.size;
  await leader.end('SIGKILL');
  const successor = await cluster.leader();
  assert.notEqual(successor, leader);
  await workload.untilAcknowledged(workload.acknowledged.size + 100);
  const interruptionMs = workload.takeLongestGap();
  await leader.start();
  tell(
    `killed ${leader.name} after ${before} cities; ${successor.name} leads; ` +
      `no acknowledgement for ${Math.round(interruptionMs)} ms`,
  );
  return interruptionMs;
}
