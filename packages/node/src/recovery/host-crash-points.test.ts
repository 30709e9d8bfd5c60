/**
 * The recovery of a host cut short at every byte of every change that reached the disk: what is found is
 * the old host with all its groups, or the new one with all of them.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  commandBatch,
  configurationBatch,
  configurationOf,
  type LogIndex,
  type Term,
} from '@quorate/core';
import { CommandSlab } from '@quorate/wire';
import { readIdentity, writeIdentity } from '../storage/identity.ts';
import { batchOf, hardStateOf, writeOf } from '../storage/log.test.support.ts';
import { type Change, MemoryFileSystem } from '../storage/memory-file-system.test.support.ts';
import { GroupLog } from '../storage/shared/group-log.ts';
import { SharedLog, type SharedLogOptions } from '../storage/shared/shared-log.ts';
import { afterEachKill, afterEachPowerCut, expectOldThenNew } from './cuts.test.support.ts';
import { beginRecoveredHost } from './first-entries.ts';
import { examineHostDirectory, recoverHostDirectory } from './recover-host.ts';

const DIRECTORY = '/data';
const LOG = `${DIRECTORY}/groups/log`;
const IDENTITY = {
  clusterId: 7,
  nodeId: 1,
  incarnation: '0123456789abcdef'.repeat(2),
  salt: 0x01234567,
  initialVoters: [1, 2, 3],
  recovery: undefined,
};
const options = { directory: DIRECTORY, newClusterId: 99, keepThrough: 3 };

async function openLog(disk: MemoryFileSystem, options: Partial<SharedLogOptions> = {}) {
  const identity = await readIdentity(disk, DIRECTORY);
  assert.ok(identity !== undefined);
  const { log } = await SharedLog.open({
    directory: LOG,
    salt: identity.salt,
    segmentBytes: 2_048,
    fileSystem: disk,
    isRemoved: () => false,
    onFailure: assert.ifError,
    ...options,
  });
  return { identity, log };
}

const lateIndex = 4 as LogIndex;
const secondTerm = 2 as Term;

/** A host of three: a group with uncertain entries, one that has just begun, and one that moved away. */
async function survivor(): Promise<MemoryFileSystem> {
  const disk = new MemoryFileSystem();
  await writeIdentity(disk, DIRECTORY, IDENTITY);
  const { log } = await openLog(disk);
  const [busy, fresh, moved] = [10, 20, 30].map((group) => log.stateOf(group));
  assert.ok(busy && fresh && moved);
  log.begin(busy, configurationOf([1, 2, 3]));
  log.begin(fresh, configurationOf([1, 4]));
  log.begin(moved, configurationOf([1, 2]));
  log.commit();
  const waiting = { done: () => {}, failed: assert.ifError };
  const first = writeOf({ batches: [batchOf(1, 1, 'abc')], hardState: hardStateOf(1, 2, 0) });
  const left = configurationBatch(secondTerm, lateIndex, configurationOf([2, 3, 5]));
  for (const state of [busy, moved]) {
    log.ask(state, { group: state.id, kind: 'write', write: first }, waiting);
  }
  log.commit();
  const more = writeOf({ batches: [batchOf(2, 4, 'defg')], hardState: hardStateOf(3, 0, 2) });
  const away = writeOf({ batches: [left], hardState: hardStateOf(2, 2, 4) });
  log.ask(busy, { group: 10, kind: 'write', write: more }, waiting);
  log.ask(moved, { group: 30, kind: 'write', write: away }, waiting);
  await log.settled(busy);
  await log.close();
  return disk;
}

const LEFT_OUT = [2, 3, 4, 5];

/** What the next start finds, in which the recovery is finished if it was begun. */
async function found(disk: MemoryFileSystem): Promise<'old' | 'new'> {
  const { identity, log } = await openLog(disk);
  await beginRecoveredHost(identity, log);
  const [busy, fresh, moved] = [10, 20, 30].map((group) =>
    log.stateOf(group).shape.toStoredState(),
  );
  await log.close();
  assert.ok(busy && fresh && moved);
  // Not chosen.
  assert.deepEqual([moved.lastIndex, moved.hardState], [4, hardStateOf(2, 2, 4)]);
  if (identity.clusterId === 7) {
    assert.deepEqual([busy.lastIndex, busy.hardState], [7, hardStateOf(3, 0, 2)]);
    assert.deepEqual([fresh.lastIndex, fresh.hardState], [0, hardStateOf(0, 0, 0)]);
    return 'old';
  }
  assert.equal(identity.clusterId, 99);
  assert.deepEqual([busy.lastIndex, busy.hardState], [8, hardStateOf(4, 0, 2)]);
  assert.deepEqual([fresh.lastIndex, fresh.hardState], [1, hardStateOf(1, 0, 0)]);
  const configuration = { ...configurationOf([1]), removed: LEFT_OUT };
  assert.deepEqual(busy.configurations, [{ index: 8, configuration }]);
  assert.deepEqual(fresh.configurations, [{ index: 1, configuration }]);
  return 'new';
}

