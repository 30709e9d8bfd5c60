/**
 * A disk that holds so many bytes and no more (hazard 27). Whatever that number is: the log says that
 * it is full before it cannot write, votes and compactions still find room, a restart on the full disk
 * works and finds everything, and with space again it goes on.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LogIndex } from '@quorate/core';
import type { DiskLog } from './disk-log.ts';
import { batchOf, durable, hardStateOf, openLog, snapshotOf, writeOf } from './log.test.support.ts';
import { MemoryFileSystem, systemError } from './memory-file-system.test.support.ts';

const MEBIBYTE = 1_048_576;
/** The first file has one mebibyte, all others two. */
const OPTIONS = { segmentBytes: 2 * MEBIBYTE };

function withQuota(disk: MemoryFileSystem, quota: number): void {
  const used = () => [...disk.files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  disk.fault = (operation, path, byteLength, position) => {
    disk.free = Math.max(0, quota - used());
    if (operation !== 'write') return undefined;
    const growth = position + byteLength - (disk.files.get(path)?.bytes.length ?? 0);
    const missing = growth - disk.free;
    if (growth <= 0 || missing <= 0) return undefined;
    if (missing >= byteLength) throw systemError('ENOSPC');
    return byteLength - missing;
  };
}

/** Appends until the log says that it is full. Answers the last index. */
async function fill(log: DiskLog, textLength: number, lastIndex = 0): Promise<number> {
  let last = lastIndex;
  while (!log.isFull) {
    await durable(log, writeOf({ batches: [batchOf(1, last + 1, 'x'.repeat(textLength))] }));
    last += textLength;
    // The next file is prepared meanwhile.
    await nextTurn();
  }
  return last;
}

async function vote(log: DiskLog, term: number): Promise<void> {
  await durable(log, writeOf({ hardState: hardStateOf(term, 2, 0) }));
}

for (const [kind, textLength] of [
  ['small', 2_000],
  ['large', 9_000],
] as const) {
  test(`${kind} writes on a disk of any size: full is said in time, and nothing is lost`, async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    for (let quota = MEBIBYTE + 1; quota < 3.5 * MEBIBYTE; quota += 198_765) {
      const disk = new MemoryFileSystem();
      withQuota(disk, quota);
      const { log } = await openLog(disk, OPTIONS);
      const last = await fill(log, textLength);
      for (let term = 2; term <= 20; term += 1) await vote(log, term);
      await log.close();

      const again = await openLog(disk, OPTIONS);
      const { shape } = again.recovered;
      assert.deepEqual([shape.lastIndex, shape.hardState.term], [last, 20], `quota ${quota}`);
      await vote(again.log, 21);
      // What a compaction lets go makes room.
      await again.log.compact(snapshotOf(last, 1), last as LogIndex);
      await again.log.close();

      withQuota(disk, 20 * MEBIBYTE);
      const after = await openLog(disk, OPTIONS);
      assert.equal(after.log.isFull, false, `quota ${quota}`);
      await durable(after.log, writeOf({ batches: [batchOf(1, last + 1, 'y')] }));
      await after.log.close();
      const end = (await openLog(disk.afterKill(), OPTIONS)).recovered.shape;
      assert.deepEqual([end.lastIndex, end.hardState.term], [last + 1, 21], `quota ${quota}`);
    }
  });
}
