/** A group is removed from a shared log: its records go, and no crash brings it back. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogIndex } from '@quorate/core';
import { batchOf, hardStateOf, INITIAL, SALT, writeOf } from '../log.test.support.ts';
import { MemoryFileSystem } from '../memory-file-system.test.support.ts';
import { RemovedGroups } from '../removed-groups.ts';
import { GroupLog } from './group-log.ts';
import { SharedLog } from './shared-log.ts';

async function open(disk: MemoryFileSystem) {
  const removed = await RemovedGroups.open(disk, '/data');
  const { log } = await SharedLog.open({
    directory: '/data/log',
    salt: SALT,
    segmentBytes: 2_048,
    cleanBytes: 4_096,
    fileSystem: disk,
    isRemoved: (group) => removed.has(group),
    onFailure: assert.ifError,
  });
  return { log, removed };
}

function append(log: SharedLog, group: number, index: number, text: string): Promise<void> {
  const state = log.stateOf(group);
  if (state.isNew) log.begin(state, INITIAL);
  const hardState = index === 1 ? hardStateOf(1, 1, 0) : undefined;
  const done = new Promise<void>((durable, failed) => {
    const write = writeOf({ hardState, batches: [batchOf(1, index, text)] });
    new GroupLog(log, state).write(write, { durable: () => durable(), failed });
  });
  log.commit();
  return done;
}

test('the files of a removed group go at once, and what others need of them is moved', async () => {
  const disk = new MemoryFileSystem();
  const { log, removed } = await open(disk);
  for (const group of [1, 2, 3]) await append(log, group, 1, 'abc');
  for (let index = 4; index < 1_000; index += 3) await append(log, 1, index, 'abc');
  const before = log.bytesOnDisk;
  assert.ok(before > 100_000, `${before} bytes of a group that is never compacted`);
  await removed.add(1);
  await log.forget(1);
  assert.ok(log.bytesOnDisk < 20_000, `${log.bytesOnDisk} bytes are left`);
  assert.deepEqual(log.groups(), [2, 3]);
  await append(log, 2, 4, 'def');
  await log.close();
  const { log: again } = await open(disk.afterKill());
  assert.deepEqual(again.groups(), [2, 3]);
  assert.equal(again.stateOf(2).shape.lastIndex, 6 as LogIndex);
  assert.equal(again.stateOf(3).shape.lastIndex, 3 as LogIndex);
});

test('a removal that is cut anywhere leaves the group as it was or removed', async () => {
  const disk = new MemoryFileSystem();
  const { log, removed } = await open(disk);
  for (let index = 1; index < 200; index += 3) await append(log, 1, index, 'abc');
  await append(log, 2, 1, 'abc');
  const begun = disk.journal.length;
  await removed.add(1);
  const noted = disk.journal.length;
  await log.forget(1);
  for (let group = 2; group < 40; group += 1) await append(log, group, group === 2 ? 4 : 1, 'xyz');
  await log.close();
  let ends: readonly number[] = [];
  for (let at = begun; at <= disk.journal.length; at += 1) {
    const cut = MemoryFileSystem.after(disk.journal.slice(0, at));
    const found = await open(cut);
    const isThere = found.log.has(1);
    assert.equal(isThere, !found.removed.has(1), `change ${at}`);
    if (isThere) assert.equal(found.log.stateOf(1).shape.lastIndex, 201);
    assert.ok(isThere || at > begun, 'nothing was removed yet');
    assert.ok(!isThere || at < noted, 'it was said to be removed');
    assert.ok(found.log.stateOf(2).shape.lastIndex >= 3);
    ends = found.log.groups();
  }
  assert.equal(ends.length, 38);
});

test('removed groups are noted as ranges, in any order, and again and again', async () => {
  const disk = new MemoryFileSystem();
  const removed = await RemovedGroups.open(disk, '/data');
  const groups = [5, 9, 7, 6, 1, 8, 8, 2, 100];
  await Promise.all(groups.map((group) => removed.add(group)));
  const again = await RemovedGroups.open(disk.afterPowerCut(), '/data');
  for (let group = 1; group <= 101; group += 1) {
    assert.equal(again.has(group), groups.includes(group), `group ${group}`);
    assert.equal(removed.has(group), groups.includes(group), `group ${group}`);
  }
  const file = await disk.open('/data/removed-groups.json', 'read');
  const bytes = new Uint8Array(200);
  const text = new TextDecoder().decode(bytes.subarray(0, await file.read(bytes, 0)));
  assert.deepEqual(JSON.parse(text), {
    format: 1,
    ranges: [
      [1, 2],
      [5, 9],
      [100, 100],
    ],
  });
  assert.ok(disk.journal.filter(({ kind }) => kind === 'rename').length <= 2, 'written together');
});

test('what cannot be noted is said, counts all the same, and can be tried again', async () => {
  const disk = new MemoryFileSystem();
  const removed = await RemovedGroups.open(disk, '/data');
  disk.fault = (operation) => {
    if (operation === 'sync') throw Object.assign(new Error('EIO'), { code: 'EIO' });
    return undefined;
  };
  await assert.rejects(removed.add(3), { code: 'RAFT_DISK_FAILED' });
  assert.ok(removed.has(3));
  disk.fault = () => undefined;
  await removed.add(3);
  assert.ok((await RemovedGroups.open(disk.afterPowerCut(), '/data')).has(3));
});

test('there is an end to gaps, and a file that says something else is refused', async () => {
  const removed = RemovedGroups.inMemory();
  for (let group = 1; group <= 2 * 65_536; group += 2) await removed.add(group);
  assert.throws(() => removed.add(200_001), { code: 'RAFT_BAD_OPTION' });
  await removed.add(2);
  await removed.add(200_001);
  for (const ranges of [[[2, 1]], [[1]], ['x'], 3, [[1, 2.5]]]) {
    const disk = new MemoryFileSystem();
    const file = await disk.open('/data/removed-groups.json', 'create');
    file.writeSync([new TextEncoder().encode(JSON.stringify({ format: 1, ranges }))], 0);
    const opened = RemovedGroups.open(disk, '/data');
    await assert.rejects(opened, { code: 'RAFT_STORAGE_CORRUPT' }, JSON.stringify(ranges));
  }
});
