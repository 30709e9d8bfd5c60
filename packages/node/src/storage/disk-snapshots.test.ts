import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SnapshotMeta } from '@quorate/core';
import { crc32, EMPTY_PREFIX, extendPrefix, SNAPSHOT_CHUNK_BYTES } from '@quorate/wire';
import { RaftError } from '../errors.ts';
import { DiskSnapshotStore } from './disk-snapshots.ts';
import { snapshotOf } from './log.test.support.ts';
import { MemoryFileSystem, systemError } from './memory-file-system.test.support.ts';
import { memoryStorage } from './memory-storage.ts';
import type { SnapshotStore } from './storage.ts';

const DIRECTORY = '/data/snapshots';
const CHUNKS = ['first', '', 'second '.repeat(50)];
const encoder = new TextEncoder();

const openStore = (disk: MemoryFileSystem): Promise<DiskSnapshotStore> =>
  DiskSnapshotStore.open(disk, DIRECTORY);

async function save(store: SnapshotStore, meta: SnapshotMeta, chunks = CHUNKS): Promise<void> {
  const writer = await store.create(meta);
  for (const chunk of chunks) await writer.write(encoder.encode(chunk));
  await writer.commit();
}

async function textOf(store: SnapshotStore, meta: SnapshotMeta): Promise<string> {
  let text = '';
  for await (const bytes of store.open(meta)) text += new TextDecoder().decode(bytes);
  return text;
}

test('a committed snapshot survives a power cut, on disk; in memory it is there', async () => {
  const disk = new MemoryFileSystem();
  await save(await openStore(disk), snapshotOf(40, 3));
  const store = await openStore(disk.afterPowerCut());
  assert.deepEqual(store.latest(), snapshotOf(40, 3));
  assert.equal(await textOf(store, snapshotOf(40, 3)), CHUNKS.join(''));

  const { snapshots } = memoryStorage({
    clusterId: 1,
    nodeId: 1,
    initialConfiguration: snapshotOf(1, 1).configuration,
  });
  await save(snapshots, snapshotOf(40, 3));
  assert.equal(await textOf(snapshots, snapshots.latest()!), CHUNKS.join(''));
});

test('a state that is written at once is stored in chunks, whatever its size', async () => {
  const store = await openStore(new MemoryFileSystem());
  const writer = await store.create(snapshotOf(40, 3));
  await writer.write(new Uint8Array(2.5 * SNAPSHOT_CHUNK_BYTES));
  await writer.commit();
  const lengths: number[] = [];
  for await (const { length } of store.open(snapshotOf(40, 3))) lengths.push(length);
  const whole = SNAPSHOT_CHUNK_BYTES;
  assert.deepEqual(lengths, [whole, whole, whole / 2]);
});

test('a crash at any operation leaves the old snapshot or the new one, and nothing else', async () => {
  const outcomes = new Set<number>();
  for (let survived = 0; ; survived += 1) {
    const disk = new MemoryFileSystem();
    const store = await openStore(disk);
    await save(store, snapshotOf(10, 1), ['old']);
    let operations = 0;
    disk.fault = () => {
      operations += 1;
      if (operations > survived) throw systemError('EIO');
      return undefined;
    };
    const work = async (): Promise<void> => {
      await save(store, snapshotOf(20, 2), ['new']);
      await store.removeOlderThan(snapshotOf(20, 2), []);
    };
    const isDone = await work().then(
      () => true,
      () => false,
    );
    for (const left of [disk.afterPowerCut(), disk.afterKill()]) {
      const reopened = await openStore(left);
      const latest = reopened.latest();
      assert.ok(latest !== undefined, `nothing is left after ${survived} operations`);
      outcomes.add(latest.index);
      assert.equal(await textOf(reopened, latest), latest.index === 10 ? 'old' : 'new');
      assert.ok([...left.files.keys()].every((name) => !name.endsWith('.tmp')));
    }
    if (isDone) break;
  }
  assert.deepEqual([...outcomes], [10, 20]);
});

