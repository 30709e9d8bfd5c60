/** What a group has asked for while what it needs of old records is to be written anew. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogIndex } from '@quorate/core';
import { batchOf, hardStateOf, INITIAL, SALT, snapshotOf, writeOf } from '../log.test.support.ts';
import { MemoryFileSystem } from '../memory-file-system.test.support.ts';
import { GroupLog } from './group-log.ts';
import { SharedLog } from './shared-log.ts';

async function open(disk: MemoryFileSystem): Promise<SharedLog> {
  const { log } = await SharedLog.open({
    directory: '/data/log',
    salt: SALT,
    segmentBytes: 2_048,
    cleanBytes: 1_024,
    // In the background, so that several writes are on their way at a time.
    syncWriteBytes: 0,
    fileSystem: disk,
    isRemoved: () => false,
    onFailure: assert.ifError,
  });
  return log;
}

test('what is held back for a move is written without another round', async () => {
  const disk = new MemoryFileSystem();
  const log = await open(disk);
  const group = new GroupLog(log, log.stateOf(1));
  log.begin(log.stateOf(1), INITIAL);
  let last = 0;
  const append = (): Promise<void> =>
    new Promise((resolve, failed) => {
      last += 1;
      // Its record is the oldest that is needed, until it is moved.
      const hardState = last === 1 ? hardStateOf(1, 1, 0) : undefined;
      const write = writeOf({ hardState, batches: [batchOf(1, last, 'x')] });
      group.write(write, { durable: () => resolve(), failed });
      log.commit();
    });
  for (let round = 1; round <= 60; round += 1) {
    const [first] = [append(), append()];
    await first;
    await append();
    if (round % 5 !== 0) continue;
    const through = (last - 2) as LogIndex;
    const compacted = group.compact(snapshotOf(through, 1), through);
    log.commit();
    await compacted;
  }
  await log.close();
  const again = await open(disk.afterKill());
  assert.equal(again.stateOf(1).shape.lastIndex, 180);
});
