import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Throttle } from './throttle.ts';

test('all who take share the rate, first come first served', () => {
  const throttle = new Throttle(1_000, () => 5_000);
  // A tenth of a second's worth may leave at once; what comes on top waits for its turn.
  const waits = [100, 500, 250, 1].map((bytes) => throttle.reserve(bytes));
  assert.deepEqual(waits, [-100, 0, 500, 750]);
});

test('a pause saves up no more than a tenth of a second', () => {
  let now = 0;
  const throttle = new Throttle(1_000, () => now);
  throttle.reserve(1_000);
  now = 60_000;
  assert.deepEqual(
    [throttle.reserve(100), throttle.reserve(200), throttle.reserve(1)],
    [-100, 0, 200],
  );
});

test('without a limit nobody waits, and who gives up waits no longer', async () => {
  const free = new Throttle(0, () => 0);
  for (let taken = 0; taken < 10; taken += 1) assert.equal(free.reserve(1e9), 0);
  const slow = new Throttle(1, () => 0);
  slow.reserve(1e6);
  await assert.rejects(slow.take(1, AbortSignal.abort()), { name: 'AbortError' });
});
