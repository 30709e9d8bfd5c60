import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import type { NodeId } from '@quorate/core';
import { freeAddress } from '../cluster.test.support.ts';
import { LogBook } from '../log-book.test.support.ts';
import { PeerLink } from './peer-link.ts';
import type { Receiver } from './transport.ts';

test('who is connected does not dial: the peer has called while the next attempt was waited for', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
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
  const ignore = () => {};
  const link = new PeerLink(
    {
      self: { clusterId: 7, id: 1 as NodeId, known: { incarnation: 0, isSame: async () => true } },
      peer: 2 as NodeId,
      address: await freeAddress(),
      electionTimeoutMs: 1_000,
      maxFrameBytes: 1_000,
      maxQueuedBytes: 1_000,
      now: () => 0,
      receiver: { connected: ignore, unreachable: ignore } as unknown as Receiver,
      log: book.write,
    },
    false,
  );
  context.after(() => link.close());
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
