/** `npm run differential`: asks etcd and Quorate the same, and tells where they differ. */

import { progress, runCommand, TEXT, wholeNumber } from './flags.mjs';
import { prepare } from './prepare.mjs';

const USAGE = `npm run differential -- [options]

  --requests 5000   so many random requests, after those that are written by hand
  --seed N          which ones; without it, others each time

Needs etcd on the PATH (Debian: apt-get install etcd-server etcd-client).`;

await runCommand(USAGE, { requests: TEXT, seed: TEXT }, async (flags) => {
  const requests = wholeNumber('requests', flags.requests) ?? 5000;
  const seed = wholeNumber('seed', flags.seed, 0) ?? Math.floor(Math.random() * 2 ** 31);
  prepare();
  const { isInstalled } = await import('../packages/etcd/dist/differential/real-etcd.js');
  const { runEtcdctl, runRandom, runTables } = await import(
    '../packages/etcd/dist/differential/run.js'
  );
  if (!isInstalled('etcd')) {
    throw new Error('etcd is not on the PATH (Debian: apt-get install etcd-server)');
  }
  tell('hand-written requests', await runTables());
  if (isInstalled('etcdctl')) tell('command lines of etcdctl', await runEtcdctl());
  const onProgress = (done, differences) =>
    progress(done === requests ? '' : `${done} of ${requests}, ${differences} differences`);
  const report = await runRandom({ requests, seed, maxDifferences: 10, onProgress });
  tell(`random requests (--seed ${seed})`, report);
});

function tell(what, { compared, differences }) {
  console.log(`${compared} ${what}: ${differences.length} differences`);
  if (differences.length > 0) process.exitCode = 1;
  for (const { at, step, oracle, ours } of differences) {
    console.log(`\n${at}: ${step}\n  etcd: ${oracle}\n  ours: ${ours}`);
  }
}
