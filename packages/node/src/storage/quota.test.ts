/**
 * A disk that holds so many bytes and no more (hazard 27). Whatever that number is: the log says that
 * it is full before it cannot write, votes and compactions still find room, a restart on the full disk
 * works and finds everything, and with space again it goes on.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { commandBatch, type LogIndex, type Term } from '@quorate/core';
import { CommandSlab } from '@quorate/wire';
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
  while (log.hasRoomFor(0)) {
    await durable(log, writeOf({ batches: [batchOf(1, last + 1, 'x'.repeat(textLength))] }));
    last += textLength;
    // The next file is prepared meanwhile.
    await nextTurn();
  }
  return last;
}

/** One command of so many bytes. */
const commandAt = (index: number, byteLength: number) =>
  commandBatch(1 as Term, index as LogIndex, CommandSlab.of(new Uint8Array(byteLength)));

async function vote(log: DiskLog, term: number): Promise<void> {
  await durable(log, writeOf({ hardState: hardStateOf(term, 2, 0) }));
}

for (const [kind, textLength] of [
  ['small', 2_000],
  ['large', 9_000],
] as const) {
  test(`${kind} writes on a disk of any size: full is said in time, and nothing is lost`, async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    for (let quota = 5 * MEBIBYTE + 1; quota < 7.5 * MEBIBYTE; quota += 298_765) {
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
      assert.equal(after.log.hasRoomFor(0), true, `quota ${quota}`);
      await durable(after.log, writeOf({ batches: [batchOf(1, last + 1, 'y')] }));
      await after.log.close();
      const end = (await openLog(disk.afterKill(), OPTIONS)).recovered.shape;
      assert.deepEqual([end.lastIndex, end.hardState.term], [last + 1, 21], `quota ${quota}`);
    }
  });
}

for (const byteLength of [20_000, 300_000, 1_500_000]) {
  test(`bursts of commands of ${byteLength} bytes on a disk of any size: what is taken finds room`, async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    for (let quota = 2 * MEBIBYTE; quota < 20 * MEBIBYTE; quota += 854_321) {
      const disk = new MemoryFileSystem();
      withQuota(disk, quota);
      const { log } = await openLog(disk, OPTIONS);
      const taken: Promise<void>[] = [];
      let last = 0;
      for (let burst = 0; burst < 4; burst += 1) {
        // Nothing has reached the disk meanwhile.
        while (log.hasRoomFor(byteLength)) {
          last += 1;
          assert.ok(last * byteLength < quota, 'more is taken than there is room');
          taken.push(durable(log, writeOf({ batches: [commandAt(last, byteLength)] })));
        }
        await Promise.all(taken);
        await nextTurn();
      }
      for (let term = 2; term <= 20; term += 1) await vote(log, term);
      if (last > 0) await log.compact(snapshotOf(last, 1), last as LogIndex);
      await log.close();
      const { shape } = (await openLog(disk, OPTIONS)).recovered;
      assert.deepEqual([shape.lastIndex, shape.hardState.term], [last, 20], `quota ${quota}`);
      // Enough is left unused that nothing fails, and not much more.
      assert.ok(last * byteLength > quota - 8 * MEBIBYTE, `${last} commands of ${quota} bytes`);
      if (quota > 6 * MEBIBYTE)
        assert.ok(disk.free > 2 * MEBIBYTE, `${disk.free} of ${quota} free`);
    }
  });
}

for (const textLength of [2_000, 9_000]) {
  test(`a state machine that shares the disk finds its room, after writes of ${textLength} commands`, async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    for (let quota = 8 * MEBIBYTE; quota < 30 * MEBIBYTE; quota += 1_987_654) {
      const disk = new MemoryFileSystem();
      withQuota(disk, quota);
      const options = { ...OPTIONS, machineReserveBytes: MEBIBYTE };
      const { log } = await openLog(disk, options);
      const store = await disk.open('store', 'create');
      let last = 0;
      for (; log.hasRoomFor(0); last += textLength) {
        const batch = batchOf(1, last + 1, 'x'.repeat(textLength));
        await durable(log, writeOf({ batches: [batch] }));
        // Half as much again as what it is given.
        const size = await store.size();
        await store.write([new Uint8Array(batch.byteLength * 1.5)], size);
        await nextTurn();
      }
      assert.ok(disk.free > MEBIBYTE / 2, `${disk.free} of ${quota} free`);
      assert.ok(last > 0 || quota < 9 * MEBIBYTE, `${quota} is no room at all`);
      // What the log lets go of is the machine's as well.
      await log.compact(snapshotOf(last, 1), last as LogIndex);
      await log.close();
    }
  });
}
