/** Runs one seed. One that fails leaves a scenario file of a few lines behind, and the line that plays it. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Below the directory that the command was started in. */
const FOLDER = 'sim-failures';

/** @param options Of `runChaos`. */
export async function runSeed(sim, seed, options) {
  try {
    return { kind: 'passed', report: await sim.runChaos(seed, options) };
  } catch (error) {
    if (!(error instanceof sim.ChaosFailure)) throw error;
    return { kind: 'failed', seed, message: await keep(sim, error, seed, options) };
  }
}

/** The failure's message, with the scenario that was made of it. */
async function keep({ smallFailureOf, rerunLine }, failure, seed, options) {
  const rerun = rerunLine(seed, options);
  const small = await smallFailureOf(failure, { rerun });
  if (small === undefined) return `${failure.message}\nits actions alone do not make it fail`;
  const path = join(FOLDER, `seed-${seed}.scenario`);
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(path, small.text);
  return [
    failure.message,
    `shrunk from ${small.fromActions} to ${small.toActions} actions, in ${small.runs} runs`,
    `play it: npm run sim -- --scenario ${path}`,
  ].join('\n');
}
