import assert from 'node:assert/strict';
import { test } from 'node:test';
import { courseOf, scenarioOf } from '../scenario/course.ts';
import { playScenario } from '../scenario/run.ts';
import { parseScenario, printScenario } from '../scenario/scenario.ts';
import { unreachedIn } from './coverage.ts';
import { replayChaos, runChaos } from './run.ts';
import type { TimedAction } from './world.ts';

/** The documented set: enough for every rule to be reached. */
const SEEDS = Number(process.env.QUORATE_SIM_SEEDS ?? '150');

test(`random faults, seeds 1 to ${SEEDS}: all properties hold, and every rule is reached`, async () => {
  const reached: Record<string, number> = {};
  for (let seed = 1; seed <= SEEDS; seed++) {
    const report = await runChaos(seed);
    for (const [what, count] of Object.entries(report.reached)) {
      reached[what] = (reached[what] ?? 0) + count;
    }
  }
  assert.deepEqual(unreachedIn(reached), []);
});

test('the same seed is the same run', async () => {
  assert.deepEqual(await runChaos(5), await runChaos(5));
});

test('another seed is another run', async () => {
  assert.notEqual((await runChaos(5)).digest, (await runChaos(6)).digest);
});

test('what was drawn can be done again without the dice, and as a scenario it is the same run', async () => {
  // Something follows at once from what the last one ended with.
  for (const seed of [7, 8, 9, 10, 11, 12, 13, 14, 15, 160]) {
    const actions: TimedAction[] = [];
    const { plan, digest } = await runChaos(seed, { onAction: (timed) => actions.push(timed) });
    assert.equal((await replayChaos({ plan, actions })).digest, digest);
    const about = { title: 'A run', teaches: 'what happens', sources: [`seed ${seed}`] };
    const text = printScenario(scenarioOf(courseOf({ plan, actions }), about));
    assert.equal(await playScenario(parseScenario(text, 'run'), { file: 'run' }), digest);
  }
});