test('an examination of a host says what is there of each group and changes nothing', async () => {
  const disk = await survivor();
  const before = disk.journal.length;
  const report = await examineHostDirectory(disk, options);
  assert.equal(disk.journal.length, before);
  const { groups, untouched, ...host } = report;
  assert.deepEqual(host, {
    directory: DIRECTORY,
    nodeId: 1,
    oldClusterId: 7,
    newClusterId: 99,
    lastRecord: 3,
    leftOut: LEFT_OUT,
    warnings: [],
  });
  assert.deepEqual(groups, [
    {
      group: 10,
      lastEntry: { index: 7, term: 2 },
      committedIndex: 2,
      snapshotIndex: 0,
      kept: { first: 1, last: 7 },
      uncertain: { first: 3, last: 7 },
      mayBeLostAfter: 7,
      role: 'voter',
      firstEntry: { term: 4, index: 8 },
    },
    {
      group: 20,
      lastEntry: { index: 0, term: 0 },
      committedIndex: 0,
      snapshotIndex: 0,
      kept: undefined,
      uncertain: undefined,
      mayBeLostAfter: 0,
      role: 'voter',
      firstEntry: { term: 1, index: 1 },
    },
  ]);
  assert.deepEqual(
    untouched.map(({ group, role }) => [group, role]),
    [[30, 'removed']],
  );
  const appliedIndexes = new Map([[10, 7]]);
  const [applied] = (await examineHostDirectory(disk, { ...options, appliedIndexes })).groups;
  assert.deepEqual([applied?.committedIndex, applied?.uncertain], [7, undefined]);
});

test('a host’s recovery cut at every byte of every change leaves the old host or the new one', async () => {
  const before = await survivor();
  const disk = before.afterKill();
  const start: Change[] = [...before.journal];
  await recoverHostDirectory(disk, options);
  assert.equal(await found(disk.afterKill()), 'new');
  const outcomes = await afterEachKill(start, disk, found);
  expectOldThenNew(outcomes);
});

test('after a power cut in a host’s recovery too', async () => {
  const disk = (await survivor()).afterKill();
  const recover = (attempt: MemoryFileSystem) => recoverHostDirectory(attempt, options);
  const outcomes = await afterEachPowerCut(disk, [DIRECTORY, LOG], recover, found);
  assert.equal(outcomes.at(-1), 'new');
  assert.deepEqual([...new Set(outcomes)], ['old', 'new']);
});

test('a recovery of a host that was interrupted is a fact for the next one', async () => {
  const disk = await survivor();
  const identity = (await readIdentity(disk, DIRECTORY))!;
  const recovery = { formerClusterIds: [7], record: 4, groups: [10], leftOut: LEFT_OUT };
  await writeIdentity(disk, DIRECTORY, { ...identity, clusterId: 98, recovery });
  const report = await examineHostDirectory(disk, { ...options, groups: [10, 30] });
  assert.equal(report.lastRecord, 4);
  const ends = report.groups.map(({ lastEntry, firstEntry }) => [lastEntry, firstEntry]);
  assert.deepEqual(ends, [
    [
      { index: 8, term: 4 },
      { index: 9, term: 5 },
    ],
    [
      { index: 4, term: 2 },
      { index: 5, term: 3 },
    ],
  ]);
  await recoverHostDirectory(disk, { ...options, groups: [10, 30], keepThrough: 4 });
  const { log } = await openLog(disk);
  const indexes = (group: number) =>
    log
      .stateOf(group)
      .shape.toStoredState()
      .configurations.map(({ index }) => index);
  assert.deepEqual(indexes(10), [8, 9]);
  assert.deepEqual(indexes(30), [4, 5]);
  assert.equal(log.lastRecord, 5);
});

