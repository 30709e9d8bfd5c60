import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
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

test('the benchmark of many groups sees them led, at rest and committing', (t) => {
  const program = fileURLToPath(new URL('../bench/groups.mjs', import.meta.url));
  const flags = { groups: 5, mode: 'durable', seconds: 0.2, concurrency: 16, dir: temporary(t) };
  const args = Object.entries(flags).flatMap(([name, value]) => [`-${name}`, String(value)]);
  const { stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  assert.equal(stderr, '');
  const row = JSON.parse(stdout);
  assert.equal(row.groups, 5);
  assert.ok(row.open_ms <= row.led_ms && row.led_ms <= row.rest_ms, stdout);
  assert.ok(row.commits_per_s > 0 && row.rss_mb > 0 && row.idle_cpu_pct >= 0, stdout);
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
