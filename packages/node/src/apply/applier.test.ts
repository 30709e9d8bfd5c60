import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Batch, commandBatch, type LogIndex, noopBatch, type Term } from '@quorate/core';
import { CommandSlab } from '@quorate/wire';
import { bytes, text } from '../cluster.test.support.ts';
import type { StateMachine } from '../state-machine.ts';
import { Applier } from './applier.ts';

type Apply = StateMachine<string>['apply'];

const commands = (firstIndex: number, ...names: readonly string[]): Batch =>
  commandBatch(1 as Term, firstIndex as LogIndex, CommandSlab.of(...names.map(bytes)));
const noop = (index: number): Batch => noopBatch(1 as Term, index as LogIndex);
const nextRound = () => new Promise((resolve) => setImmediate(resolve));

const echo: Apply = (batches) => batches.flatMap((batch) => [...batch].map(text));

/** An applier and what its observer has heard. `now` is a clock that each look advances. */
function setUp(apply: Apply, msPerLook = 0, pauseEvery = 100_000) {
  const heard: string[] = [];
  let time = 0;
  const machine: StateMachine<string> = {
    apply,
    open: () => Promise.resolve(0 as LogIndex),
    async *snapshot() {},
    async restore(index) {
      heard.push(`restore ${index}`);
    },
  };
  const applier = new Applier<string>({
    machine,
    observer: {
      applied: ({ firstIndex, lastIndex }, results, from) => {
        const own = results.slice(from, from + lastIndex - firstIndex + 1);
        heard.push(`${firstIndex}-${lastIndex} ${own.join()}`);
      },
      reached: (index) => heard.push(`at ${index}`),
      restored: ({ index }) => heard.push(`restored ${index}`),
      failed: (error) => heard.push(`failed ${(error as Error).message}`),
    },
    openSnapshot: async function* () {},
    now: () => {
      time += msPerLook;
      return time;
    },
    appliedIndex: 0 as LogIndex,
    pauseEvery,
  });
  return { applier, heard };
}

test('results belong to their entries, and entries without commands have none', () => {
  const { applier, heard } = setUp(echo);
  applier.enqueue([noop(1), commands(2, 'a', 'b'), noop(4), commands(5, 'c')]);
  applier.run();
  assert.deepEqual(heard, ['1-1 ', '2-3 a,b', '4-4 ', '5-5 c', 'at 5']);
});

test('a long queue is worked off in portions, and others get their turn', async () => {
  const { applier, heard } = setUp((batches) => echo(batches), 10);
  const names = Array.from({ length: 600 }, (_, at) => `${at}`);
  applier.enqueue([commands(1, ...names)]);
  applier.run();
  const ends = () => heard.filter((line) => line.startsWith('at'));
  assert.deepEqual(ends(), ['at 256']);
  while (!applier.isIdle) {
    const before = ends().length;
    await nextRound();
    assert.ok(ends().length <= before + 1);
  }
  assert.deepEqual(ends(), ['at 256', 'at 512', 'at 600']);
  assert.ok(heard.includes(`513-600 ${names.slice(512).join()}`));
});

test('no portion crosses a place for a snapshot', () => {
  const { applier, heard } = setUp(echo, 0, 4);
  applier.enqueue([
    commands(1, 'a', 'b', 'c'),
    commands(4, 'd', 'e'),
    commands(6, 'f', 'g', 'h', 'i'),
  ]);
  applier.run();
  const ends = heard.filter((line) => line.startsWith('at'));
  assert.deepEqual(ends, ['at 4', 'at 8', 'at 9']);
});

test('one call at a time: what comes during it waits, and so does a snapshot', async () => {
  let finish = (_results: readonly string[]): void => {};
  const apply: Apply = () =>
    new Promise((resolve) => {
      finish = resolve;
    });
  const { applier, heard } = setUp(apply);
  applier.enqueue([commands(1, 'a')]);
  applier.run();
  applier.restore({ index: 9 as LogIndex } as never);
  applier.run();
  const between = applier.betweenCalls();
  await nextRound();
  assert.deepEqual(heard, []);
  finish(['a']);
  await between;
  assert.deepEqual(heard, ['1-1 a', 'at 1']);
  await nextRound();
  await applier.betweenCalls();
  assert.deepEqual(heard, ['1-1 a', 'at 1', 'restore 9', 'restored 9']);
  assert.equal(applier.appliedIndex, 9);
});

test('a machine that throws, rejects or miscounts is never called again', async () => {
  const bad: readonly Apply[] = [
    () => {
      throw new Error('bad');
    },
    () => Promise.reject(new Error('bad')),
    () => [],
  ];
  for (const apply of bad) {
    let calls = 0;
    const { applier, heard } = setUp((batches) => {
      calls += 1;
      return apply(batches);
    });
    applier.enqueue([commands(1, 'a')]);
    applier.run();
    await applier.betweenCalls();
    applier.enqueue([commands(2, 'b')]);
    applier.run();
    await nextRound();
    assert.equal(calls, 1);
    assert.match(heard.join(), /^failed (bad|apply answered 0 results for 1 commands)$/);
    assert.equal(applier.appliedIndex, 0);
  }
});
