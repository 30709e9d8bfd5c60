import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandError } from '../failure.ts';
import { parseEndpoints } from './endpoints.ts';

test('endpoints with and without a scheme, with commas between', () => {
  assert.deepEqual(parseEndpoints('127.0.0.1:2379, http://localhost:22379/,[::1]:1'), [
    '127.0.0.1:2379',
    'localhost:22379',
    '[::1]:1',
  ]);
});

for (const text of ['', 'localhost', 'localhost:', 'a:70000', 'ftp://a:1', 'a:1,,b:2', 'a b:1']) {
  test(`'${text}' is no list of endpoints`, () => {
    assert.throws(
      () => parseEndpoints(text),
      (error) => error instanceof CommandError && error.code === 'QUORATE_USAGE',
    );
  });
}

test('TLS is refused, not ignored', () => {
  assert.throws(
    () => parseEndpoints('https://a:1'),
    (error) => error instanceof CommandError && error.code === 'QUORATE_UNSUPPORTED',
  );
});
