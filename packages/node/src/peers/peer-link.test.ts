import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import type { NodeId } from '@quorate/core';
import { encodeHostMessage } from '@quorate/wire';
import { freeAddress } from '../cluster.test.support.ts';
import { LogBook } from '../log-book.test.support.ts';
import { PeerLink } from './peer-link.ts';
import type { Receiver } from './transport.ts';

/** A link that finds nobody at its address, and the two ends of a connection that may become its own. */
async function setUp(context: TestContext, receiver: Partial<Receiver> = {}) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const caller = connect(port, '127.0.0.1');
  const [socket] = (await once(server, 'connection')) as [Socket];
  context.after(() => {
    caller.destroy();
    server.close();
  });

  const book = new LogBook();
  const time = { now: 0 };
  const ignore = () => {};
  const link = new PeerLink(
    {
      self: { clusterId: 7, id: 1 as NodeId, known: { incarnation: 0, isSame: async () => true } },
      peer: 2 as NodeId,
      address: await freeAddress(),
      electionTimeoutMs: 1_000,
      maxFrameBytes: 1_000,
      maxQueuedBytes: 1_000,
      now: () => time.now,
      receiver: { connected: ignore, unreachable: ignore, ...receiver } as unknown as Receiver,
      log: book.write,
    },
    false,
  );
  context.after(() => link.close());
  return { link, book, time, caller, socket };
}

test('who is connected does not dial: the peer has called while the next attempt was waited for', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { link, book, caller, socket } = await setUp(context);
  await book.find(/cannot be reached/);

  let dials = 0;
  const count = () => {
    dials += 1;
  };
  subscribe('net.client.socket', count);
  context.after(() => unsubscribe('net.client.socket', count));
  link.attach(socket, new Uint8Array());
  context.mock.timers.tick(60_000);
  assert.equal(dials, 0);

  caller.destroy();
  await book.find(/peer disconnected/);
  context.mock.timers.tick(60_000);
  assert.equal(dials, 1);
});

test('a connection is given up after looks in vain; a machine that stood still has not looked', async (context) => {
  let heard = () => {};
  const { link, book, time, caller, socket } = await setUp(context, { heard: () => heard() });
  link.attach(socket, new Uint8Array());
  const beat = { kind: 'hostBeat', count: 1 } as const;
  const speak = () => {
    link.say(beat);
    link.flush();
  };
  link.checkSilence();
  link.checkSilence();
  link.checkSilence();
  assert.ok(!socket.destroyed, 'nobody spoke to it');
  speak();
  link.checkSilence();
  time.now += 60_000;
  link.checkSilence();
  assert.ok(!socket.destroyed, 'after a pause');
  const answered = new Promise<void>((resolve) => {
    heard = resolve;
  });
  caller.write(encodeHostMessage(beat, crc32));
  await answered;
  speak();
  link.checkSilence();
  link.checkSilence();
  assert.ok(!socket.destroyed, 'it has answered before');
  link.checkSilence();
  await book.find(/peer disconnected .*silent for 2000 ms/);
});
