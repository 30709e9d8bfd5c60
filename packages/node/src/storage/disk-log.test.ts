import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type LogIndex, lastIndexOf, seededRandom, type Write } from '@quorate/core';
import { RaftError } from '../errors.ts';
import type { DiskLog } from './disk-log.ts';
import { dumpLog } from './dump.ts';
import {
  assertIs,
  batchOf,
  DIRECTORY,
  durable,
  entriesOf,
  hardStateOf,
  Model,
  openLog,
  snapshotOf,
  writeOf,
} from './log.test.support.ts';
import { SEGMENT_HEADER_BYTES, segmentName } from './log-format.ts';
import { MemoryFileSystem, systemError } from './memory-file-system.test.support.ts';
import { memoryStorage } from './memory-storage.ts';
import type { WriteListener } from './storage.ts';

const LARGE = 'x'.repeat(300);
const path = (segment: number): string => `${DIRECTORY}/${segmentName(segment)}`;

/** Writes that went out behind the open log's back: how many records it took. */
function recordsIn(disk: MemoryFileSystem, from: number): number {
  const isRecord = (bytes: Uint8Array): boolean => bytes.some((byte) => byte !== 0);
  return disk.journal
    .slice(from)
    .filter((change) => change.kind === 'write' && isRecord(change.bytes)).length;
}

test('a small write with nothing before it is durable when write returns', async () => {
  const disk = new MemoryFileSystem();
  const { log } = await openLog(disk);
  const write = writeOf({ hardState: hardStateOf(1, 1, 0) });
  assert.equal(log.write(write, unexpected), true);
  assert.equal((await openLog(disk.afterPowerCut())).recovered.shape.hardState.term, 1);
});

test('what is asked for while a write runs becomes one record, and is reported once', async () => {
  const disk = new MemoryFileSystem();
  const { log } = await openLog(disk, { syncWriteBytes: 0 });
  const reported: number[] = [];
  const writes = ['a', 'b', 'c', 'd'].map((text, position) =>
    writeOf({ batches: [batchOf(1, position + 1, text)] }),
  );
  const from = disk.journal.length;
  await new Promise<void>((resolve, reject) => {
    const listener: WriteListener = {
      durable(sequence) {
        reported.push(sequence);
        if (sequence === writes[3]!.sequence) resolve();
      },
      failed: reject,
    };
    for (const write of writes) assert.equal(log.write(write, listener), false);
    assert.deepEqual(reported, [], 'never from within write');
  });
  assert.deepEqual(reported, [writes[0]!.sequence, writes[3]!.sequence]);
  assert.equal(recordsIn(disk, from), 2);
});

test('a failed write is final: nothing is retried, and every later call says so', async () => {
  for (const syncWriteBytes of [0, 1_000_000]) {
    const disk = new MemoryFileSystem();
    const { log } = await openLog(disk, { syncWriteBytes });
    await durable(log, writeOf({ hardState: hardStateOf(1, 1, 0) }));
    let attempts = 0;
    disk.fault = (operation) => {
      if (operation !== 'write') return undefined;
      attempts += 1;
      throw systemError('EIO');
    };
    await assert.rejects(attempt(log, writeOf({ hardState: hardStateOf(2, 1, 0) })), isDiskFailed);
    disk.fault = () => undefined;
    await assert.rejects(attempt(log, writeOf({ hardState: hardStateOf(3, 1, 0) })), isDiskFailed);
    await assert.rejects(log.compact(snapshotOf(1, 1), 1 as LogIndex), isDiskFailed);
    assert.equal(attempts, 1);
    await log.close();
    const { recovered } = await openLog(disk.afterKill());
    assert.equal(recovered.shape.hardState.term, 1, 'nothing after the failure, also no mark');
  }
});

test('all that wait for a failed write hear of it once, a compaction too', async () => {
  const disk = new MemoryFileSystem();
  const { log } = await openLog(disk, { syncWriteBytes: 0 });
  disk.fault = (operation) => {
    if (operation === 'write') throw systemError('EIO');
    return undefined;
  };
  const failures: RaftError[] = [];
  const listener: WriteListener = {
    durable: () => assert.fail('nothing became durable'),
    failed: (error) => failures.push(error),
  };
  log.write(writeOf({ batches: [batchOf(1, 1, 'a')] }), listener);
  log.write(writeOf({ batches: [batchOf(1, 2, 'b')] }), listener);
  await assert.rejects(log.compact(snapshotOf(0, 0), 0 as LogIndex), isDiskFailed);
  assert.deepEqual(
    failures.map(({ code }) => code),
    ['RAFT_DISK_FAILED'],
  );
});