/** So much that the next record which is written has old ones moved behind it. */
async function fillWithGarbage(disk: MemoryFileSystem): Promise<void> {
  const { log } = await openLog(disk, { cleanBytes: 2 ** 40, segmentBytes: 67_108_864 });
  const busy = new GroupLog(log, log.stateOf(40));
  log.begin(log.stateOf(40), configurationOf([1, 2, 3]));
  const command = CommandSlab.of(new Uint8Array(3_000_000));
  const last = 12 as LogIndex;
  for (let index = 1; index <= last; index += 1) {
    const batches = [commandBatch(1 as Term, index as LogIndex, command)];
    await new Promise<void>((resolve, failed) => {
      busy.write(writeOf({ batches, hardState: hardStateOf(1, 1, index) }), {
        durable: () => resolve(),
        failed,
      });
      log.commit();
    });
  }
  const configuration = configurationOf([1, 2, 3]);
  const compacted = busy.compact({ index: last, term: 1 as Term, configuration }, last);
  log.commit();
  await compacted;
  await log.close();
}

test('a recovery after an interrupted one writes its record also where that one has old records moved', async () => {
  const disk = await survivor();
  await fillWithGarbage(disk);
  const identity = (await readIdentity(disk, DIRECTORY))!;
  const { lastRecord } = await examineHostDirectory(disk, options);
  const recovery = {
    formerClusterIds: [7],
    record: lastRecord + 1,
    groups: [10],
    leftOut: LEFT_OUT,
  };
  await writeIdentity(disk, DIRECTORY, { ...identity, clusterId: 98, recovery });
  const keepThrough = lastRecord + 1;
  await recoverHostDirectory(disk, { ...options, groups: [10, 30], keepThrough });
  const { log } = await openLog(disk);
  const votersOf = (group: number) =>
    log.stateOf(group).shape.toStoredState().configurations.at(-1)?.configuration.voters;
  assert.deepEqual([votersOf(10), votersOf(30)], [[1], [1]]);
  // Else nothing was moved, and this shows nothing.
  assert.ok(log.lastRecord > keepThrough + 1);
  await log.close();
});

test('a later recovery into the same cluster, cut anywhere, leaves the group aside or recovered', async () => {
  const before = await survivor();
  await recoverHostDirectory(before, { ...options, groups: [10] });
  const disk = before.afterKill();
  await recoverHostDirectory(disk, { ...options, groups: [20], keepThrough: 4 });
  const outcomes = await afterEachKill([...before.journal], disk, async (cut) => {
    const { identity, log } = await openLog(cut);
    await beginRecoveredHost(identity, log);
    await log.close();
    const stateOf = (group: number) => log.stateOf(group).shape.toStoredState();
    const recovered = [{ index: 1, configuration: { ...configurationOf([1]), removed: LEFT_OUT } }];
    const { configurations } = stateOf(20);
    const isOld = configurations.length === 0;
    assert.deepEqual([identity.clusterId, stateOf(10).lastIndex], [99, 8]);
    assert.deepEqual(configurations, isOld ? [] : recovered);
    return isOld ? 'old' : 'new';
  });
  expectOldThenNew(outcomes);
});

test('a recovery of a host that would not do what was asked for is refused', async () => {
  const disk = await survivor();
  const before = disk.journal.length;
  const refused = (changes: object, code: string) =>
    assert.rejects(recoverHostDirectory(disk, { ...options, ...changes }), { code });
  await refused({ keepThrough: 2 }, 'RAFT_RECOVERY_REFUSED');
  await refused({ keepThrough: undefined }, 'RAFT_BAD_OPTION');
  await refused({ newClusterId: 7 }, 'RAFT_RECOVERY_REFUSED');
  await refused({ newClusterId: -1 }, 'RAFT_BAD_OPTION');
  await refused({ groups: [10, 11] }, 'RAFT_RECOVERY_REFUSED');
  await refused({ groups: 10 }, 'RAFT_BAD_OPTION');
  await refused({ groups: ['10'] }, 'RAFT_BAD_OPTION');
  await refused({ appliedIndexes: { 10: 8 } }, 'RAFT_BAD_OPTION');
  await refused({ appliedIndexes: null }, 'RAFT_BAD_OPTION');
  await refused({ appliedIndexes: new Map([['10', 7]]) }, 'RAFT_BAD_OPTION');
  for (const index of [-1, 6.5, Number.NaN, '7', 7n, undefined]) {
    await refused({ appliedIndexes: new Map([[10, index]]) }, 'RAFT_BAD_OPTION');
  }
  await refused({ appliedIndexes: new Map([[11, 7]]) }, 'RAFT_RECOVERY_REFUSED');
  await refused({ appliedIndexes: new Map([[10, 8]]) }, 'RAFT_STORAGE_CORRUPT');
  assert.equal(disk.journal.length, before);
  await recoverHostDirectory(disk, options);
  await refused({ keepThrough: 4 }, 'RAFT_RECOVERY_REFUSED');
  await refused({ keepThrough: 4, newClusterId: 7 }, 'RAFT_RECOVERY_REFUSED');
});
