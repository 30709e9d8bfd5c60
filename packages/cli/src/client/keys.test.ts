import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesForJson, keyRange } from './keys.ts';

const rows: readonly (readonly [string, string, 'one' | 'prefix' | 'from', string, string])[] = [
  ['one key', 'a', 'one', '61', ''],
  ['a prefix ends where its last byte is one more', 'ab', 'prefix', '6162', '6163'],
  ['an empty prefix is every key', '', 'prefix', '00', '00'],
  ['from a key on', 'b', 'from', '62', '00'],
  ['from nothing on is every key', '', 'from', '00', '00'],
  ['an empty key stays empty, for the server to refuse', '', 'one', '', ''],
];

for (const [name, key, selection, first, end] of rows) {
  test(`key range: ${name}`, () => {
    const range = keyRange(key, selection);
    assert.equal(Buffer.from(range.key).toString('hex'), first);
    assert.equal(Buffer.from(range.rangeEnd).toString('hex'), end);
  });
}

test('bytes that are text are text in JSON, others are base64 and marked', () => {
  assert.equal(bytesForJson(Buffer.from('Zürich')), 'Zürich');
  assert.deepEqual(bytesForJson(Uint8Array.of(0xff, 0x00)), { base64: '/wA=' });
});
