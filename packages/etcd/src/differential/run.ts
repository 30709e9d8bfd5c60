/** One differential run: fresh servers, the tables, etcdctl, then random requests. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EtcdServer } from '../server.ts';
import { Comparison, type Difference } from './compare.ts';
import { compareEtcdctl, targetOf } from './etcdctl.ts';
import { ETCDCTL_CASES } from './etcdctl-cases.ts';
import { KV_CASES } from './kv-cases.ts';
import { RandomRequests } from './random-requests.ts';
import { RawClient } from './raw-client.ts';
import { freePort, type RunningServer, startRealEtcd } from './real-etcd.ts';
import { bytes, deleteRange, hashKv, range } from './requests.ts';

export interface RunOptions {
  readonly requests: number;
  readonly seed: number;
  /** Stops the random part after so many differences: one cause shows many times. */
  readonly maxDifferences: number;
  readonly onProgress?: (done: number, differences: number) => void;
}

export interface RunResult {
  readonly compared: number;
  readonly differences: readonly Difference[];
}

/** Every hand-written case. */
export function runTables(): Promise<RunResult> {
  return withBoth(async (oracle, ours) => {
    const comparison = await comparing(oracle, ours, async (comparison) => {
      for (const each of KV_CASES) await comparison.run(each);
    });
    return { compared: comparison.steps, differences: comparison.differences };
  });
}

/** Every command line of etcdctl. */
export function runEtcdctl(): Promise<RunResult> {
  return withBoth(async (oracle, ours) => {
    const targets = [await targetOf(oracle.endpoint), await targetOf(ours.endpoint)] as const;
    const differences = await compareEtcdctl(ETCDCTL_CASES, ...targets);
    return { compared: ETCDCTL_CASES.length, differences };
  });
}

/** Requests drawn from the seed, and at the end the whole state and the hash of the history. */
export function runRandom(options: RunOptions): Promise<RunResult> {
  const { requests, seed, maxDifferences, onProgress } = options;
  return withBoth(async (oracle, ours) => {
    const random = new RandomRequests(seed);
    const comparison = await comparing(oracle, ours, async (comparison) => {
      for (let at = 1; at <= requests; at++) {
        const name = `seed ${seed}, request ${at}`;
        await comparison.run({ name, steps: [(known) => random.next(known)] });
        onProgress?.(at, comparison.differences.length);
        if (comparison.differences.length >= maxDifferences) return;
      }
      const everything = { key: bytes('\0'), rangeEnd: bytes('\0') };
      const steps = [range(everything), hashKv({}), deleteRange(everything), hashKv({})];
      await comparison.run({ name: `seed ${seed}, at the end`, steps });
    });
    return { compared: comparison.steps, differences: comparison.differences };
  });
}

async function comparing(
  oracle: RunningServer,
  ours: RunningServer,
  work: (comparison: Comparison) => Promise<void>,
): Promise<Comparison> {
  const clients = { oracle: new RawClient(oracle.endpoint), ours: new RawClient(ours.endpoint) };
  try {
    const comparison = new Comparison(clients);
    await work(comparison);
    return comparison;
  } finally {
    clients.oracle.close();
    clients.ours.close();
  }
}

async function withBoth<T>(
  work: (oracle: RunningServer, ours: RunningServer) => Promise<T>,
): Promise<T> {
  const oracle = await startRealEtcd();
  try {
    const ours = await startOurs();
    try {
      return await work(oracle, ours);
    } finally {
      await ours.stop();
    }
  } finally {
    await oracle.stop();
  }
}

async function startOurs(): Promise<RunningServer> {
  const directory = await mkdtemp(join(tmpdir(), 'quorate-etcd-'));
  const client = `http://127.0.0.1:${await freePort()}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  const server = await EtcdServer.open({
    name: 'n1',
    dataDir: join(directory, 'n1'),
    listenClientUrls: [client],
    advertiseClientUrls: [client],
    listenPeerUrls: [peer],
    initialAdvertisePeerUrls: [peer],
    initialCluster: `n1=${peer}`,
  });
  const stop = async () => {
    await server.close();
    await rm(directory, { recursive: true, force: true });
  };
  await server.ready;
  return { endpoint: client.slice('http://'.length), stop };
}
