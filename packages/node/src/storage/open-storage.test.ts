import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { configurationOf, type LogIndex } from '@quorate/core';
import { directoryError, diskError } from './disk-errors.ts';
import type { DiskLog } from './disk-log.ts';
import { type DumpedItem, dumpLog } from './dump.ts';
import {
  batchOf,
  durable,
  entriesOf,
  hardStateOf,
  INITIAL,
  snapshotOf,
  writeOf,
} from './log.test.support.ts';
import { openStorage } from './open-storage.ts';
import type { Storage } from './storage.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-storage-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const open = (
  wanted: { clusterId?: number; nodeId?: number; path?: string } = {},
): Promise<Storage> =>
  openStorage({
    directory: wanted.path ?? directory,
    clusterId: wanted.clusterId ?? 7,
    nodeId: wanted.nodeId ?? 1,
    initialConfiguration: INITIAL,
    segmentBytes: 65_536,
  });

test('what was written is there after a restart, on a real disk, snapshots included', async () => {
  const path = join(directory, 'not', 'yet', 'there');
  let storage = await open({ path });
  assert.equal(storage.stored.lastIndex, 0);
  const { incarnation } = storage.identity;
  const log = storage.log as DiskLog;
  for (let index = 1; index <= 2_000; index += 40) {
    const batches = [batchOf(2, index, 'x'.repeat(40))];
    await durable(log, writeOf({ batches, hardState: hardStateOf(2, 1, index - 1) }));
  }
  const writer = await storage.snapshots.create(snapshotOf(1_500, 2));
  await writer.write(Uint8Array.of(1, 2, 3));
  await writer.commit();
  await log.compact(snapshotOf(1_500, 2), 1_400 as LogIndex);
  await storage.snapshots.removeOlderThan(snapshotOf(1_500, 2), []);
  await storage.close();

  storage = await open({ path });
  assert.equal(storage.identity.incarnation, incarnation);
  assert.deepEqual(storage.warnings, []);
  assert.deepEqual(storage.stored.hardState, hardStateOf(2, 1, 1_960));
  assert.deepEqual(storage.stored.snapshot, snapshotOf(1_500, 2));
  assert.deepEqual(storage.snapshots.latest(), snapshotOf(1_500, 2));
  assert.equal(entriesOf(storage.log.reader, storage.stored).size, 600);
  await storage.close();
});

test('a snapshot that the log never heard of is removed, as is one that it outlived', async () => {
  let storage = await open();
  const log = storage.log as DiskLog;
  await durable(log, writeOf({ batches: [batchOf(1, 1, 'abcdef')] }));
  for (const index of [2, 4, 6])
    await (await storage.snapshots.create(snapshotOf(index, 1))).commit();
  await log.compact(snapshotOf(4, 1), 4 as LogIndex);
  await storage.close();
  storage = await open();
  assert.equal(storage.snapshots.latest()?.index, 4);
  assert.equal(readdirSync(join(directory, 'snapshots')).length, 1);
  await storage.close();
});

test('a directory belongs to one server of one cluster', async () => {
  await (await open()).close();
  for (const wanted of [{ clusterId: 8 }, { nodeId: 2 }]) {
    await assert.rejects(open(wanted), {
      code: 'RAFT_WRONG_DIRECTORY',
      message: /holds server 1 of cluster 7, not server \d of cluster \d; choose/,
    });
  }
  // A refusal gives the lock back.
  await (await open()).close();
});

test('a wiped directory comes back as another incarnation; half wiped, it does not come back', async () => {
  const first = await open();
  await first.close();
  rmSync(directory, { recursive: true });
  const second = await open();
  assert.notEqual(second.identity.incarnation, first.identity.incarnation);
  await second.close();

  const identity = join(directory, 'identity.json');
  const text = readFileSync(identity, 'utf8');
  const changes: readonly (readonly [string, string])[] = [
    ['"format":1', '"format":9'],
    ['"salt"', '"salted"'],
    ['"initialVoters":[', '"initialVoters":["x",'],
    ['"format":1', '"format":1,"recovery":{"formerClusterIds":[1]}'],
  ];
  const damages = changes.map(([before, after]) => text.replace(before, after));
  for (const damaged of ['', '{}', ...damages]) {
    assert.notEqual(damaged, text);
    writeFileSync(identity, damaged);
    await assert.rejects(open(), {
      code: 'RAFT_STORAGE_CORRUPT',
      message: /identity\.json cannot be used/,
    });
  }
  rmSync(identity);
  await assert.rejects(open(), { code: 'RAFT_STORAGE_CORRUPT', message: /it is missing, but/ });
});

