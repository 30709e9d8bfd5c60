/** A thread that runs the seeds it is told, one after another, and answers each with what came of it. */

import { parentPort } from 'node:worker_threads';
import * as sim from '../packages/sim/dist/index.js';
import { runSeed } from './sim-seed.mjs';

parentPort.on('message', async ({ seed, options }) => {
  parentPort.postMessage(await runSeed(sim, seed, options));
});