test('an aborted snapshot leaves no trace', async () => {
  const disk = new MemoryFileSystem();
  const store = await openStore(disk);
  const writer = await store.create(snapshotOf(5, 1));
  await writer.write(encoder.encode('half'));
  await writer.abort();
  assert.equal(store.latest(), undefined);
  assert.equal(disk.files.size, 0);
});

test('a snapshot leaves the log its room on a full disk', async () => {
  const mebibyte = 1_048_576;
  const disk = new MemoryFileSystem();
  const store = await openStore(disk);
  const noRoom = { code: 'RAFT_DISK_FULL', message: /the log needs\); free some space/ };
  disk.free = mebibyte;
  await assert.rejects(store.create(snapshotOf(40, 3)), noRoom);
  assert.deepEqual([await disk.list(DIRECTORY), disk.openFiles.size], [[], 0]);

  disk.fault = (operation, _path, byteLength) => {
    if (operation === 'write') disk.free -= byteLength;
    return undefined;
  };
  disk.free = 9 * mebibyte;
  const writer = await store.create(snapshotOf(40, 3));
  const pieces = Array(9).fill(new Uint8Array(mebibyte));
  const writing = async () => {
    for (const piece of pieces) await writer.write(piece);
  };
  await assert.rejects(writing, noRoom);
  assert.ok(disk.free >= 2 * mebibyte && disk.free < 4 * mebibyte, `${disk.free} are free`);
  await writer.abort();
  assert.deepEqual([await disk.list(DIRECTORY), disk.openFiles.size], [[], 0]);
});

test('a flipped bit or a missing end is noticed while the data are drawn', async () => {
  const disk = new MemoryFileSystem();
  const meta = snapshotOf(40, 3);
  await save(await openStore(disk), meta);
  const [name, { bytes }] = [...disk.files][0]!;
  assert.equal(await textOf(await openStore(disk), meta), CHUNKS.join(''));
  const draw = async (damaged: MemoryFileSystem): Promise<void> => {
    await textOf(await openStore(damaged), meta);
  };
  for (let at = 0; at < bytes.length; at += 1) {
    // The four bytes behind the version mean nothing.
    if (at >= 12 && at < 16) continue;
    const flipped = disk.afterKill();
    flipped.files.get(name)!.bytes[at]! ^= 1 << (at % 8);
    await assert.rejects(draw(flipped), isCorrupt, `byte ${at}`);
    const cut = disk.afterKill();
    cut.files.get(name)!.bytes = bytes.slice(0, at);
    await assert.rejects(draw(cut), isCorrupt, `cut at ${at}`);
  }
});

test('older snapshots go when the newer one counts, newer ones when it does not', async () => {
  const disk = new MemoryFileSystem();
  const store = await openStore(disk);
  for (const index of [10, 20, 30]) await save(store, snapshotOf(index, 1));
  await store.removeOlderThan(snapshotOf(20, 1), []);
  await store.removeNewerThan(snapshotOf(20, 1).index);
  assert.equal(disk.files.size, 1);
  assert.equal((await openStore(disk)).latest()?.index, 20);
});

/** A transfer that broke off behind two chunks. */
async function breakOff(store: SnapshotStore, meta: SnapshotMeta): Promise<void> {
  const receiver = await store.receive(meta, EMPTY_PREFIX);
  for (const chunk of CHUNKS.slice(0, 2)) await receiver.write(encoder.encode(chunk));
  await receiver.suspend();
}

