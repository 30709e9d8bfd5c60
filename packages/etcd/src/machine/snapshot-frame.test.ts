import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KvSnapshot } from '@quorate/kv';
import { joinSnapshot, splitSnapshot } from './snapshot-frame.ts';

const members = Uint8Array.of(1, 2, 3, 4, 5);
const store = Uint8Array.of(9, 8, 7, 6);

function snapshot(): { kv: KvSnapshot; isClosed: () => boolean } {
  let isClosed = false;
  const kv = { chunks: () => [store], close: () => (isClosed = true) } as unknown as KvSnapshot;
  return { kv, isClosed: () => isClosed };
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const concatenated = async (chunks: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
};

for (const size of [1, 3, 4, 5, 9, 100]) {
  test(`a snapshot cut into pieces of ${size} is put together again`, async () => {
    const { kv, isClosed } = snapshot();
    const bytes = await concatenated(joinSnapshot(members, kv));
    assert.ok(isClosed());
    const split = await splitSnapshot(inPieces(bytes, size));
    assert.deepEqual(Buffer.from(split.members), Buffer.from(members));
    assert.deepEqual(await concatenated(split.rest), Buffer.from(store));
  });
}

test('a snapshot that nobody reads to its end is closed all the same', async () => {
  const { kv, isClosed } = snapshot();
  for await (const _ of joinSnapshot(members, kv)) break;
  assert.ok(isClosed());
});

test('a snapshot cut short within its head is refused', async () => {
  const bytes = await concatenated(joinSnapshot(members, snapshot().kv));
  for (const length of [0, 3, 4, 8]) {
    await assert.rejects(splitSnapshot(inPieces(bytes.subarray(0, length), 2)), /ends within/);
  }
});
