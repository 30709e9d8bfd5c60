import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAULTS } from './faults.ts';
import { runChaos } from './run.ts';

const SEEDS = Number(process.env.QUORATE_SIM_SEEDS ?? '150');

test(`random faults, seeds 1 to ${SEEDS}: nothing is lost, and the cluster recovers`, async () => {
  const reached = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const report = await runChaos(seed);
    for (const what of report.reached.keys()) reached.add(what);
    assert.ok(report.applied > 0, `seed ${seed} applied nothing`);
  }
  // A fault or a rule that is never reached is not tested.
  for (const fault of Object.keys(FAULTS)) assert.ok(reached.has(fault), fault);
  for (const event of [
    ...['becameFollower', 'becamePreCandidate', 'becameCandidate', 'becameLeader', 'voted'],
    ...['appended', 'truncated', 'rejectedAppend', 'backtracked', 'committed'],
    ...['snapshotNeeded', 'snapshotInstalled', 'compacted'],
  ]) {
    assert.ok(reached.has(event), event);
  }
});

test('the same seed is the same run', async () => {
  assert.deepEqual(await runChaos(5), await runChaos(5));
});

/** Each was a livelock of the core: see the CHANGELOG. */
for (const seed of [3, 400, 807]) {
  test(`seed ${seed}, which found a bug`, async () => {
    await runChaos(seed);
  });
}
