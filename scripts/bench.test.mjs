import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { contestantsOf } from '../bench/contestants.mjs';
import { measureFailover, measureInProcess, measureThroughput } from '../bench/measure.mjs';

const load = { concurrency: 16, warmup: 0, seconds: 1 };

for (const mode of ['durable', 'memory']) {
  test(`the benchmark's nodes commit, ${mode}, and their replicas agree`, async (t) => {
    const [ours] = contestantsOf(mode, false);
    assertGoodRun(await measureThroughput(ours, { ...load, dataDirectory: temporary(t) }));
  });
}

test('three nodes in one process commit, and their replicas agree', async () => {
  const [ours] = contestantsOf('process', false);
  assertGoodRun(await measureInProcess(ours, load));
});

test('the benchmark sees a new leader apply after the old one was killed', async (t) => {
  const [ours] = contestantsOf('durable', false);
  const dataDirectory = temporary(t);
  const row = await measureFailover(ours, { profile: 'fast', dataDirectory });
  assert.equal(row.first_error, undefined);
  assert.ok(row.leader_ms > 0 && row.sample_ms >= row.leader_ms, JSON.stringify(row));
});

function assertGoodRun(row) {
  assert.equal(row.first_error, undefined);
  assert.equal(row.errors, 0);
  assert.ok(row.commits > 0);
  assert.equal(row.converged, true);
}

function temporary(t) {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-bench-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
