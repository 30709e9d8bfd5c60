import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@quorate/core';
import { Deadlines } from './deadlines.ts';

class Sleeper {
  deadline = Infinity;
  placedAt = Infinity;
}

test('those that are due come out in order, each once', () => {
  const random = seededRandom(3);
  const deadlines = new Deadlines<Sleeper>();
  const sleepers = Array.from({ length: 500 }, () => new Sleeper());
  for (const sleeper of sleepers) {
    sleeper.deadline = random() * 1000;
    deadlines.update(sleeper);
  }
  const woken: Sleeper[] = [];
  while (deadlines.next < Infinity) woken.push(...deadlines.takeDue(deadlines.next));
  assert.deepEqual(
    woken.map(({ deadline }) => deadline),
    sleepers.map(({ deadline }) => deadline).sort((a, b) => a - b),
  );
  assert.ok(deadlines.isEmpty);
});

test('a deadline that moved away is waited for, one that came nearer too', () => {
  const deadlines = new Deadlines<Sleeper>();
  const [away, near, never, gone] = [new Sleeper(), new Sleeper(), new Sleeper(), new Sleeper()];
  const all = [away, near, never, gone] as Sleeper[];
  for (const sleeper of all) {
    sleeper.deadline = 100;
    deadlines.update(sleeper);
  }
  const moved: [Sleeper, number][] = [
    [away as Sleeper, 300],
    [near as Sleeper, 50],
    [never as Sleeper, Infinity],
  ];
  for (const [sleeper, deadline] of moved) {
    sleeper.deadline = deadline;
    deadlines.update(sleeper);
  }
  deadlines.remove(gone as Sleeper);
  assert.equal(deadlines.next, 50);
  assert.deepEqual(deadlines.takeDue(50), [near]);
  assert.deepEqual(deadlines.takeDue(299), []);
  assert.equal(deadlines.next, 300);
  assert.deepEqual(deadlines.takeDue(300), [away]);
  assert.equal(deadlines.next, Infinity);
});

test('when all are gone nothing is waited for', () => {
  const deadlines = new Deadlines<Sleeper>();
  const sleeper = new Sleeper();
  sleeper.deadline = 60_000;
  deadlines.update(sleeper);
  deadlines.remove(sleeper);
  assert.equal(deadlines.next, Infinity);
});
