/** What goes wrong with one machine: its clock, its process, its disk. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  commandBatch,
  configurationOf,
  type LogIndex,
  type RaftOptions,
  type Term,
  type Write,
} from '@quorate/core';
import { CommandSlab } from '@quorate/wire';
import { Cluster, type Mishap } from './cluster.ts';
import { Disk } from './disk.ts';
import { Gate } from './gate.ts';
import { LocalClock } from './local-clock.ts';
import { calmNetwork } from './network-behaviour.ts';
import { isFlippedBitNoticed, isTornTailNoticed } from './record.ts';
import { StoredLog } from './stored-log.ts';
import { sleep, waitUntil } from './time.ts';
import { VirtualTime } from './virtual-time.ts';

const SLOW_WRITE_MS = 10;

const writeOf = (sequence: number): Write => ({
  sequence,
  hardState: { term: 1 as Term, votedFor: undefined, commitIndex: 0 as LogIndex },
  batches: [
    commandBatch(1 as Term, sequence as LogIndex, CommandSlab.of(new Uint8Array([sequence]))),
  ],
  snapshot: undefined,
});

/** A disk with two writes under way, the news of it, and which of the writes it said were durable. */
function busyDisk(time: VirtualTime, random: () => number = () => 0.5) {
  const stored = new StoredLog(configurationOf([1]));
  const disk = new Disk(time, random, () => SLOW_WRITE_MS, stored);
  const news: string[] = [];
  disk.attach({
    failed: (failure) => news.push(`failed: ${failure}`),
    lostWrites: (count, isTorn) => news.push(`lost ${count}${isTorn ? ', torn' : ''}`),
  });
  const durable: number[] = [];
  const write = (sequence: number) =>
    disk.write(writeOf(sequence), undefined, () => durable.push(sequence));
  write(1);
  write(2);
  return { disk, news, durable, write };
}

test('a clock runs at its rate, jumps, and never goes back', async () => {
  const time = new VirtualTime();
  await time.run(async () => {
    const clock = new LocalClock(time);
    await sleep(time, 100);
    assert.equal(clock.now(), 100);
    clock.set(0.5, 30);
    assert.equal(clock.now(), 130);
    await sleep(time, 100);
    assert.equal(clock.now(), 180);
    assert.equal(clock.trueDelayUntil(200), 40);
    assert.equal(clock.trueDelayUntil(170), 0);
    assert.throws(() => clock.set(1, -1), RangeError);
  });
});

test('what happens to a frozen process waits, and comes in its order', () => {
  const gate = new Gate();
  const seen: number[] = [];
  gate.freeze();
  gate.pass(() => seen.push(1));
  gate.pass(() => {
    gate.pass(() => seen.push(2));
    seen.push(3);
  });
  assert.equal(seen.length, 0);
  gate.thaw(false);
  assert.deepEqual(seen, [1, 2, 3]);
  gate.freeze();
  gate.pass(() => seen.push(4));
  gate.pass(() => seen.push(5), true);
  gate.thaw(true);
  assert.deepEqual(seen, [1, 2, 3, 5, 4], 'its timers first');
  gate.freeze();
  gate.pass(() => seen.push(6));
  gate.close();
  gate.thaw(false);
  assert.equal(seen.at(-1), 4, 'it ended before it thawed');
});

test('a failed sync is told to nobody as a success, and nothing follows it', async () => {
  const time = new VirtualTime();
  await time.run(async () => {
    const { disk, news, durable, write } = busyDisk(time);
    disk.failNext('sync');
    await sleep(time, 5 * SLOW_WRITE_MS);
    assert.deepEqual([news, durable], [['failed: sync'], []]);
    write(3);
    disk.afterWrites(() => durable.push(99));
    await sleep(time, 5 * SLOW_WRITE_MS);
    assert.deepEqual(durable, [], 'a promise after a failure');
    assert.ok(disk.durable.lastIndex <= 2);
  });
});

test('a failed write is lost, and perhaps what was under way before it', async () => {
  const time = new VirtualTime();
  await time.run(async () => {
    const { disk, news, durable, write } = busyDisk(time, () => 0.99);
    disk.failNext('write');
    write(3);
    await sleep(time, 5 * SLOW_WRITE_MS);
    assert.deepEqual([news, durable], [['failed: write'], []]);
    assert.equal(disk.durable.lastIndex, 2);
  });
});

