/**
 * A process that is killed at any moment leaves the state after some batch, its applied index
 * included, and at least everything that it said was synced (hazard 24).
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { KvStore, MemoryStore } from '@quorate/kv';
import { applyNumbered } from './crash-writer.test.helper.ts';
import { LmdbStore } from './lmdb-store.ts';

const WRITER = fileURLToPath(new URL('./crash-writer.test.helper.js', import.meta.url));
const OPTIONS = { leaseExists: () => false };

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'crash-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Kills the writer when it has said `lines` lines; answers what it said. */
async function killAfter(child: ChildProcess, lines: number): Promise<string[]> {
  const said: string[] = [];
  const exit = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout! })) {
    said.push(line);
    if (said.length === lines) child.kill('SIGKILL');
  }
  const [, signal] = await exit;
  assert.equal(signal, 'SIGKILL', `the writer ended by itself: ${said.at(-1)}`);
  return said;
}

const start = (directory: string, mode: 'apply' | 'restore'): ChildProcess =>
  spawn(process.execPath, [WRITER, directory, mode], { stdio: ['ignore', 'pipe', 'inherit'] });

test('kill -9 while batches are applied: what is left equals a replay', async (t) => {
  const directory = temporaryDirectory(t);
  const replay = KvStore.open(new MemoryStore(), OPTIONS);
  for (const lines of [1, 4, 9]) {
    const said = await killAfter(start(directory, 'apply'), lines);
    const synced = Number(said.at(-1));
    const store = KvStore.open(LmdbStore.open(directory), OPTIONS);
    assert.ok(store.appliedIndex >= synced, `${store.appliedIndex} is behind ${synced}`);
    for (let index = replay.appliedIndex + 1; index <= store.appliedIndex; index++) {
      applyNumbered(replay, index);
    }
    assert.equal(store.revision, replay.revision);
    assert.deepEqual(store.hashKv(0), replay.hashKv(0));
    await store.close();
  }
});

test('a disk that takes no more is said in the store’s own words, and what was synced is there', async (t) => {
  const directory = temporaryDirectory(t);
  for (const mode of ['apply', 'restore'] as const) {
    // No file may grow beyond 4 MiB, and the attempt is answered and not punished.
    const limited = 'trap "" XFSZ; ulimit -f 8192; exec "$@"';
    const command = [process.execPath, WRITER, directory, mode];
    const child = spawn('sh', ['-c', limited, 'sh', ...command], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [said, [status]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    const lines = said.trim().split('\n');
    assert.deepEqual([lines.pop(), status], ['KV_STORE_FAILED', 1]);
    if (mode === 'restore') continue;
    const store = KvStore.open(LmdbStore.open(directory), OPTIONS);
    assert.ok(store.appliedIndex >= Number(lines.pop()));
    await store.close();
    rmSync(directory, { recursive: true });
  }
});

test('kill -9 in the middle of a restore: the old state or the new one', async (t) => {
  const directory = temporaryDirectory(t);
  const old = KvStore.open(new MemoryStore(), OPTIONS);
  applyNumbered(old, 1);
  for (const lines of [1, 3]) {
    rmSync(directory, { recursive: true, force: true });
    await killAfter(start(directory, 'restore'), lines);
    const store = KvStore.open(LmdbStore.open(directory), OPTIONS);
    assert.equal(store.appliedIndex, 1);
    assert.deepEqual(store.hashKv(0), old.hashKv(0));
    await store.close();
  }
});
