/** What can be done to messages besides losing and delaying them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Message, type NodeId, seededRandom, type Term } from '@quorate/core';
import { Network } from './network.ts';
import { calmNetwork } from './network-behaviour.ts';
import { sleep } from './time.ts';
import { VirtualTime } from './virtual-time.ts';

const [ONE, TWO] = [1 as NodeId, 2 as NodeId];

const question = (term: number): Message => ({
  kind: 'requestReadIndex',
  from: ONE,
  to: TWO,
  term: term as Term,
  id: term,
});

/** A network without faults, and what arrives on it, by its term. */
function quietNetwork(time: VirtualTime) {
  const news: string[] = [];
  const network = new Network(time, () => seededRandom(1), calmNetwork(1, 1), {
    arrived: ({ message }) => news.push(`${time.now()}: ${message.term}`) > 0,
    echoed: ({ message }) => news.push(`${time.now()}: echo of ${message.term}`),
    lost: ({ message }) => news.push(`${time.now()}: lost ${message.term}`),
  });
  const say = (term: number) => network.send({ message: question(term), snapshotData: undefined });
  return { network, news, say };
}

test('a cut link that leaks lets one message through, and none once it has been mended', async () => {
  const time = new VirtualTime();
  const { network, news, say } = quietNetwork(time);
  await time.run(async () => {
    network.setLink(ONE, TWO, false);
    network.leak(ONE, TWO);
    for (const term of [1, 2]) say(term);
    await sleep(time, 10);
    network.leak(ONE, TWO);
    network.setLink(ONE, TWO, true);
    network.setLink(ONE, TWO, false);
    say(3);
    await sleep(time, 10);
  });
  assert.deepEqual(news, ['1: 1', '1: lost 2', '11: lost 3']);
});

test('what a clogged link keeps comes when it is mended, and is lost when it is cut', async () => {
  const time = new VirtualTime();
  const { network, news, say } = quietNetwork(time);
  await time.run(async () => {
    network.clog(ONE, TWO);
    for (const term of [1, 2]) say(term);
    await sleep(time, 10);
    network.setLink(ONE, TWO, true);
    say(3);
    await sleep(time, 10);
    network.clog(ONE, TWO);
    say(4);
    network.setLink(ONE, TWO, false);
    await sleep(time, 10);
  });
  assert.deepEqual(news, ['11: 1', '11: 2', '11: 3', '21: lost 4']);
});

test('an echo is the next message of its kind that was not stopped, once more and late', async () => {
  const time = new VirtualTime();
  const { network, news, say } = quietNetwork(time);
  await time.run(async () => {
    network.echo('requestReadIndex', TWO, 5000);
    network.echo('requestVote', TWO, 100);
    network.echo('requestReadIndex', ONE, 100);
    network.setLink(ONE, TWO, false);
    say(1);
    network.setLink(ONE, TWO, true);
    for (const term of [2, 3]) say(term);
    await sleep(time, 10_000);
  });
  assert.deepEqual(news, ['1: lost 1', '1: 2', '1: 3', '5000: echo of 2', '5000: 2']);
});
