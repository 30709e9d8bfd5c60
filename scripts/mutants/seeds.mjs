/** `npm run sim` in little: random faults from seeds 1 to N, up to the first failure. Reports as reporter.mjs does. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { told } from './reporter.mjs';

const seeds = Number(process.argv[2]);
const name = `seeds 1 to ${seeds}`;
const { runChaos } = await import(
  pathToFileURL(join(process.cwd(), 'packages/sim/dist/index.js')).href
);
try {
  for (let seed = 1; seed <= seeds; seed += 1) await runChaos(seed);
  process.stdout.write(told(name, 'passed'));
} catch (error) {
  process.stdout.write(told(name, 'failed', error));
}