test('what a transfer has left is found again, also after a crash, and written on', async () => {
  const meta = snapshotOf(40, 3);
  const { snapshots } = memoryStorage({
    clusterId: 1,
    nodeId: 1,
    initialConfiguration: meta.configuration,
  });
  const disk = new MemoryFileSystem();
  await breakOff(await openStore(disk), meta);
  await breakOff(snapshots, meta);
  for (const store of [await openStore(disk.afterKill()), snapshots]) {
    assert.equal(store.latest(), undefined);
    const held = await store.unfinished();
    const prefix = extendPrefix(EMPTY_PREFIX, encoder.encode('first'), crc32);
    assert.deepEqual(held, { index: 40, term: 3, prefix });
    const receiver = await store.receive(meta, prefix);
    await receiver.write(encoder.encode(CHUNKS[2]));
    await receiver.commit();
    assert.equal(await textOf(store, meta), CHUNKS.join(''));
    assert.equal(await store.unfinished(), undefined);
  }
});

test('of a damaged or torn unfinished file the good beginning is used, and nothing of it else', async () => {
  const meta = snapshotOf(40, 3);
  const whole = new MemoryFileSystem();
  await breakOff(await openStore(whole), meta);
  const [path, { bytes }] = [...whole.files][0]!;
  const found = new Set<number>();
  for (let at = 0; at < bytes.length; at += 1) {
    for (const spoil of ['flip', 'cut'] as const) {
      const disk = whole.afterKill();
      const inode = disk.files.get(path)!;
      if (spoil === 'cut') inode.bytes = bytes.slice(0, at);
      else inode.bytes[at]! ^= 1 << (at % 8);
      const store = await openStore(disk);
      const prefix = (await store.unfinished())?.prefix ?? EMPTY_PREFIX;
      found.add(prefix.byteLength);
      const receiver = await store.receive(meta, prefix);
      await receiver.write(encoder.encode(CHUNKS.join('')).subarray(prefix.byteLength));
      await receiver.commit();
      assert.equal(await textOf(await openStore(disk), meta), CHUNKS.join(''), `${spoil} ${at}`);
    }
  }
  assert.deepEqual(found, new Set([0, 5]));
});

test('one unfinished snapshot is kept: it goes for the next, and when a newer one counts', async () => {
  const disk = new MemoryFileSystem();
  const store = await openStore(disk);
  await breakOff(store, snapshotOf(40, 3));
  await breakOff(store, snapshotOf(50, 3));
  assert.equal(disk.files.size, 1);
  assert.equal((await store.unfinished())?.index, 50);
  await store.removeOlderThan(snapshotOf(60, 3), []);
  assert.equal(disk.files.size, 0);
});

test('a received snapshot is read back before it counts', async () => {
  const disk = new MemoryFileSystem();
  const store = await openStore(disk);
  const receiver = await store.receive(snapshotOf(40, 3), EMPTY_PREFIX);
  for (const chunk of CHUNKS) await receiver.write(encoder.encode(chunk));
  const [inode] = disk.files.values();
  inode!.bytes[inode!.bytes.length - 9]! ^= 1;
  await assert.rejects(receiver.commit(), isCorrupt);
  assert.equal(store.latest(), undefined);
  await receiver.abort();
  assert.equal(disk.files.size, 0);
});

test('snapshots that are being sent stay while older ones go', async () => {
  const disk = new MemoryFileSystem();
  const store = await openStore(disk);
  for (const index of [10, 20, 30, 40]) await save(store, snapshotOf(index, 1), [`${index}`]);
  await store.removeOlderThan(snapshotOf(40, 1), [snapshotOf(20, 1)]);
  assert.equal(disk.files.size, 2);
  assert.equal(await textOf(store, snapshotOf(20, 1)), '20');
});

test('a full disk is named as such', async () => {
  const disk = new MemoryFileSystem();
  const writer = await (await openStore(disk)).create(snapshotOf(5, 1));
  disk.fault = () => {
    throw systemError('ENOSPC');
  };
  await assert.rejects(writer.write(encoder.encode('x')), { code: 'RAFT_DISK_FULL' });
});

function isCorrupt(error: unknown): boolean {
  assert.ok(error instanceof RaftError, String(error));
  assert.equal(error.code, 'RAFT_STORAGE_CORRUPT');
  assert.match(error.message, /snapshot .* is damaged: .* Remedy: /);
  return true;
}
