import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Difference } from './compare.ts';
import { isInstalled } from './real-etcd.ts';
import { runEtcdctl, runRandom, runTables } from './run.ts';

const SEED = 1;
const skip = isInstalled('etcd')
  ? false
  : 'etcd is not installed, so nothing was compared with it (Debian: apt-get install etcd-server)';
const skipEtcdctl =
  skip === false && !isInstalled('etcdctl')
    ? 'etcdctl is not installed (Debian: apt-get install etcd-client)'
    : skip;

function assertNone(differences: readonly Difference[]): void {
  const told = differences
    .slice(0, 5)
    .map(({ at, step, oracle, ours }) => `${at}: ${step}\n  etcd: ${oracle}\n  ours: ${ours}`);
  assert.equal(differences.length, 0, `\n${told.join('\n')}`);
}

test('hand-written requests are answered as by etcd', { skip }, async () => {
  const { compared, differences } = await runTables();
  assertNone(differences);
  assert.ok(compared > 400);
});

test(`random requests are answered as by etcd (seed ${SEED})`, { skip }, async () => {
  assertNone((await runRandom({ requests: 300, seed: SEED, maxDifferences: 5 })).differences);
});

test('etcdctl prints the same as with etcd', { skip: skipEtcdctl }, async () => {
  assertNone((await runEtcdctl()).differences);
});
