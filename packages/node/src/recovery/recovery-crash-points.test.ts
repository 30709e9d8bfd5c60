/**
 * A recovery cut short at every byte of every change that reached the disk: what is found is the old
 * server, untouched, or the new cluster, complete.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configurationOf, type EntryId, type LogIndex, type Term } from '@quorate/core';
import { DiskLog } from '../storage/disk-log.ts';
import { readIdentity, writeIdentity } from '../storage/identity.ts';
import { batchOf, durable, hardStateOf, writeOf } from '../storage/log.test.support.ts';
import { type Change, MemoryFileSystem } from '../storage/memory-file-system.test.support.ts';
import { afterEachKill, afterEachPowerCut, expectOldThenNew } from './cuts.test.support.ts';
import { beginRecoveredCluster } from './first-entry.ts';
import { examineDirectory, recoverDirectory } from './recover-cluster.ts';

const DIRECTORY = '/data';
const LAST: EntryId = { index: 12 as LogIndex, term: 3 as Term };
const options = { directory: DIRECTORY, newClusterId: 99, keepThrough: LAST };

async function openLog(disk: MemoryFileSystem) {
  const identity = await readIdentity(disk, DIRECTORY);
  assert.ok(identity !== undefined);
  const { log, recovered } = await DiskLog.open({
    directory: `${DIRECTORY}/log`,
    initialConfiguration: configurationOf(identity.initialVoters as number[]),
    salt: identity.salt,
    segmentBytes: 2_048,
    fileSystem: disk,
  });
  return { identity, log, recovered };
}

/** A server of three, with entries that it does not know to be committed. */
async function survivor(): Promise<MemoryFileSystem> {
  const disk = new MemoryFileSystem();
  await writeIdentity(disk, DIRECTORY, {
    clusterId: 7,
    nodeId: 1,
    incarnation: '0123456789abcdef'.repeat(2),
    salt: 0x01234567,
    initialVoters: [1, 2, 3],
    recovery: undefined,
  });
  const { log } = await openLog(disk);
  await durable(log, writeOf({ batches: [batchOf(1, 1, '.')], hardState: hardStateOf(1, 2, 0) }));
  await durable(log, writeOf({ batches: [batchOf(1, 2, 'abcdef')] }));
  await durable(
    log,
    writeOf({ batches: [batchOf(3, 8, 'ghijk')], hardState: hardStateOf(4, 3, 7) }),
  );
  await log.close();
  return disk;
}

/** What the next start finds, in which the recovery is finished if it was begun. */
async function found(disk: MemoryFileSystem): Promise<'old' | 'new'> {
  const { identity, log, recovered } = await openLog(disk);
  await beginRecoveredCluster(identity, log, recovered.shape);
  const { hardState, lastIndex, configurations } = recovered.shape.toStoredState();
  await log.close();
  if (identity.clusterId === 7) {
    assert.deepEqual([lastIndex, hardState], [12, hardStateOf(4, 3, 7)]);
    assert.deepEqual(configurations, []);
    return 'old';
  }
  assert.equal(identity.clusterId, 99);
  assert.deepEqual([lastIndex, hardState], [13, hardStateOf(5, 0, 7)]);
  const configuration = { ...configurationOf([1]), removed: [2, 3] };
  assert.deepEqual(configurations, [{ index: 13, configuration }]);
  return 'new';
}

test('an examination says what is there and changes nothing', async () => {
  const disk = await survivor();
  const before = disk.journal.length;
  const report = await examineDirectory(disk, options);
  assert.equal(disk.journal.length, before);
  assert.deepEqual(report, {
    directory: DIRECTORY,
    nodeId: 1,
    oldClusterId: 7,
    newClusterId: 99,
    lastEntry: LAST,
    committedIndex: 7,
    snapshotIndex: 0,
    kept: { first: 1, last: 12 },
    uncertain: { first: 8, last: 12 },
    mayBeLostAfter: 12,
    leftOut: [2, 3],
    role: 'voter',
    firstEntry: { term: 5, index: 13 },
    warnings: [],
  });
  const applied = await examineDirectory(disk, { ...options, appliedIndex: 12 });
  assert.deepEqual([applied.committedIndex, applied.uncertain], [12, undefined]);
});

