import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from './backoff.ts';

test('waits double up to a cap, are spread, and begin anew after a success', () => {
  const backoff = new Backoff(10, 250);
  for (const whole of [10, 20, 40, 80, 160, 250, 250]) {
    const wait = backoff.next();
    assert.ok(wait >= whole / 2 && wait <= whole, `${wait} of ${whole}`);
  }
  backoff.reset();
  assert.ok(backoff.next() <= 10);
});
