/**
 * The lab's table, over several seeds. `QUORATE_LAB_SEEDS` multiplies them; `npm run lab` shows the
 * figures.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualTime } from '../virtual-time.ts';
import { LAB_TESTS, labTestsNamed } from './catalog.ts';
import { compareBytes, compareCalls } from './figures.ts';
import { meanOf } from './report.ts';
import { runInVirtualTime } from './run.ts';
import { raftTest } from './test-case.ts';

const factor = Number(process.env.QUORATE_LAB_SEEDS ?? '1');
/** The key-value tests commit thousands of times as much. */
const seedsOf = (part: string): number => factor * (part.startsWith('3') ? 4 : 1);

/** docs/simulation.md says why. */
const ABOVE_THE_FIGURE = ['TestSnapshotInit3D'];

for (const labTest of LAB_TESTS) {
  test(`${labTest.name}, seeds 1 to ${seedsOf(labTest.part)}`, async () => {
    const reports = [];
    for (let seed = 1; seed <= seedsOf(labTest.part); seed++) {
      reports.push(await runInVirtualTime(labTest, seed));
    }
    const mean = meanOf(reports);
    assert.notEqual(compareBytes(labTest.name, mean), 'worse', `${mean.bytes} bytes`);
    if (!/3[ABD]$/.test(labTest.name) || ABOVE_THE_FIGURE.includes(labTest.name)) return;
    assert.notEqual(compareCalls(labTest.name, mean), 'worse', `${mean.calls} calls`);
  });
}

test('the table has the lab’s 28 and 23 tests', () => {
  assert.equal(LAB_TESTS.filter(({ part }) => part.startsWith('3')).length, 28);
  assert.equal(LAB_TESTS.filter(({ part }) => part.startsWith('4')).length, 23);
  assert.equal(new Set(LAB_TESTS.map(({ name }) => name)).size, LAB_TESTS.length);
});

test('the same seed is the same run, another seed is another', async () => {
  for (const name of ['TestUnreliableChurn3C', 'TestSnapshotUnreliableRecover4B']) {
    const [labTest] = labTestsNamed(name);
    const run = (seed: number) => runInVirtualTime(labTest!, seed);
    assert.deepEqual(await run(7), await run(7));
    assert.notDeepEqual(await run(7), await run(8));
  }
});

test('a test that fails says how to see it again, and one that hangs is stopped', async () => {
  const hanging = raftTest('TestHanging3A', { peers: 3 }, (lab) => lab.sleep(121_000));
  await assert.rejects(runInVirtualTime(hanging, 42), (error: Error) => {
    assert.match(error.message, /longer than 120 s/);
    assert.match(error.message, /rerun: npm run lab -- --test TestHanging3A --seed 42$/);
    return true;
  });
});

test('the lab sees two values at one index', async () => {
  const time = new VirtualTime();
  const split = raftTest('TestSplit3B', { peers: 3 }, async (lab) => {
    await lab.agree(1, 3, 'once');
    lab.logs.compare(lab.ids[0]!, 1, 2);
  });
  await assert.rejects(
    time.run(() => split.run(time, 1)),
    /applied 2 and 1 at index 1/,
  );
});
