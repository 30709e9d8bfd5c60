import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCities } from './cities-run.ts';

/** The whole of it, all 135,233, is `npm run e2e:cities`. */
test('cities through etcd3 while the leader is killed twice: all acknowledged, all there, all agree', async (t) => {
  const report = await runCities({
    cities: 2000,
    kills: 2,
    concurrency: 32,
    tell: (line) => t.diagnostic(line),
  });
  assert.equal(report.acknowledged, 2000);
  assert.equal(report.interruptionsMs.length, 2);
});
