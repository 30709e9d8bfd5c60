import assert from 'node:assert/strict';
import fs from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { nodeFileSystem, writeAll, writeAllSync } from './file-system.ts';

async function withPath(work: (path: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'quorate-file-'));
  try {
    await work(join(directory, 'file'));
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Pieces of odd lengths that together make `length` bytes, each of them another value. */
function piecesOf(length: number): Uint8Array[] {
  const whole = Uint8Array.from({ length }, (_, at) => (at * 31) >> 3);
  return [whole.subarray(0, 24), whole.subarray(24, 301), whole.subarray(301)];
}

const EDGE = Uint8Array.of(0xee);

const KINDS = {
  aligned: { length: 4_096, position: 512 },
  'longer than what is written at once': { length: 2_621_440, position: 512 },
  'of an odd length': { length: 4_097, position: 512 },
  'at an odd position': { length: 4_096, position: 7 },
};

for (const [kind, { length, position }] of Object.entries(KINDS)) {
  test(`a write ${kind} is read back, and what lies beside it is as it was`, () =>
    withPath(async (path) => {
      const file = await nodeFileSystem.open(path, 'durable');
      await writeAll(file, [new Uint8Array(3_145_728).fill(0xee)], 0);
      const pieces = piecesOf(length);
      for (const write of [writeAll, writeAllSync]) {
        await write(file, pieces, position);
        const found = new Uint8Array(length + 2);
        await file.read(found, position - 1);
        assert.deepEqual(Buffer.from(found), Buffer.concat([EDGE, ...pieces, EDGE]));
      }
      await file.close();
    }));
}

test('where the disk refuses direct writes, they go through the page cache', (context) =>
  withPath(async (path) => {
    const file = await nodeFileSystem.open(path, 'durable');
    const refuse = (): never => {
      throw Object.assign(new Error('EINVAL: simulated'), { code: 'EINVAL' });
    };
    const direct = context.mock.method(fs, 'writeSync', refuse);
    const whole = Buffer.concat(piecesOf(1_024));
    for (const position of [0, 1_024]) writeAllSync(file, [whole], position);
    assert.equal(direct.mock.callCount(), 1, 'the disk is asked once');
    const found = new Uint8Array(2_048);
    await file.read(found, 0);
    assert.deepEqual(Buffer.from(found), Buffer.concat([whole, whole]));
    await file.close();
  }));

test("any other failure of a direct write is the disk's own", (context) =>
  withPath(async (path) => {
    const file = await nodeFileSystem.open(path, 'durable');
    context.mock.method(fs, 'writeSync', (): never => {
      throw Object.assign(new Error('EIO: simulated'), { code: 'EIO' });
    });
    assert.throws(() => writeAllSync(file, [new Uint8Array(512)], 0), { code: 'EIO' });
    await file.close();
  }));