test('two cannot have it open', async () => {
  const storage = await open();
  await assert.rejects(open(), { code: 'RAFT_DIRECTORY_LOCKED' });
  await storage.close();
});

test('a directory that cannot be made is a bad one, and no failed disk', async () => {
  const file = join(directory, 'file');
  writeFileSync(file, '');
  const remedy = /name a directory that this user may create, read and write/;
  // A file, below a file, where nothing can be made, and a text that is no path.
  for (const path of [file, join(file, 'data'), '/proc/nowhere/data', 'a\0b']) {
    await assert.rejects(open({ path }), { code: 'RAFT_BAD_DIRECTORY', message: remedy });
  }
});

test('of a directory that is there, what may not be read is a bad one, what fails to be read is the disk', () => {
  const failed = (code: string) => Object.assign(new Error(code), { code });
  for (const [code, expected] of [
    ['EACCES', 'RAFT_BAD_DIRECTORY'],
    ['EROFS', 'RAFT_BAD_DIRECTORY'],
    ['EIO', 'RAFT_DISK_FAILED'],
    ['ENOSPC', 'RAFT_DISK_FULL'],
  ] as const) {
    assert.equal(directoryError(failed(code), directory).code, expected);
    // As the parts below have reported it already.
    const reported = diskError(failed(code), join(directory, 'identity.json'));
    assert.equal(directoryError(reported, directory).code, expected);
  }
});

test('a dump shows every record, of a live directory and behind damage', async () => {
  const storage = await open();
  const log = storage.log as DiskLog;
  await durable(log, writeOf({ hardState: hardStateOf(3, 2, 0) }));
  await durable(log, writeOf({ batches: [batchOf(3, 1, 'abc'), batchOf(3, 4, '.')] }));
  await log.compact(snapshotOf(2, 3), 1 as LogIndex);
  const live = await dumped();
  assert.deepEqual(
    live.map(({ kind }) => kind),
    ['segment', 'record', 'record', 'record', 'end'],
  );
  const [, first, second, third] = live;
  assert.ok(first?.kind === 'record' && second?.kind === 'record' && third?.kind === 'record');
  assert.deepEqual(second.parts, [
    {
      kind: 'write',
      hardState: undefined,
      snapshot: undefined,
      batches: [
        { kind: 'commands', term: 3, firstIndex: 1, count: 3, byteLength: 53 },
        { kind: 'noop', term: 3, firstIndex: 4, count: 1, byteLength: 32 },
      ],
    },
  ]);
  assert.deepEqual(third.parts, [
    { kind: 'compaction', snapshot: snapshotOf(2, 3), base: { index: 1, term: 3 } },
  ]);
  await storage.close();

  const bytes = readFileSync(second.file);
  bytes[second.offset + 30]! ^= 1;
  writeFileSync(second.file, bytes);
  await assert.rejects(open(), {
    code: 'RAFT_STORAGE_CORRUPT',
    details: { file: second.file, offset: second.offset },
  });
  const damaged = await dumped();
  assert.deepEqual(
    damaged.map((item) => (item.kind === 'record' ? `${item.record} ${item.checksum}` : item.kind)),
    ['segment', '1 valid', 'broken', '3 unchained', '4 valid', 'end'],
  );
});

async function dumped(): Promise<DumpedItem[]> {
  const items: DumpedItem[] = [];
  for await (const item of dumpLog(directory)) items.push(item);
  return items;
}

test('a cluster begins once: who votes is not what a later start says', async () => {
  await (await open()).close();
  const initialConfiguration = configurationOf([1]);
  const again = await openStorage({ directory, clusterId: 7, nodeId: 1, initialConfiguration });
  assert.deepEqual(again.stored.snapshot.configuration, INITIAL);
  await again.close();
});
