import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { NodeId } from '@quorate/core';
import { HostWatch } from './host-watch.ts';

const PEERS = [2, 3] as NodeId[];

/** A watch on a clock that only the test moves: beats every 100, patience 300. */
function setUp(context: TestContext) {
  context.mock.timers.enable({ apis: ['setInterval'] });
  const seen: string[] = [];
  const time = { now: 0 };
  const watch = new HostWatch({
    peers: PEERS,
    transport: { say: (to, word) => seen.push(`${word.kind} to ${to}`), flush: () => {} },
    intervalMs: 100,
    timeoutMs: 300,
    now: () => time.now,
    log: () => {},
    onGone: (peer) => seen.push(`${peer} is gone`),
    onBack: (peer) => seen.push(`${peer} is back`),
  });
  watch.start();
  /** Lets this much time pass in one piece, with one beat at its end, before which this is read. */
  const pass = async (ms: number, read = () => {}) => {
    time.now += ms;
    context.mock.timers.tick(100);
    read();
    await new Promise((resolve) => setImmediate(resolve));
    return seen.splice(0).filter((what) => !what.startsWith('hostBeat'));
  };
  const passSilently = async (beats: number) => {
    const heard: string[] = [];
    while (beats-- > 0) heard.push(...(await pass(100)));
    return heard;
  };
  return { watch, seen, time, pass, passSilently };
}

test('one beat to each host in an interval, whatever there is to tell', async (context) => {
  const { seen, watch, pass } = setUp(context);
  await pass(100);
  context.mock.timers.tick(100);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(seen, ['hostBeat to 2', 'hostBeat to 3']);
  watch.stop();
});

test('a host is back with its first word, and gone when it has been silent for long enough', async (context) => {
  const { watch, pass, passSilently, seen } = setUp(context);
  assert.ok(!watch.isGone(2 as NodeId), 'nobody knows yet');
  assert.deepEqual(await passSilently(4), ['2 is gone', '3 is gone'], 'was never there');
  assert.ok(watch.isGone(2 as NodeId));
  watch.heard(PEERS[0] as NodeId);
  assert.deepEqual(seen.splice(0), ['2 is back']);
  assert.ok(!watch.isGone(2 as NodeId));
  assert.deepEqual(await passSilently(3), []);
  assert.deepEqual(await pass(100), ['2 is gone']);
  assert.deepEqual(await pass(100), [], 'said once');
  watch.heard(PEERS[0] as NodeId);
  assert.deepEqual(await pass(100), ['2 is back']);
});

test('a lost connection is a loss at once; a new one in place of an old one too', async (context) => {
  const { watch, pass } = setUp(context);
  watch.connected(PEERS[0] as NodeId);
  assert.deepEqual(await pass(100), ['2 is back']);
  watch.connected(PEERS[0] as NodeId);
  watch.lost(PEERS[0] as NodeId);
  watch.lost(PEERS[0] as NodeId);
  assert.deepEqual(await pass(100), ['2 is gone', '2 is back', '2 is gone']);
});

test('a process that stood still does not take that for the silence of others', async (context) => {
  const { watch, pass } = setUp(context);
  watch.heard(PEERS[0] as NodeId);
  await pass(100);
  watch.heard(PEERS[1] as NodeId);
  assert.deepEqual(await pass(60_000), ['3 is back']);
  assert.deepEqual(await pass(100), ['2 is gone'], 'but its own waiting goes on');
});

test('after a pause of this process everybody is read before anybody is judged', async (context) => {
  const { watch, pass, passSilently } = setUp(context);
  const [peer] = PEERS as [NodeId];
  assert.deepEqual(await pass(100, () => watch.heard(peer)), ['2 is back']);
  assert.deepEqual(await passSilently(2), ['3 is gone']);
  assert.deepEqual(await pass(1_000, () => watch.heard(peer)), [], 'the word of 2 was there');
});

test('what came in a pause between reading and judging is not taken for silence', async (context) => {
  const { watch, pass, time } = setUp(context);
  const [peer] = PEERS as [NodeId];
  const standStill = () => {
    time.now += 1_000;
  };
  await pass(100, () => watch.heard(peer));
  assert.deepEqual(await pass(100), []);
  assert.deepEqual(await pass(100, standStill), ['3 is gone'], 'and not 2, silent for 200');
  watch.heard(peer);
  const hearThenStandStill = () => {
    watch.heard(peer);
    standStill();
  };
  assert.deepEqual(await pass(0, hearThenStandStill), []);
  assert.deepEqual(await pass(100), []);
  assert.deepEqual(await pass(100), [], 'silent for 200 since it was heard');
  assert.deepEqual(await pass(100), ['2 is gone']);
});

test('who is busy all the time between reading and judging misses a dead host all the same', async (context) => {
  const { watch, pass, time } = setUp(context);
  await pass(100, () => watch.heard(PEERS[0] as NodeId));
  const news: string[] = [];
  for (let rounds = 0; rounds < 3; rounds++) {
    const busy = () => {
      time.now += 500;
    };
    news.push(...(await pass(0, busy)));
  }
  assert.ok(news.includes('2 is gone'), news.join());
});
