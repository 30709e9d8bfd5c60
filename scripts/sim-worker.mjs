/** A thread that runs the seeds it is told, one after another, and answers each with what came of it. */

import { parentPort } from 'node:worker_threads';
import { runChaos } from '../packages/sim/dist/index.js';

parentPort.on('message', async ({ seed, scale }) => {
  parentPort.postMessage(await outcomeOf(seed, scale));
});

async function outcomeOf(seed, scale) {
  try {
    return { kind: 'passed', report: await runChaos(seed, { scale }) };
  } catch (error) {
    return { kind: 'failed', seed, message: error.message };
  }
}
