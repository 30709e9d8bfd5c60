import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LogIndex } from '@quorate/core';
import { SessionTable } from '@quorate/wire';
import { SessionClock } from './session-clock.ts';

/** A leader with one session of 800 ms, in a time that the test lets pass. */
function setUp(context: TestContext) {
  context.mock.timers.enable({ apis: ['setInterval'] });
  const table = new SessionTable();
  const said: number[] = [];
  const state = { now: 1_000, isLeader: true, isFull: false };
  const open = (index: number, timeoutMs: number) =>
    table.apply(index as LogIndex, { kind: 'open', timeoutMs, maxSessions: 9 });
  const clock = new SessionClock({
    now: () => state.now,
    isLeader: () => state.isLeader,
    table: () => table,
    say: (elapsedMs) => {
      if (!state.isFull) said.push(elapsedMs);
      return !state.isFull;
    },
  });
  const pass = (milliseconds: number) => {
    state.now += milliseconds;
    context.mock.timers.tick(milliseconds);
  };
  open(1, 800);
  clock.check();
  context.after(() => clock.stop());
  return { clock, table, said, state, open, pass };
}

test('a leader says how long it has led, as often as the shortest timeout needs', (context) => {
  const { clock, said, open, pass } = setUp(context);
  pass(100);
  pass(100);
  assert.deepEqual(said, [100, 100]);
  open(2, 80);
  clock.check();
  pass(10);
  assert.deepEqual(said, [100, 100, 10]);
});

test('what could not be said is said later, in one word', (context) => {
  const { said, state, pass } = setUp(context);
  state.isFull = true;
  pass(100);
  pass(100);
  state.isFull = false;
  pass(100);
  assert.deepEqual(said, [300]);
});

test('only time in the lead counts, and only while there are sessions', (context) => {
  const { clock, table, said, state, open, pass } = setUp(context);
  pass(100);
  state.isLeader = false;
  clock.check();
  pass(5_000);
  state.isLeader = true;
  clock.check();
  pass(100);
  table.apply(3 as LogIndex, { kind: 'close', session: 1 });
  clock.check();
  pass(5_000);
  open(4, 800);
  clock.check();
  pass(100);
  assert.deepEqual(said, [100, 100, 100]);
});
