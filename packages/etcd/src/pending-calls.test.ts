import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { PendingCalls } from './pending-calls.ts';

const never = new Promise<never>(() => {});

/** The clock of the calls and their timers, moved by hand. */
function mockTime(context: TestContext) {
  let now = 0;
  context.mock.timers.enable({ apis: ['setTimeout'] });
  context.mock.method(performance, 'now', () => now);
  return (milliseconds: number) => {
    now += milliseconds;
    context.mock.timers.tick(milliseconds);
  };
}

test('a call ends with its result', async () => {
  const calls = new PendingCalls(1000);
  assert.equal(await calls.wait(Promise.resolve(7), never as never), 7);
  await assert.rejects(
    calls.wait(Promise.reject(new Error('no')), () => 'too late'),
    /no/,
  );
});

test('each call has the whole time, counted from its own start', async (context) => {
  const pass = mockTime(context);
  const calls = new PendingCalls(1000);
  const ended: string[] = [];
  const call = (name: string) =>
    calls.wait(never, () => name).catch((reason: string) => ended.push(reason));
  const first = call('first');
  pass(600);
  const second = call('second');
  pass(399);
  await Promise.resolve();
  assert.deepEqual(ended, []);
  pass(1);
  await first;
  assert.deepEqual(ended, ['first']);
  pass(600);
  await second;
  assert.deepEqual(ended, ['first', 'second']);
});

test('a call that is done no longer keeps time', async (context) => {
  const pass = mockTime(context);
  const calls = new PendingCalls(1000);
  let asked = 0;
  await calls.wait(Promise.resolve(), () => asked++);
  pass(5000);
  assert.equal(asked, 0);
});

test('settled waits for the last call, and not for ever', async (context) => {
  const pass = mockTime(context);
  const calls = new PendingCalls(10_000);
  await calls.settled(1);
  let finish = (): void => {};
  const call = calls.wait(
    new Promise<void>((resolve) => {
      finish = resolve;
    }),
    () => 'too late',
  );
  const settled = calls.settled(5000);
  finish();
  await call;
  await settled;

  const stuck = calls.wait(never, () => 'too late').catch((reason: string) => reason);
  const givenUp = calls.settled(5000);
  pass(5000);
  await givenUp;
  calls.failAll('stopped');
  assert.equal(await stuck, 'stopped');
});
