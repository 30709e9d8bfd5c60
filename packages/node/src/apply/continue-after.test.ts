import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32, EMPTY_PREFIX, extendPrefix, SNAPSHOT_CHUNK_BYTES } from '@quorate/wire';
import { continueAfter } from './continue-after.ts';

const CONTENT = Uint8Array.from({ length: 20 }, (_, at) => at);

function source(cuts: readonly number[]) {
  let opened = 0;
  let closed = 0;
  const open = async function* (): AsyncGenerator<Uint8Array> {
    opened += 1;
    try {
      let from = 0;
      for (const cut of [...cuts, CONTENT.length]) {
        yield CONTENT.subarray(from, cut);
        from = cut;
      }
    } finally {
      closed += 1;
    }
  };
  return { open, counts: () => [opened, closed] };
}

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<number[]> {
  const found: number[] = [];
  for await (const chunk of chunks) found.push(...chunk);
  return found;
}

test('goes on behind any prefix of its own, however the chunks lie, in one reading', async () => {
  for (const cuts of [[], [7], [1, 2, 3, 19], [0, 10, 10]]) {
    for (let held = 0; held <= CONTENT.length; held += 1) {
      const { open, counts } = source(cuts);
      const prefix = extendPrefix(EMPTY_PREFIX, CONTENT.subarray(0, held), crc32);
      const { after, chunks } = await continueAfter(prefix, open);
      assert.deepEqual(after, prefix);
      assert.deepEqual(await bytesOf(chunks), [...CONTENT.subarray(held)]);
      assert.deepEqual(counts(), [1, 1]);
    }
  }
});

test('begins anew behind another’s prefix, or one that is longer than all', async () => {
  const strange = [
    { byteLength: 7, checksum: 1 },
    extendPrefix(EMPTY_PREFIX, new Uint8Array([...CONTENT, 20]), crc32),
  ];
  for (const prefix of strange) {
    const { open, counts } = source([5, 11]);
    const { after, chunks } = await continueAfter(prefix, open);
    assert.deepEqual(after, EMPTY_PREFIX);
    assert.deepEqual(await bytesOf(chunks), [...CONTENT]);
    assert.deepEqual(counts(), [2, 2]);
  }
});

test('a machine’s large pieces are sent in chunks', async () => {
  const piece = new Uint8Array(2.5 * SNAPSHOT_CHUNK_BYTES);
  const open = async function* () {
    yield piece;
  };
  const { chunks } = await continueAfter(EMPTY_PREFIX, open);
  const lengths: number[] = [];
  for await (const chunk of chunks) lengths.push(chunk.length);
  const whole = SNAPSHOT_CHUNK_BYTES;
  assert.deepEqual(lengths, [whole, whole, whole / 2]);
});
