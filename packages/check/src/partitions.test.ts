import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectedKeys, type KeySpan } from './partitions.ts';

const partitionsOf = (...inputs: (readonly KeySpan[])[]): string[] =>
  inputs.map(connectedKeys(inputs, (spans) => spans));

test('keys that no operation joins are apart', () => {
  assert.deepEqual(partitionsOf(['a'], ['b'], ['a']), ['a', 'b', 'a']);
});

test('keys are joined through others', () => {
  assert.deepEqual(partitionsOf(['d'], ['c', 'd'], ['b', 'c'], ['e'], ['b', 'a']), [
    'a',
    'a',
    'a',
    'e',
    'a',
  ]);
});

test('a range joins the keys that occur in it, without its end', () => {
  const range = { from: 'b', to: 'd' };
  assert.deepEqual(partitionsOf(['a'], ['b'], ['c'], ['d'], [range]), ['a', 'b', 'b', 'd', 'b']);
});
