import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { WakeTimer } from './wake-timer.ts';

/** A timer on a clock that only the test moves, and how often it has fired and been set. */
function timerOf(context: TestContext) {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const seen = { now: 0, fired: [] as number[] };
  const timer = new WakeTimer(
    () => seen.now,
    () => seen.fired.push(seen.now),
  );
  const passTo = (time: number) => {
    const step = time - seen.now;
    seen.now = time;
    context.mock.timers.tick(step);
  };
  return { timer, seen, passTo };
}

test('fires once when the deadline has come', (context) => {
  const { timer, seen, passTo } = timerOf(context);
  timer.set(100);
  passTo(99);
  assert.deepEqual(seen.fired, []);
  passTo(101);
  assert.deepEqual(seen.fired, [101]);
  passTo(500);
  assert.deepEqual(seen.fired, [101]);
});

test('a deadline that moved away is waited for, one that came nearer too', (context) => {
  const { timer, seen, passTo } = timerOf(context);
  timer.set(100);
  timer.set(250);
  passTo(100);
  assert.deepEqual(seen.fired, []);
  passTo(250);
  assert.deepEqual(seen.fired, [250]);
  timer.set(1000);
  timer.set(300);
  passTo(300);
  assert.deepEqual(seen.fired, [250, 300]);
});

test('a deadline in the past is due at once, none never, and a stopped timer is silent', (context) => {
  const { timer, seen, passTo } = timerOf(context);
  passTo(50);
  timer.set(10);
  passTo(51);
  assert.deepEqual(seen.fired, [51]);
  timer.set(Infinity);
  passTo(10_000);
  timer.set(10_100);
  timer.stop();
  passTo(20_000);
  assert.deepEqual(seen.fired, [51]);
});