test('a recovery cut at every byte of every change leaves the old server or the new cluster', async () => {
  const before = await survivor();
  const disk = before.afterKill();
  const start: Change[] = [...before.journal];
  await recoverDirectory(disk, options);
  assert.equal(await found(disk.afterKill()), 'new');

  const outcomes = await afterEachKill(start, disk, found);
  expectOldThenNew(outcomes);
});

test('after a power cut too: what was not synced decides nothing', async () => {
  const disk = (await survivor()).afterKill();
  const directories = [DIRECTORY, `${DIRECTORY}/log`];
  const recover = (attempt: MemoryFileSystem) => recoverDirectory(attempt, options);
  const outcomes = await afterEachPowerCut(disk, directories, recover, found);
  assert.equal(outcomes.at(-1), 'new');
  assert.deepEqual([...new Set(outcomes)], ['old', 'new']);
});

test('an interrupted recovery is a fact for the next one', async () => {
  const disk = await survivor();
  const identity = (await readIdentity(disk, DIRECTORY))!;
  const recovery = { formerClusterIds: [7], term: 5, index: 13, leftOut: [2, 3] };
  await writeIdentity(disk, DIRECTORY, { ...identity, clusterId: 98, recovery });
  const report = await examineDirectory(disk, options);
  assert.deepEqual(report.lastEntry, { index: 13, term: 5 });
  assert.deepEqual(report.firstEntry, { index: 14, term: 6 });
  await recoverDirectory(disk, { ...options, keepThrough: report.lastEntry });
  const { recovered, identity: after } = await openLog(disk);
  assert.equal(after.clusterId, 99);
  assert.deepEqual(
    recovered.shape.toStoredState().configurations.map(({ index }) => index),
    [13, 14],
  );
});

test('a log that begins behind the state machine is not kept without a snapshot', async () => {
  const disk = await survivor();
  const { log } = await openLog(disk);
  await log.compact(
    { index: 9 as LogIndex, term: 3 as Term, configuration: configurationOf([1, 2, 3]) },
    8 as LogIndex,
  );
  await log.close();
  await assert.rejects(examineDirectory(disk, { ...options, appliedIndex: 7 }), {
    code: 'RAFT_STORAGE_CORRUPT',
    message: /stands at 7, but the log begins with 9; the state was lost/,
  });
  const { kept } = await examineDirectory(disk, { ...options, appliedIndex: 8 });
  assert.deepEqual(kept, { first: 9, last: 12 });
  // It was received, and a crash came before the machine had it.
  await disk.open(`${DIRECTORY}/snapshots/0000000000000009-0000000000000003.snapshot`, 'create');
  const { committedIndex } = await examineDirectory(disk, { ...options, appliedIndex: 0 });
  assert.equal(committedIndex, 9);
});

test('a recovery that would not do what was asked for is refused', async () => {
  const disk = await survivor();
  const before = disk.journal.length;
  const refused = (changes: object, code: string) =>
    assert.rejects(recoverDirectory(disk, { ...options, ...changes }), { code });
  await refused({ keepThrough: { index: 11, term: 3 } }, 'RAFT_RECOVERY_REFUSED');
  await refused({ keepThrough: { index: 12, term: 4 } }, 'RAFT_RECOVERY_REFUSED');
  await refused({ newClusterId: 7 }, 'RAFT_RECOVERY_REFUSED');
  await refused({ newClusterId: 1.5 }, 'RAFT_BAD_OPTION');
  await refused({ keepThrough: undefined }, 'RAFT_BAD_OPTION');
  await refused({ keepThrough: 12 }, 'RAFT_BAD_OPTION');
  await refused({ appliedIndex: 13 }, 'RAFT_STORAGE_CORRUPT');
  for (const appliedIndex of [-1, 6.5, Number.NaN, '7', 7n, null]) {
    await refused({ appliedIndex }, 'RAFT_BAD_OPTION');
  }
  assert.equal(disk.journal.length, before);
  await recoverDirectory(disk, options);
  const again = { ...options, keepThrough: { index: 13 as LogIndex, term: 5 as Term } };
  await assert.rejects(recoverDirectory(disk, again), { code: 'RAFT_RECOVERY_REFUSED' });
  const back = recoverDirectory(disk, { ...again, newClusterId: 7 });
  await assert.rejects(back, { code: 'RAFT_RECOVERY_REFUSED', message: /belonged to cluster/ });
});
