import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep, together, waitUntil } from './time.ts';
import { VirtualTime } from './virtual-time.ts';

test('events happen by time, and of two at one time the first scheduled first', async () => {
  const time = new VirtualTime();
  const seen: string[] = [];
  await time.run(async () => {
    time.after(20, () => seen.push('d'));
    time.after(10, () => seen.push('b'));
    time.after(10, () => seen.push('c'));
    time.after(10, () => seen.push('never')).cancel();
    time.after(0, () => seen.push('a'));
    await sleep(time, 30);
  });
  assert.equal(seen.join(''), 'abcd');
  assert.equal(time.now(), 30);
});

test('tasks take turns at their waits, and time stands still while one runs', async () => {
  const time = new VirtualTime();
  const seen: string[] = [];
  const walker = (name: string, stepMs: number) => async () => {
    for (let step = 1; step <= 3; step++) {
      await sleep(time, stepMs);
      for (let turn = 0; turn < 50; turn++) await Promise.resolve();
      seen.push(`${name}${time.now()}`);
    }
    return name;
  };
  const names = await time.run(() => together(time, [walker('a', 10), walker('b', 15)]));
  assert.deepEqual(names, ['a', 'b']);
  assert.deepEqual(seen, ['a10', 'b15', 'a20', 'b30', 'a30', 'b45']);
});

test('waitUntil answers whether the condition came true in time', async () => {
  const time = new VirtualTime();
  await time.run(async () => {
    assert.equal(await waitUntil(time, () => time.now() >= 50, 100, 10), true);
    assert.equal(time.now(), 50);
    assert.equal(await waitUntil(time, () => false, 100, 30), false);
  });
});

test('a failure in an event or in a task that nobody waits for ends the run', async () => {
  const boom = () => {
    throw new Error('boom');
  };
  const inEvent = new VirtualTime();
  await assert.rejects(
    inEvent.run(async () => {
      inEvent.after(5, boom);
      await sleep(inEvent, 10);
    }),
    /boom/,
  );
  const inTask = new VirtualTime();
  await assert.rejects(
    inTask.run(async () => {
      inTask.spawn(async () => boom());
      await sleep(inTask, 10);
    }),
    /boom/,
  );
});

test('a run that cannot go on says so', async () => {
  const stuck = new VirtualTime();
  await assert.rejects(
    stuck.run(() => stuck.block(() => {})),
    /nothing is going to happen/,
  );
  const double = new VirtualTime();
  await assert.rejects(
    double.run(() => Promise.all([sleep(double, 1), sleep(double, 2)])),
    /two things at once/,
  );
});

test('who passes time stands at its end, after all that was due by then, or sooner if that is enough', async () => {
  const time = new VirtualTime();
  const seen: string[] = [];
  await time.run(async () => {
    time.after(10, () => {
      seen.push('a');
      time.after(0, () => seen.push('what follows'));
    });
    time.after(10.5, () => seen.push('later'));
    time.after(30, () => seen.push('b'));
    time.after(40, () => seen.push('c'));
    await time.pass(10);
    assert.deepEqual(seen, ['a', 'what follows']);
    assert.equal(time.now(), 10);
    await time.pass(100, () => seen.includes('b'));
    assert.equal(time.now(), 30);
    await time.pass(100);
    assert.equal(seen.at(-1), 'c');
    assert.equal(time.now(), 100);
  });
});
