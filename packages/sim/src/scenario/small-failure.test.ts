/** A bug is planted in the core: a random run finds it, and what is left of the run shows it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChaosFailure, runChaos } from '../chaos/run.ts';
import { MUTANTS, mutatedCore } from '../exhaustive/mutated-core.test.support.ts';
import type { MakeCore } from '../server.ts';
import { playScenario } from './run.ts';
import { parseScenario } from './scenario.ts';
import { smallFailureOf } from './small-failure.ts';

const SEEDS = 40;
/** Some runs get smaller than others; this one and those that follow get small enough to be read. */
const FIRST_SEED = 6;

async function firstFailure(makeCore: MakeCore): Promise<{ seed: number; failure: ChaosFailure }> {
  for (let seed = FIRST_SEED; seed <= SEEDS; seed++) {
    try {
      await runChaos(seed, { makeCore });
    } catch (failure) {
      assert.ok(failure instanceof ChaosFailure);
      return { seed, failure };
    }
  }
  throw new Error(`no seed up to ${SEEDS} has found the bug`);
}

/** Actions that are left of some hundreds. */
const HANDFUL = 16;

test('a random run finds a bug of one line; made small, it is a scenario that shows it', async () => {
  const mutant = MUTANTS.find(({ name }) => name.startsWith('candidates whose logs are behind'))!;
  const makeCore = await mutatedCore(mutant);
  const { seed, failure } = await firstFailure(makeCore);
  const options = { rerun: `npm run sim -- --seed ${seed}`, makeCore };
  const small = await smallFailureOf(failure, options);
  assert.ok(small !== undefined, failure.message);
  assert.ok(small.fromActions > 5 * HANDFUL, `only ${small.fromActions} actions at first`);
  assert.ok(small.toActions <= HANDFUL, small.text);
  assert.deepEqual(await smallFailureOf(failure, options), small, 'it shrinks differently');
  const scenario = parseScenario(small.text, 'small');
  await assert.rejects(
    playScenario(scenario, { file: 'small', makeCore }),
    /^ScenarioFailure: small:\d+: .*\n {2}leaderCompleteness/,
  );
  await playScenario(scenario, { file: 'small' });
});

test('a failure that does not come of what was done to the cluster is not made small', async () => {
  const onTrace = (at: number) => {
    if (at > 1000) throw new Error('the watcher is mistaken');
  };
  const failure: unknown = await runChaos(1, { onTrace }).catch((error) => error);
  assert.ok(failure instanceof ChaosFailure);
  assert.equal(await smallFailureOf(failure, { rerun: 'nothing' }), undefined);
});
