import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { batchOf, DIRECTORY, durable, openLog, writeOf } from './log.test.support.ts';
import { segmentName } from './log-format.ts';
import { MemoryFileSystem } from './memory-file-system.test.support.ts';

test('large records do not wait for a filled file, unless space is short; the last of it is not filled', async (context) => {
  // However slow the disk of this machine is: nobody looks again whether there is space.
  context.mock.timers.enable({ apis: ['setTimeout'] });
  for (const [free, prepared] of [
    [Infinity, 1_048_576],
    [12_000_000, 4_194_304],
    // What is left is not for the log.
    [4_194_304, undefined],
  ] as const) {
    const disk = new MemoryFileSystem();
    disk.free = free;
    const { log } = await openLog(disk, { segmentBytes: 67_108_864 });
    const commands = 'x'.repeat(20_000);
    // The first file holds 1 MiB and the second 2: 2.4 MiB make the third be prepared.
    for (let record = 0; record < 18; record += 1) {
      const firstIndex = 1 + record * commands.length;
      await durable(log, writeOf({ batches: [batchOf(1, firstIndex, commands)] }));
      await nextTurn();
    }
    await log.close();
    assert.equal(
      disk.files.get(`${DIRECTORY}/${segmentName(3)}`)?.bytes.length,
      prepared,
      `with ${free} bytes free`,
    );
  }
});
