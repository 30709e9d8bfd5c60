/**
 * Asks etcd and Quorate the same and tells where they differ. Needs etcd on the PATH and a build.
 *
 *     node scripts/differential.mjs [--requests 5000] [--seed 1]
 */

import { parseArgs } from 'node:util';
import { isInstalled } from '../packages/etcd/dist/differential/real-etcd.js';
import { runEtcdctl, runRandom, runTables } from '../packages/etcd/dist/differential/run.js';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '5000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
});
const [requests, seed] = [Number(values.requests), Number(values.seed)];
if (!Number.isSafeInteger(requests) || !Number.isSafeInteger(seed)) {
  fail('--requests and --seed take whole numbers');
}
if (!isInstalled('etcd')) fail('etcd is not on the PATH (Debian: apt-get install etcd-server)');

let isDifferent = false;
tell('hand-written requests', await runTables());
if (isInstalled('etcdctl')) tell('command lines of etcdctl', await runEtcdctl());
const onProgress = (done, differences) => {
  if (!process.stderr.isTTY || (done % 50 !== 0 && done !== requests)) return;
  process.stderr.write(`\r${done} of ${requests}, ${differences} differences`);
  if (done === requests) process.stderr.write('\n');
};
tell(
  `random requests (--seed ${seed})`,
  await runRandom({ requests, seed, maxDifferences: 10, onProgress }),
);
process.exitCode = isDifferent ? 1 : 0;

function tell(what, { compared, differences }) {
  console.log(`${compared} ${what}: ${differences.length} differences`);
  for (const { at, step, oracle, ours } of differences) {
    isDifferent = true;
    console.log(`\n${at}: ${step}\n  etcd: ${oracle}\n  ours: ${ours}`);
  }
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
