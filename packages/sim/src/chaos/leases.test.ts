/** That stale reads are found at all: under leases, with clocks that break the bound (hazard 21). */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '@quorate/core';
import type { Action } from '../scenario/action.ts';
import type { ChaosPlan } from './plan.ts';
import { type ChaosReport, replayChaos } from './run.ts';
import type { TimedAction } from './world.ts';

const IDS = [1, 2, 3] as NodeId[];

const PLAN: ChaosPlan = {
  seed: 1,
  diceSeed: 1,
  size: IDS.length,
  options: { electionTimeoutMs: 1000, heartbeatIntervalMs: 100, leaseReads: true },
  snapshotEvery: 50,
  keepEntries: 5,
  snapshotChunkBytes: Infinity,
  tellsLoss: false,
  maxApplyMs: 0,
  faultsMs: 10_000,
};

/** `old` is parted from the others, who go on writing what it is then asked for. */
function cutOff(old: NodeId, oldRate: number, otherRate: number): readonly TimedAction[] {
  const others = IDS.filter((id) => id !== old);
  const actions: TimedAction[] = [];
  const at = (ms: number, action: Action) => actions.push({ at: ms, action });
  const write = (ms: number, server: NodeId) =>
    at(ms, { kind: 'propose', server, commands: [`put:a:${ms}.${server}`] });
  for (const server of IDS) {
    write(4000 + server, server);
    const settings = { rate: server === old ? oldRate : otherRate };
    at(4500, { kind: 'clock', server, settings });
  }
  at(5000, { kind: 'partition', groups: [others] });
  for (let ms = 5100; ms < 8000; ms += 20) {
    for (const server of others) write(ms + server, server);
    at(ms + 9, { kind: 'read', server: old, key: 'a' });
  }
  return actions;
}

/** One of the three leads when it is cut off. */
async function violations(oldRate: number, otherRate: number): Promise<string[]> {
  const runs = IDS.map(async (old): Promise<ChaosReport | Error> => {
    try {
      return await replayChaos({ plan: PLAN, actions: cutOff(old, oldRate, otherRate) });
    } catch (error) {
      return error as Error;
    }
  });
  const failures = (await Promise.all(runs)).filter((run) => run instanceof Error);
  return failures.map(({ message }) => message.split(':')[0]!);
}

test('a leader whose clock runs slower than the bound allows reads what is no longer true', async () => {
  assert.deepEqual(await violations(0.5, 2), ['readsAreFresh']);
});

test('within the bound it does not', async () => {
  assert.deepEqual(await violations(0.9, 1), []);
});
