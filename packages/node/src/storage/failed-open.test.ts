/** A disk that fails while a directory is opened: nothing stays behind that only this process could close. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configurationOf } from '@quorate/core';
import { temporaryDirectory } from '../cluster.test.support.ts';
import type { DiskLog } from './disk-log.ts';
import { writeIdentity } from './identity.ts';
import { batchOf, durable, hardStateOf, writeOf } from './log.test.support.ts';
import { MemoryFileSystem, systemError } from './memory-file-system.test.support.ts';
import { openHostStorage } from './open-host-storage.ts';
import { openStorage } from './open-storage.ts';

const identity = {
  clusterId: 99,
  nodeId: 1,
  incarnation: '0123456789abcdef'.repeat(2),
  salt: 0x01234567,
  initialVoters: [1, 2, 3],
  recovery: undefined,
};
/** A recovery that was interrupted, so that the next start has something to write. */
const interrupted = { formerClusterIds: [7], leftOut: [2, 3] };

/** Fails at the first call of the disk, then at the second, until there are no more. Answers what failed. */
async function failAnywhere(
  disk: MemoryFileSystem,
  open: (disk: MemoryFileSystem) => Promise<{ close(): Promise<void> }>,
): Promise<readonly string[]> {
  const failed: string[] = [];
  for (let calls = 0; ; calls += 1) {
    const attempt = disk.afterKill();
    let left = calls;
    attempt.fault = (operation) => {
      left -= 1;
      if (left === -1) failed.push(operation);
      if (left < 0) throw systemError('EIO');
      return undefined;
    };
    const opened = await open(attempt).catch((error: NodeJS.ErrnoException) => error);
    attempt.fault = () => undefined;
    if (!(opened instanceof Error)) {
      await opened.close();
      assert.equal(attempt.openFiles.size, 0, 'a file is open after close');
      return failed;
    }
    assert.equal((opened as NodeJS.ErrnoException).code, 'RAFT_DISK_FAILED');
    const leftOpen = [...attempt.openFiles].map(({ path }) => path);
    assert.deepEqual(leftOpen, [], `after ${calls} calls`);
  }
}

test('a server’s directory that cannot be opened leaves no file open, wherever the disk fails', async (context) => {
  const directory = await temporaryDirectory(context);
  const open = async (fileSystem: MemoryFileSystem) => {
    const initialConfiguration = configurationOf([1, 2, 3]);
    const wanted = { directory, clusterId: 99, nodeId: 1, initialConfiguration, fileSystem };
    return openStorage({ ...wanted, segmentBytes: 2_048 });
  };
  const disk = new MemoryFileSystem();
  await writeIdentity(disk, directory, identity);
  const storage = await open(disk);
  for (let index = 1; index <= 240; index += 8) {
    const batches = [batchOf(1, index, 'abcdefgh')];
    await durable(storage.log as DiskLog, writeOf({ batches, hardState: hardStateOf(3, 0, 1) }));
  }
  await storage.close();
  const recovery = { ...interrupted, term: 4, index: 241 };
  await writeIdentity(disk, directory, { ...identity, recovery });
  const failed = await failAnywhere(disk, open);
  // The first entry of the recovery among them.
  assert.ok(failed.includes('open') && failed.includes('write'), failed.join());
});

test('a host’s directory that cannot be opened leaves no file open, wherever the disk fails', async (context) => {
  const directory = await temporaryDirectory(context);
  const open = (fileSystem: MemoryFileSystem) =>
    openHostStorage({
      ...{ directory, clusterId: 99, nodeId: 1, hosts: [1, 2, 3], fileSystem },
      onFailure: () => {},
    });
  const disk = new MemoryFileSystem();
  await writeIdentity(disk, directory, identity);
  const host = await open(disk);
  await host.open(5, configurationOf([1, 2, 3]), true);
  host.commit();
  await host.close();
  const recovery = { ...interrupted, record: 2, groups: [5] };
  await writeIdentity(disk, directory, { ...identity, recovery });
  const failed = await failAnywhere(disk, open);
  // The first entry of the recovery among them.
  assert.ok(failed.includes('open') && failed.includes('write'), failed.join());
});