test('a stalled disk makes nothing durable until it goes on', async () => {
  const time = new VirtualTime();
  await time.run(async () => {
    const { disk, durable } = busyDisk(time);
    disk.stall(100);
    await sleep(time, 99);
    assert.deepEqual(durable, []);
    await sleep(time, 100);
    assert.deepEqual(durable, [1, 2]);
  });
});

test('a crash may tear the oldest write that it loses', async () => {
  const time = new VirtualTime();
  await time.run(async () => {
    const { disk, news } = busyDisk(time, () => 0.4);
    disk.crash();
    assert.deepEqual(news, ['lost 1, torn']);
    assert.equal(disk.durable.lastIndex, 1);
    assert.equal(disk.latest.lastIndex, 1);
  });
});

test('a bit that turns is noticed, wherever it is, and so is a record cut anywhere', () => {
  const record = writeOf(7);
  const places = Array.from({ length: 1000 }, (_, at) => at / 1000);
  for (const at of places) {
    assert.ok(isFlippedBitNoticed(record, at), `bit at ${at}`);
    assert.ok(isTornTailNoticed(record, at), `cut at ${at}`);
  }
});

test('a server refuses to start on a rotten disk, and starts when it is repaired', async () => {
  const time = new VirtualTime();
  await time.run(async () => {
    const mishaps: Mishap[] = [];
    const cluster = clusterOf(time, mishaps);
    await sleep(time, 2000);
    const [first] = cluster.ids;
    assert.ok(cluster.disk(first!).flipBit(0, 0.5));
    cluster.crash(first!);
    assert.equal(cluster.start(first!), undefined);
    assert.deepEqual(mishaps, [{ kind: 'refusedToStart', server: first }]);
    cluster.disk(first!).repair();
    assert.ok(cluster.start(first!)?.isRunning);
  });
});

test('what a server was writing ends with it when its disk cannot be read', async () => {
  const time = new VirtualTime();
  await time.run(async () => {
    const mishaps: Mishap[] = [];
    const cluster = clusterOf(time, mishaps, { maxTailBytes: 1 });
    await sleep(time, 2000);
    const leader = cluster.running.find((server) => server.status().role === 'leader')!;
    const follower = cluster.ids.find((id) => id !== leader.id)!;
    cluster.crash(follower);
    for (let count = 0; count < 3; count += 1) {
      leader.start(new Uint8Array(1));
      await sleep(time, 100);
    }
    const disk = cluster.disk(leader.id);
    const position = disk.durable.batches.length - 2;
    assert.ok(disk.flipBit(position / (disk.durable.batches.length + 1), 0.5));
    disk.stall(10_000);
    leader.start(new Uint8Array(1));
    cluster.start(follower);
    assert.ok(await waitUntil(time, () => mishaps.length > 0, 5000, 1));
    assert.deepEqual(disk.latest, disk.durable);
  });
});

test('a frozen leader is replaced, and steps down when it thaws', async () => {
  const time = new VirtualTime();
  await time.run(async () => {
    const cluster = clusterOf(time, []);
    const leading = () => cluster.running.filter((server) => server.status().role === 'leader');
    assert.ok(await waitUntil(time, () => leading().length === 1, 5000, 10));
    const [old] = leading();
    old!.freeze();
    assert.ok(await waitUntil(time, () => leading().length === 2, 10_000, 10));
    assert.equal(old!.status().role, 'leader', 'it knows of nothing');
    old!.thaw();
    await sleep(time, 100);
    assert.equal(old!.status().role, 'follower');
  });
});

function clusterOf(time: VirtualTime, mishaps: Mishap[], options: RaftOptions = {}): Cluster {
  return new Cluster({
    time,
    seed: 1,
    size: 3,
    options,
    network: calmNetwork(0.2, 2),
    makeService: () => ({ apply: () => {}, restore: () => {} }),
    writeDuration: () => 1,
    applyDuration: () => 0,
    keepEntries: 0,
    tellsLoss: false,
    watch: () => {},
    onMishap: (mishap) => mishaps.push(mishap),
  });
}