test('short writes are completed', async () => {
  const disk = new MemoryFileSystem();
  disk.fault = (operation, _path, bytes) =>
    operation === 'write' ? Math.ceil(bytes / 3) : undefined;
  for (const syncWriteBytes of [0, 1_000_000]) {
    const { log, recovered } = await openLog(disk, { syncWriteBytes });
    const model = new Model();
    const next = recovered.shape.lastIndex + 1;
    await durable(log, writeOf({ batches: [batchOf(1, next, 'abcdef')] }));
    await durable(log, writeOf({ batches: [batchOf(1, next + 6, 'ghi')] }));
    model.write(writeOf({ batches: [batchOf(1, next, 'abcdef'), batchOf(1, next + 6, 'ghi')] }));
    const { shape } = (await openLog(disk.afterPowerCut())).recovered;
    assert.equal(shape.lastIndex, next + 8);
  }
});

test('a full disk says so early, keeps room for votes, and recovers when there is space', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const disk = new MemoryFileSystem();
  const { log } = await openLog(disk, { segmentBytes: 1_048_576 });
  let isFull = true;
  disk.fault = (operation, file) => {
    if (operation === 'write' && file !== path(1) && isFull) throw systemError('ENOSPC');
    return undefined;
  };
  let index = 1;
  while (log.hasRoomFor(0)) {
    await durable(log, writeOf({ batches: [batchOf(1, index, LARGE)] }));
    index += LARGE.length;
    assert.ok(index < 150_000, 'it must say so before the file is used up');
  }
  await durable(log, writeOf({ hardState: hardStateOf(5, 2, 0) }));
  await log.compact(snapshotOf(index - 1, 1), (index - 1) as LogIndex);

  isFull = false;
  t.mock.timers.tick(1_000);
  await log.close();
  assert.equal(log.hasRoomFor(0), true);
  assert.equal((await openLog(disk.afterKill())).recovered.shape.hardState.term, 5);
});

test('a disk that is full in the middle of a write is final too, under its own code', async () => {
  const disk = new MemoryFileSystem();
  const { log } = await openLog(disk);
  disk.fault = (operation) => {
    if (operation === 'write') throw systemError('ENOSPC');
    return undefined;
  };
  await assert.rejects(attempt(log, writeOf({ hardState: hardStateOf(1, 1, 0) })), {
    code: 'RAFT_DISK_FULL',
    message: /free some space/,
  });
});

test('the reader answers like a list in memory, over files, conflicts and compactions', async () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const random = seededRandom(seed);
    const disk = new MemoryFileSystem();
    let { log, recovered } = await openLog(disk);
    const memory = memoryStorage({
      clusterId: 1,
      nodeId: 1,
      initialConfiguration: recovered.shape.snapshot.configuration,
    }).log;
    const model = new Model();
    let term = 1;
    for (let turn = 0; turn < 60; turn += 1) {
      const { base, snapshot } = model;
      const last = base.index + model.entries.size;
      // Nothing committed is ever replaced, and what is snapshotted is committed.
      const settled = Math.max(base.index, snapshot.index);
      if (random() < 0.25) term += 1;
      const isConflict = random() < 0.3 && last > settled;
      const first = isConflict ? settled + 1 + Math.floor(random() * (last - settled)) : last + 1;
      if (isConflict) term += 1;
      const text = random() < 0.1 ? '.' : random() < 0.1 ? '#' : 'ab'.repeat(1 + random() * 40);
      const write = writeOf({ batches: [batchOf(term, first, text)] });
      model.write(write);
      await durable(log, write);
      memory.write(write, unexpected);
      if (random() < 0.15) {
        const index = base.index + Math.floor(random() * (model.entries.size + 1));
        const drop = base.index + Math.floor(random() * (index - base.index + 1));
        if (index > snapshot.index) {
          const taken = { ...snapshotOf(index, Number(model.entries.get(index)!.split(':')[0])) };
          model.compact(taken, drop);
          await log.compact(taken, drop as LogIndex);
          await memory.compact(taken, drop as LogIndex);
        }
      }
      if (random() < 0.1) {
        await log.close();
        ({ log, recovered } = await openLog(disk));
        assertIs({ log, recovered }, model, `seed ${seed}, turn ${turn}`);
      }
    }
    const stored = { base: model.base, lastIndex: model.base.index + model.entries.size };
    for (const maxBytes of [1, 60, 400, 100_000]) {
      assert.deepEqual(entriesOf(log.reader, stored as never, maxBytes), model.entries);
      assert.deepEqual(entriesOf(memory.reader, stored as never, maxBytes), model.entries);
    }
    requireLimits(log, stored.base.index + 1, stored.lastIndex);
  }
});

