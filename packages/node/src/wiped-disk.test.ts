import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { NodeId } from '@quorate/core';
import type { PeerAddress } from './api.ts';
import { bytes, freeAddress, TestCluster, temporaryDirectory } from './cluster.test.support.ts';
import { LogBook } from './log-book.test.support.ts';
import { KnownPeers } from './storage/known-peers.ts';
import { MemoryFileSystem, systemError } from './storage/memory-file-system.test.support.ts';

test('a server whose disk was wiped is not heard, and what was acknowledged survives (hazard 30)', async (context) => {
  const root = await temporaryDirectory(context);
  const peers: Record<number, PeerAddress> = {};
  for (const id of [1, 2, 3]) peers[id] = await freeAddress();
  const book = new LogBook();
  const cluster = new TestCluster(context, 3, { peers, log: book.write });
  const directoryOf = (id: number) => join(root, `n${id}`);
  const open = (id: number) => cluster.open(id, { directory: directoryOf(id) });
  for (const id of [1, 2, 3]) await open(id);
  const leader = await cluster.leader();
  await leader.propose(bytes('a'));

  const leaderId = leader.status().id;
  const [wiped, behind] = [1, 2, 3].filter((id) => id !== leaderId) as [number, number];
  await cluster.listOf(cluster.node(behind));
  await cluster.shut(cluster.node(behind));
  await leader.propose(bytes('b'));
  await cluster.shut(leader);
  await cluster.shut(cluster.node(wiped));
  await rm(directoryOf(wiped), { recursive: true });
  await mkdir(directoryOf(wiped));

  // Together they are a majority, of which nobody has the last entry.
  await open(wiped);
  await open(behind);
  await book.find(new RegExp(`server ${wiped} came back without the disk`));
  await open(leaderId);
  const next = await cluster.leader([leaderId, behind]);
  assert.deepEqual(await cluster.listOf(next), ['a', 'b']);
  assert.equal(cluster.node(wiped).status().commitIndex, 0);
});

test('who was met first is remembered over a restart, durably', async () => {
  const disk = new MemoryFileSystem();
  const directory = '/data';
  const peer = 2 as NodeId;
  const first = await KnownPeers.open(disk, directory);
  assert.equal(await first.isSame(peer, 0), true, 'nothing to remember of one without a disk');
  assert.equal(await first.isSame(peer, 11), true);
  const again = await KnownPeers.open(disk.afterPowerCut(), directory);
  for (const other of [12, 0]) assert.equal(await again.isSame(peer, other), false);
  assert.equal(await again.isSame(peer, 11), true);
});

test('a peer that could not be remembered was not met', async () => {
  const disk = new MemoryFileSystem();
  const known = await KnownPeers.open(disk, '/data');
  disk.fault = () => {
    throw systemError('ENOSPC');
  };
  await assert.rejects(known.isSame(2 as NodeId, 11), { code: 'RAFT_DISK_FULL' });
  disk.fault = () => undefined;
  assert.equal(await known.isSame(2 as NodeId, 11), true);
  const again = await KnownPeers.open(disk.afterPowerCut(), '/data');
  assert.equal(await again.isSame(2 as NodeId, 12), false);
});

test('a list of peers that cannot be read is refused, with the remedy', async () => {
  for (const damaged of ['', '{}', '{"format":1,"incarnations":{"2":"x"}}']) {
    const disk = new MemoryFileSystem();
    const file = await disk.open('/data/peers.json', 'create');
    file.writeSync([new TextEncoder().encode(damaged)], 0);
    await assert.rejects(KnownPeers.open(disk, '/data'), {
      code: 'RAFT_STORAGE_CORRUPT',
      message: /peers\.json .*remove that file/,
    });
  }
});
