import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LmdbStore } from './lmdb-store.ts';
import { StoreDamagedError } from './store-failed-error.ts';

/** A store with so many rows that its trees have several pages, and its file. */
async function aStore(t: TestContext): Promise<{ directory: string; path: string; file: Buffer }> {
  const directory = mkdtempSync(join(tmpdir(), 'lmdb-file-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  for (let generation = 0; generation < 3; generation++) {
    const store = LmdbStore.open(directory);
    store.transact((writer) => {
      for (let i = 0; i < 500; i++)
        writer.put(Buffer.from(`key ${i}`), Buffer.alloc(50, generation));
    });
    await store.close();
  }
  const path = join(directory, 'data.mdb');
  return { directory, path, file: readFileSync(path) };
}

test('a file that is not what LMDB wrote is refused, with its name and a remedy', async (t) => {
  const { directory, path, file } = await aStore(t);
  const page = file.readUInt32LE(0x30);
  const noSecond = new RegExp(`byte ${page} begins no page`);
  const damages: readonly [string, Uint8Array, RegExp][] = [
    ['a garbled head', Buffer.from(file).fill(0x5a, 0, 100), /byte 0 begins no page/],
    ['zeros', Buffer.alloc(file.length), /byte 0 begins no page/],
    ['a garbled second page', Buffer.from(file).fill(0x5a, page, 2 * page), noSecond],
    ['one byte', file.subarray(0, 1), /byte 0 begins no page/],
    ['one page', file.subarray(0, page), noSecond],
    ['two pages', file.subarray(0, 2 * page), /was cut off: it has \d+ bytes of at least \d+;/],
  ];
  for (const [what, bytes, says] of damages) {
    writeFileSync(path, bytes);
    for (const open of [LmdbStore.open, LmdbStore.openReadOnly]) {
      const refusal = (error: unknown) =>
        error instanceof StoreDamagedError &&
        says.test(error.message) &&
        error.message.startsWith(path) &&
        error.message.includes('restore it');
      assert.throws(() => open(directory), refusal, what);
    }
    assert.deepEqual(readFileSync(path), Buffer.from(bytes), 'nothing was changed');
  }
  writeFileSync(path, file);
  const store = LmdbStore.open(directory);
  assert.equal(store.get(Buffer.from('key 7'))?.[0], 2);
  await store.close();
});

test('a file that cannot be opened is refused as the file system says', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'lmdb-file-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  // Nobody may write it, root neither.
  mkdirSync(join(directory, 'lock.mdb'));
  assert.throws(() => LmdbStore.open(directory), { code: 'EISDIR' });
});
