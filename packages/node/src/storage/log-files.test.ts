import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LogIndex } from '@quorate/core';
import { batchOf, durable, openLog, snapshotOf, writeOf } from './log.test.support.ts';
import { MemoryFileSystem, systemError } from './memory-file-system.test.support.ts';

test('no file goes before the record that lets it go is durable (hazard 29)', async () => {
  const disk = new MemoryFileSystem();
  const { log } = await openLog(disk);
  const text = 'x'.repeat(300);
  // Each fills a file of its own.
  for (let index = 1; index <= 8 * text.length; index += text.length) {
    await durable(log, writeOf({ batches: [batchOf(1, index, text)] }));
  }
  await nextTurn();
  const before = [...disk.files.keys()];
  disk.fault = (operation) => {
    if (operation === 'write') throw systemError('EIO');
    return undefined;
  };
  await assert.rejects(log.compact(snapshotOf(2_100, 1), 2_100 as LogIndex), {
    code: 'RAFT_DISK_FAILED',
  });
  await nextTurn();
  assert.deepEqual([...disk.files.keys()], before);
  const { shape } = (await openLog(disk.afterKill())).recovered;
  assert.deepEqual([shape.base.index, shape.lastIndex], [0, 2_400]);
});

test('one file of another log is refused, and not cut off as torn (hazard 30)', async () => {
  const disk = new MemoryFileSystem();
  const { log } = await openLog(disk);
  await durable(log, writeOf({ batches: [batchOf(1, 1, 'abc')] }));
  await log.close();
  await assert.rejects(openLog(disk, { salt: 1 }), {
    code: 'RAFT_STORAGE_CORRUPT',
    message: /belongs to another log/,
  });
});

test('a file that was left before a gap is not needed, and not part of the log (hazard 29)', async () => {
  const disk = new MemoryFileSystem();
  const { log } = await openLog(disk);
  for (let index = 1; index <= 2_400; index += 300) {
    await durable(log, writeOf({ batches: [batchOf(1, index, 'x'.repeat(300))] }));
  }
  const full = disk.afterKill();
  await log.compact(snapshotOf(2_100, 1), 2_100 as LogIndex);
  await log.close();

  const left = disk.afterKill();
  const [oldest] = [...full.files.keys()].sort();
  assert.ok(oldest !== undefined && !left.files.has(oldest), 'it was removed');
  left.files.set(oldest, full.files.get(oldest)!);
  const { shape } = (await openLog(left)).recovered;
  assert.deepEqual([shape.base.index, shape.lastIndex], [2_100, 2_400]);
});
