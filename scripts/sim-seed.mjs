/** Runs one seed. One that fails leaves a scenario file of a few lines behind, and the line that plays it. */

import { keepFile, keepTimeline } from './sim-failures.mjs';

/** @param options Of `runChaos`. */
export async function runSeed(sim, seed, options) {
  try {
    return { kind: 'passed', report: await sim.runChaos(seed, options) };
  } catch (error) {
    if (!(error instanceof sim.ChaosFailure)) throw error;
    return { kind: 'failed', seed, message: await keep(sim, error, seed, options) };
  }
}

/** The failure's message, with what was made of it. */
async function keep(sim, failure, seed, options) {
  const name = `seed-${seed}`;
  const seen = keepTimeline(sim, failure, name);
  const rerun = sim.rerunLine(seed, options);
  const small = await sim.smallFailureOf(failure, { rerun });
  if (small === undefined) {
    return [failure.message, ...seen, 'its actions alone do not make it fail'].join('\n');
  }
  const { text, fromActions, toActions, runs } = small;
  return [
    failure.message,
    ...seen,
    `shrunk from ${fromActions} to ${toActions} actions, in ${runs} runs`,
    `play it: npm run sim -- --scenario ${keepFile(`${name}.scenario`, text)}`,
  ].join('\n');
}