/** At least one entry, never beyond `through`, and no more than fits. */
function requireLimits(log: DiskLog, first: number, last: number): void {
  for (let from = first; from <= last; from += 7) {
    const through = Math.min(last, from + 20);
    for (const maxBytes of [1, 100, 10_000]) {
      const batches = log.reader.read(from as LogIndex, through as LogIndex, maxBytes);
      assert.equal(batches[0]?.firstIndex, from);
      assert.ok(lastIndexOf(batches.at(-1)!) <= through);
      const bytes = batches.reduce((sum, { byteLength }) => sum + byteLength, 0);
      const isOne = batches.length === 1 && batches[0]?.count === 1;
      assert.ok(isOne || bytes <= maxBytes, `${bytes} of ${maxBytes}`);
    }
  }
}

test('an entry that is not there is a mistake of the caller', async () => {
  const { log } = await openLog(new MemoryFileSystem());
  await durable(log, writeOf({ batches: [batchOf(1, 1, 'ab')] }));
  for (const index of [0, 3]) {
    assert.throws(() => log.reader.read(index as LogIndex, 3 as LogIndex, 100), RangeError);
  }
});

test('files are recycled: the log of a server that compacts does not grow', async () => {
  const disk = new MemoryFileSystem();
  const { log } = await openLog(disk);
  await durable(log, writeOf({ hardState: hardStateOf(7, 3, 0) }));
  let largest = 0;
  for (let index = 1; index <= 40_000; index += LARGE.length) {
    await durable(log, writeOf({ batches: [batchOf(1, index, LARGE)] }));
    const last = index + LARGE.length - 1;
    await log.compact(snapshotOf(last, 1), Math.max(0, last - 500) as LogIndex);
    largest = Math.max(largest, log.bytesOnDisk);
  }
  await log.close();
  assert.ok(largest < 12 * 2_300, `${largest} bytes`);
  assert.ok(disk.files.size <= 8, [...disk.files.keys()].join());
  const { shape } = (await openLog(disk)).recovered;
  assert.equal(shape.hardState.votedFor, 3, 'a vote outlives the file it was written to');
});

test('a compaction by an older snapshot than the installed one changes nothing', async () => {
  const disk = new MemoryFileSystem();
  const { log } = await openLog(disk);
  await durable(log, writeOf({ batches: [batchOf(1, 1, 'abcdef')] }));
  await durable(log, writeOf({ snapshot: snapshotOf(50, 2) }));
  await log.compact(snapshotOf(6, 1), 4 as LogIndex);
  await durable(log, writeOf({ batches: [batchOf(2, 51, 'g')] }));
  const stored = (await openLog(disk.afterKill())).recovered.shape.toStoredState();
  assert.deepEqual([stored.snapshot.index, stored.base.index, stored.lastIndex], [50, 50, 51]);
  await assert.rejects(log.compact(snapshotOf(50, 2), 51 as LogIndex), RangeError);
});

