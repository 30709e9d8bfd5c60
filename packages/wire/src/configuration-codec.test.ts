import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configurationBatch, configurationOf, type LogIndex, type Term } from '@quorate/core';
import fc from 'fast-check';
import { configuration } from './arbitraries.test.support.ts';
import { BatchReader, encodeBatch } from './batch-codec.ts';
import { crc32 } from './checksum.ts';
import { configurationAt, configurationSize, putConfiguration } from './configuration-codec.ts';
import { FrameError } from './errors.ts';

function encode(given: Parameters<typeof configurationSize>[0]): Uint8Array {
  const bytes = new Uint8Array(configurationSize(given));
  assert.equal(putConfiguration(bytes, 0, given), bytes.length);
  return bytes;
}

test('a configuration comes back, with what follows it and its addresses', () => {
  fc.assert(
    fc.property(configuration, (given) => {
      const bytes = encode(given);
      assert.deepEqual(configurationAt(bytes, 0, bytes.length), given);
    }),
  );
});

test('one that is cut off anywhere is refused', () => {
  fc.assert(
    fc.property(configuration, (given) => {
      const bytes = encode(given);
      for (let end = 0; end < bytes.length; end++) {
        assert.throws(() => configurationAt(bytes, 0, end), FrameError);
      }
    }),
    { numRuns: 20 },
  );
});

test('without addresses the bytes are those that were always written', () => {
  const bytes = encode(configurationOf([1, 2]));
  assert.deepEqual([...bytes], [2, 0, 0, 0, 0, 0, 0, 0, ...[1, 2].flatMap((id) => [id, ...ZEROS])]);
});

const ZEROS = [0, 0, 0, 0, 0, 0, 0];

test('an address that is no text is refused', () => {
  const given = { ...configurationOf([1]), addresses: [{ id: 1 as never, address: 'a' }] };
  const bytes = encode(given);
  bytes[bytes.length - 1] = 0xff;
  assert.throws(() => configurationAt(bytes, 0, bytes.length), /not UTF-8/);
});

test('a server that waits to be added may say so in a snapshot, but no log entry has no voters', () => {
  const nobody = configurationOf([]);
  const bytes = encode(nobody);
  assert.deepEqual(configurationAt(bytes, 0, bytes.length), nobody);
  const chunks: Uint8Array[] = [];
  encodeBatch(configurationBatch(1 as Term, 1 as LogIndex, nobody), chunks, crc32);
  const start = { offset: 0, leastTerm: 1, nextIndex: 1 };
  assert.throws(() => new BatchReader(chunks[0]!, start, crc32).next(), /without voters/);
});
