import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogIndex } from '@quorate/core';
import {
  batchOf,
  DIRECTORY,
  durable,
  hardStateOf,
  openLog,
  snapshotOf,
  writeOf,
} from './log.test.support.ts';
import { segmentName } from './log-format.ts';
import { MemoryFileSystem } from './memory-file-system.test.support.ts';

const path = (segment: number): string => `${DIRECTORY}/${segmentName(segment)}`;

/** A log whose beginning was compacted away, closed. */
async function compactedLog(): Promise<MemoryFileSystem> {
  const disk = new MemoryFileSystem();
  const { log } = await openLog(disk);
  for (let index = 1; index < 1_200; index += 300) {
    await durable(log, writeOf({ batches: [batchOf(1, index, 'x'.repeat(300))] }));
  }
  await log.compact(snapshotOf(1_200, 1), 1_200 as LogIndex);
  await log.close();
  return disk;
}

test('a log whose only file in use has lost its header is refused, and not taken for a new one', async () => {
  const disk = await compactedLog();
  for (const [name, { bytes }] of disk.files) {
    // The others were recycled or prepared, and hold nothing that counts.
    assert.notEqual(name, path(1));
    bytes[20]! ^= 1;
  }
  await assert.rejects(openLog(disk), { code: 'RAFT_STORAGE_CORRUPT', message: /valid header/ });
});

test('a later file alone is refused also when it holds nothing but votes', async () => {
  const disk = new MemoryFileSystem();
  const { log } = await openLog(disk);
  await durable(log, writeOf({ batches: [batchOf(1, 1, 'abc')] }));
  for (let term = 1; term < 7; term += 1) {
    await durable(log, writeOf({ hardState: hardStateOf(term, 1, 0) }));
  }
  await log.close();
  disk.files.delete(path(1));
  await assert.rejects(openLog(disk), { code: 'RAFT_STORAGE_CORRUPT', message: /0001\.log/ });
});