test('a torn tail is cut with a warning that names file, offset and bytes', async () => {
  const disk = new MemoryFileSystem();
  const { log } = await openLog(disk);
  await durable(log, writeOf({ batches: [batchOf(1, 1, 'kept')] }));
  await durable(log, writeOf({ batches: [batchOf(1, 5, 'torn')] }));
  const torn = disk.afterKill();
  const { bytes } = torn.files.get(path(1))!;
  const last = bytes.findLastIndex((byte) => byte !== 0);
  bytes[last] = 0;
  const { recovered } = await openLog(torn);
  assert.equal(recovered.shape.lastIndex, 4);
  assert.equal(recovered.warnings.length, 1);
  assert.match(recovered.warnings[0]!, /000000000001\.log: .* cut off at byte \d+ \(\d+ bytes/);
  assert.deepEqual((await openLog(disk.afterKill())).recovered.warnings, []);
});

test('what a killed process left in the kernel only is durable before it counts', async () => {
  const disk = new MemoryFileSystem();
  const { log } = await openLog(disk);
  const inode = disk.files.get(path(1))!;
  const before = inode.durable.slice();
  await durable(log, writeOf({ batches: [batchOf(1, 1, 'abc')] }));
  inode.durable = before;
  assert.equal((await openLog(disk)).recovered.shape.lastIndex, 3);
  assert.equal((await openLog(disk.afterPowerCut())).recovered.shape.lastIndex, 3);
});

test('a vote outlives its file also when the first record of the next one was torn', async () => {
  const disk = new MemoryFileSystem();
  const { log } = await openLog(disk);
  await durable(log, writeOf({ hardState: hardStateOf(7, 3, 0) }));
  // Each fills a file of its own.
  for (let index = 1; index <= 5 * LARGE.length; index += LARGE.length) {
    await durable(log, writeOf({ batches: [batchOf(7, index, LARGE)] }));
  }
  const torn = disk.afterKill();
  const { bytes } = torn.files.get(path(6))!;
  assert.ok(bytes[SEGMENT_HEADER_BYTES]! > 0, 'a record stands behind the header');
  bytes.fill(0, SEGMENT_HEADER_BYTES + 16);

  const { log: next, recovered } = await openLog(torn);
  // Without space nothing is kept for recycling.
  torn.fault = (_operation, file) => {
    if (file === path(7)) throw systemError('ENOSPC');
    return undefined;
  };
  const last = recovered.shape.lastIndex + 160;
  await durable(next, writeOf({ batches: [batchOf(7, last - 159, 'x'.repeat(160))] }));
  await nextTurn();
  await next.compact(snapshotOf(last, 7), last as LogIndex);
  await next.close();
  torn.fault = () => undefined;
  assert.deepEqual([...torn.files.keys()].sort(), [path(6), path(7)], 'the vote is nowhere else');
  assert.equal((await openLog(torn)).recovered.shape.hardState.votedFor, 3);
});

test('a record whose predecessor is another than it knew is damage', async () => {
  const [ours, theirs] = [new MemoryFileSystem(), new MemoryFileSystem()];
  for (const [disk, text] of [
    [ours, 'aaaa'],
    [theirs, 'bbbb'],
  ] as const) {
    const { log } = await openLog(disk);
    await durable(log, writeOf({ batches: [batchOf(1, 1, 'same')] }));
    await durable(log, writeOf({ batches: [batchOf(1, 5, text)] }));
    await durable(log, writeOf({ batches: [batchOf(1, 9, 'same')] }));
  }
  const offsets: number[] = [];
  for await (const item of dumpLog(DIRECTORY, ours)) {
    if (item.kind === 'record') offsets.push(item.offset);
  }
  const [, second, third] = offsets;
  const { bytes } = ours.files.get(path(1))!;
  // A whole and valid record, at its place, under its number: only the chain tells.
  bytes.set(theirs.files.get(path(1))!.bytes.subarray(second, third), second);
  await assert.rejects(openLog(ours), {
    code: 'RAFT_STORAGE_CORRUPT',
    message: /not the one it knew/,
  });
});

test('a file that is missing in the middle, or of another log or version, is refused', async () => {
  const disk = new MemoryFileSystem();
  const { log } = await openLog(disk);
  for (let index = 1; index < 3_000; index += LARGE.length) {
    await durable(log, writeOf({ batches: [batchOf(1, index, LARGE)] }));
  }
  await log.close();
  const missing = disk.afterKill();
  missing.files.delete(path(2));
  await assert.rejects(openLog(missing), { code: 'RAFT_STORAGE_CORRUPT', message: /0002\.log/ });
  const beginning = disk.afterKill();
  beginning.files.delete(path(1));
  await assert.rejects(openLog(beginning), { code: 'RAFT_STORAGE_CORRUPT', message: /0001\.log/ });
  await assert.rejects(openLog(disk.afterKill(), { salt: 1 }), /belongs to another log/);
});

test('close makes what waits durable, and later calls say RAFT_CLOSED', async () => {
  const disk = new MemoryFileSystem();
  const { log } = await openLog(disk, { syncWriteBytes: 0 });
  const waiting = durable(log, writeOf({ batches: [batchOf(1, 1, 'abc')] }));
  const also = durable(log, writeOf({ batches: [batchOf(1, 4, 'd')] }));
  await log.close();
  await Promise.all([waiting, also]);
  assert.equal((await openLog(disk.afterPowerCut())).recovered.shape.lastIndex, 4);
  assert.throws(() => log.write(writeOf({}), unexpected), { code: 'RAFT_CLOSED' });
  await assert.rejects(log.compact(snapshotOf(1, 1), 1 as LogIndex), { code: 'RAFT_CLOSED' });
});

const unexpected: WriteListener = {
  durable: () => assert.fail('it was durable already'),
  failed: (error) => assert.fail(error.message),
};

async function attempt(log: DiskLog, write: Write): Promise<void> {
  await durable(log, write);
}

function isDiskFailed(error: unknown): boolean {
  assert.ok(error instanceof RaftError);
  assert.equal(error.code, 'RAFT_DISK_FAILED');
  assert.match(error.message, /check the disk/);
  return true;
}
