import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scheduler, type TurnTaker } from './scheduler.ts';

const nextRound = () => new Promise((resolve) => setImmediate(resolve));

function taker(name: string, done: string[], during = () => {}): TurnTaker {
  return {
    deadline: Infinity,
    placedAt: Infinity,
    isQueued: false,
    mayWait: true,
    timeIsDue: () => done.push(`${name} is due`),
    takeTurn: () => {
      done.push(name);
      during();
    },
    endTurn: () => done.push(`end ${name}`),
  };
}

test('all turns of a round come before what they leave to be sent, once for all', async () => {
  const done: string[] = [];
  const scheduler = new Scheduler(
    () => 0,
    () => done.push('send'),
  );
  const b = taker('b', done);
  const a = taker('a', done, () => scheduler.wake(b));
  scheduler.wake(a);
  scheduler.wake(a);
  await nextRound();
  assert.deepEqual(done, ['a', 'send', 'end a'], 'who is woken waits for the next round');
  await nextRound();
  assert.deepEqual(done.slice(3), ['b', 'send', 'end b']);
});

test('a long round is cut, and nobody is forgotten or served twice', async () => {
  const done: string[] = [];
  let time = 0;
  const scheduler = new Scheduler(() => time);
  const takers = Array.from({ length: 10 }, (_, at) =>
    taker(String(at), done, () => {
      time += 4;
    }),
  );
  for (const each of takers) scheduler.wake(each);
  await nextRound();
  assert.ok(done.length < 20, 'the round ends before all have had their turn');
  while (done.length < 20) await nextRound();
  const turns = done.filter((what) => !what.startsWith('end'));
  assert.deepEqual(turns, ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
});

test('whose time has come waits behind those who have something to hear, but never all of them', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const done: string[] = [];
  let time = 0;
  const scheduler = new Scheduler(() => time);
  for (let at = 0; at < 1_000; at++) {
    const sleeper = { ...taker('due', done), deadline: 100 };
    sleeper.takeTurn = () => {
      done.push('due');
      if (time === 100) sleeper.deadline = Infinity;
    };
    scheduler.wake(sleeper);
  }
  await nextRound();
  time = 100;
  const turnsWhile = async (others: number): Promise<number> => {
    done.length = 0;
    for (let at = 0; at < others; at++) scheduler.wake(taker('other', done));
    context.mock.timers.tick(100);
    await nextRound();
    return done.filter((what) => what === 'due').length;
  };
  const alone = await turnsWhile(0);
  assert.ok(alone > 100 && alone < 1_000, `${alone} of 1000`);
  const behindOthers = await turnsWhile(800);
  assert.ok(behindOthers > 0 && behindOthers < alone, `${behindOthers} behind 800 others`);
});

test('a leader’s time is not held back behind elections that are: its followers would begin more', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const done: string[] = [];
  let time = 0;
  const scheduler = new Scheduler(() => time);
  const sleepers = Array.from({ length: 1_000 }, () => ({
    ...taker('voter', done),
    deadline: 100,
  }));
  const leader = { ...taker('leader', done), mayWait: false, deadline: 100 };
  for (const each of [...sleepers, leader]) scheduler.wake(each);
  await nextRound();
  done.length = 0;
  for (let at = 0; at < 800; at++) scheduler.wake(taker('other', done));
  time = 100;
  context.mock.timers.tick(100);
  await nextRound();
  const counts = ['voter', 'leader'].map((name) => done.filter((what) => what === name).length);
  assert.deepEqual(counts, [16, 1]);
});

test('who waits for room and has heard of a leader meanwhile is left in peace until its new time', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const done: string[] = [];
  let time = 0;
  const scheduler = new Scheduler(() => time);
  const sleepers = Array.from({ length: 600 }, (_, at) => ({
    ...taker(String(at), done),
    deadline: 100,
  }));
  for (const each of sleepers) scheduler.wake(each);
  await nextRound();
  done.length = 0;
  time = 100;
  context.mock.timers.tick(100);
  for (const each of sleepers) each.deadline = 200;
  await nextRound();
  const due = () => done.splice(0).filter((what) => what.endsWith('due')).length;
  const admitted = due();
  assert.ok(admitted > 0 && admitted < 600, `${admitted} of 600`);
  for (let rounds = 0; rounds < 10; rounds++) await nextRound();
  assert.equal(due(), 0);
  time = 200;
  context.mock.timers.tick(100);
  for (let rounds = 0; rounds < 10; rounds++) await nextRound();
  assert.equal(due(), 600);
});

test('one timer wakes whoever is due; who was forgotten is not woken', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const done: string[] = [];
  let time = 0;
  const scheduler = new Scheduler(() => time);
  const at = (deadline: number) => ({ ...taker(`at ${deadline}`, done), deadline });
  const [early, late, gone] = [at(100), at(200), at(100)];
  for (const each of [early, late, gone]) scheduler.wake(each as TurnTaker);
  await nextRound();
  scheduler.forget(gone as TurnTaker);
  done.length = 0;
  time = 100;
  context.mock.timers.tick(100);
  await nextRound();
  assert.deepEqual(done, ['at 100 is due', 'at 100', 'end at 100']);
});
