/** 4B: a key-value service with snapshots. */

import { expect } from '../failure.ts';
import type { LabTest } from '../test-case.ts';
import { expectBoundedState, generalTest, keyValueTest } from './general.ts';
import type { KeyValueLab } from './key-value-lab.ts';
import { speed } from './tests-4a.ts';

const STATE_LIMIT = 1000;
const MAX_SNAPSHOT_BYTES = 500;
const five = { peers: 5, stateLimit: STATE_LIMIT } as const;
const unreliable = { ...five, isUnreliable: true } as const;

export const TESTS_4B: readonly LabTest[] = [
  keyValueTest('TestSnapshotRPC4B', { peers: 3, stateLimit: STATE_LIMIT }, awayDuringSnapshots),
  keyValueTest('TestSnapshotSize4B', { peers: 3, stateLimit: STATE_LIMIT }, smallSnapshots),
  keyValueTest('TestSpeed4B', { peers: 3, stateLimit: STATE_LIMIT }, speed),
  generalTest('TestSnapshotRecover4B', five, { clients: 1, hasRestarts: true }),
  generalTest('TestSnapshotRecoverManyClients4B', five, { clients: 20, hasRestarts: true }),
  generalTest('TestSnapshotUnreliable4B', unreliable, { clients: 5 }),
  generalTest('TestSnapshotUnreliableRecover4B', unreliable, { clients: 5, hasRestarts: true }),
  generalTest('TestSnapshotUnreliableRecoverConcurrentPartition4B', unreliable, {
    clients: 5,
    hasPartitions: true,
    hasRestarts: true,
  }),
  generalTest(
    'TestSnapshotUnreliableRecoverConcurrentPartitionLinearizable4B',
    { ...unreliable, peers: 7 },
    { clients: 15, hasPartitions: true, hasRestarts: true, hasRandomKeys: true },
  ),
];

/** A server that was away needs the snapshot before it can help to form a majority. */
async function awayDuringSnapshots(lab: KeyValueLab): Promise<void> {
  const [first, second, away] = lab.ids;
  await lab.client().put('a', 'A');
  lab.cluster.partition([first!, second!], [away!]);
  const client = lab.client([first!, second!]);
  for (let count = 0; count < 50; count++) await client.put(String(count), String(count));
  await lab.sleep(1000);
  await client.put('b', 'B');
  expectBoundedState(lab);

  lab.cluster.partition([first!, away!], [second!]);
  const other = lab.client([first!, away!]);
  await other.put('c', 'C');
  await other.put('d', 'D');
  expect((await other.get('a')) === 'A', 'a is lost');
  expect((await other.get('b')) === 'B', 'b is lost');
  expect((await other.get('1')) === '1', '1 is lost');
  expect((await other.get('49')) === '49', '49 is lost');

  lab.cluster.heal();
  await other.put('e', 'E');
  for (const [key, value] of [
    ['c', 'C'],
    ['e', 'E'],
    ['1', '1'],
  ] as const) {
    expect((await lab.client().get(key)) === value, `${key} is lost`);
  }
}

/** Two hundred rounds with one key: neither log nor snapshot may grow. */
async function smallSnapshots(lab: KeyValueLab): Promise<void> {
  const client = lab.client();
  for (let round = 0; round < 200; round++) {
    for (const value of ['0', '1']) {
      await client.put('x', value);
      expect((await client.get('x')) === value, `x is not ${value}`);
    }
  }
  expectBoundedState(lab);
  const size = lab.largestSnapshot();
  expect(
    size <= MAX_SNAPSHOT_BYTES,
    `snapshot of ${size} bytes, the limit is ${MAX_SNAPSHOT_BYTES}`,
  );
}
