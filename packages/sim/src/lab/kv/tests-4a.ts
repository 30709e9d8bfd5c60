/** 4A: a key-value service without snapshots. */

import { together, waitUntil } from '../../time.ts';
import { expect } from '../failure.ts';
import type { LabTest } from '../test-case.ts';
import { generalTest, keyValueTest } from './general.ts';
import type { KeyValueLab } from './key-value-lab.ts';

const unreliable = { peers: 5, isUnreliable: true } as const;

export const TESTS_4A: readonly LabTest[] = [
  generalTest('TestBasic4A', { peers: 5 }, { clients: 1 }),
  keyValueTest('TestSpeed4A', { peers: 3 }, speed),
  generalTest('TestConcurrent4A', { peers: 5 }, { clients: 5 }),
  generalTest('TestUnreliable4A', unreliable, { clients: 5 }),
  keyValueTest('TestUnreliableOneKey4A', { peers: 3, isUnreliable: true }, oneKey),
  keyValueTest('TestOnePartition4A', { peers: 5 }, onePartition),
  generalTest('TestManyPartitionsOneClient4A', { peers: 5 }, { clients: 1, hasPartitions: true }),
  generalTest('TestManyPartitionsManyClients4A', { peers: 5 }, { clients: 5, hasPartitions: true }),
  generalTest('TestPersistOneClient4A', { peers: 5 }, { clients: 1, hasRestarts: true }),
  generalTest('TestPersistConcurrent4A', { peers: 5 }, { clients: 5, hasRestarts: true }),
  generalTest('TestPersistConcurrentUnreliable4A', unreliable, { clients: 5, hasRestarts: true }),
  generalTest(
    'TestPersistPartition4A',
    { peers: 5 },
    { clients: 5, hasPartitions: true, hasRestarts: true },
  ),
  generalTest('TestPersistPartitionUnreliable4A', unreliable, {
    clients: 5,
    hasPartitions: true,
    hasRestarts: true,
  }),
  generalTest(
    'TestPersistPartitionUnreliableLinearizable4A',
    { peers: 7, isUnreliable: true },
    { clients: 15, hasPartitions: true, hasRestarts: true, hasRandomKeys: true },
  ),
];

const OPERATIONS = 1000;
const HEARTBEAT_MS = 100;
const OPERATIONS_PER_HEARTBEAT = 3;

/** A thousand appends one after the other, faster than three for each heartbeat. */
export async function speed(lab: KeyValueLab): Promise<void> {
  const client = lab.client();
  await client.get('x');
  const startedAt = lab.time.now();
  let expected = '';
  for (let count = 0; count < OPERATIONS; count++) {
    const word = `x 0 ${count} y`;
    await client.append('x', word);
    expected += word;
  }
  const meanMs = (lab.time.now() - startedAt) / OPERATIONS;
  expect((await client.get('x')) === expected, 'appends are missing or out of order');
  const limitMs = HEARTBEAT_MS / OPERATIONS_PER_HEARTBEAT;
  expect(meanMs <= limitMs, `${meanMs.toFixed(1)} ms for an append, the limit is ${limitMs}`);
}

/** Five clients append ten words each to one key. */
async function oneKey(lab: KeyValueLab): Promise<void> {
  await lab.client().put('k', '');
  const clients = Array.from({ length: 5 }, () => lab.client());
  await together(
    lab.time,
    clients.map((client) => async () => {
      for (let count = 0; count < 10; count++)
        await client.append('k', `x ${client.id} ${count} y`);
    }),
  );
  const value = await lab.client().get('k');
  for (const { id } of clients) {
    const words = value.match(new RegExp(`x ${id} \\d+ y`, 'g')) ?? [];
    const expected = Array.from({ length: 10 }, (_, count) => `x ${id} ${count} y`);
    expect(words.join() === expected.join(), `client ${id} finds ${words.join()}`);
  }
}

/** The leader is in the minority: it must not finish anything, and nothing it was asked is lost. */
async function onePartition(lab: KeyValueLab): Promise<void> {
  const { time } = lab;
  await lab.client().put('1', '13');
  const { majority, minority } = await lab.aroundLeader();
  lab.cluster.partition(majority, minority);
  const inMajority = lab.client(majority);
  await inMajority.put('1', '14');
  expect((await inMajority.get('1')) === '14', 'the majority reads its own write');

  const [putter, getter] = [lab.client(minority), lab.client(minority)];
  const done = { put: false, get: false };
  const putting = time.spawn(async () => {
    await putter.put('1', '15');
    done.put = true;
  });
  const getting = time.spawn(async () => {
    await getter.get('1');
    done.get = true;
  });
  await lab.sleep(1000);
  expect(!done.put && !done.get, 'the minority finished an operation');
  expect((await inMajority.get('1')) === '14', 'the majority still reads its own write');
  await inMajority.put('1', '16');
  expect((await inMajority.get('1')) === '16', 'the majority goes on');

  lab.cluster.heal();
  putter.reach(lab.ids);
  getter.reach(lab.ids);
  // The lab waits for the get no longer than for the put; here both must end.
  const isDone = await waitUntil(time, () => done.put && done.get, 3000, 20);
  expect(isDone, 'an operation of the minority did not finish within 3 s of the heal');
  await putting.join();
  await getting.join();
  expect((await lab.client().get('1')) === '15', 'the put of the minority came last and wins');
}
