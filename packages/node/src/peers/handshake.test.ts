/** A connection that ends while it is looked up on the disk who is at its other end. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import type { NodeId } from '@quorate/core';
import { encodeHandshake, encodeHandshakeReply, PROTOCOL_VERSION } from '@quorate/wire';
import { freeAddress } from '../cluster.test.support.ts';
import { accept, dial, type PeerIdentity } from './handshake.ts';
import { ONLY_GROUP } from './transport.ts';

const [ONE, TWO] = [1, 2] as NodeId[] as [NodeId, NodeId];
const ERRAND = { purpose: 'messages', group: ONLY_GROUP } as const;
const WORDS = { version: PROTOCOL_VERSION, clusterId: 7, incarnation: 5 } as const;

function awaited<Value = void>() {
  let resolve!: (value: Value) => void;
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Its disk is asked about the peer at `asked`, and says that it is the same one at `answer`. */
function withSlowDisk(id: NodeId) {
  const asked = awaited();
  const answered = awaited<boolean>();
  const isSame = () => {
    asked.resolve();
    return answered.promise;
  };
  const self: PeerIdentity = { clusterId: 7, id, known: { incarnation: 5, isSame } };
  return { self, asked: asked.promise, answer: () => answered.resolve(true) };
}

async function listen(context: TestContext, onSocket: (socket: Socket) => void) {
  const address = await freeAddress();
  const server = createServer(onSocket).listen(address.port, address.host);
  context.after(() => server.close());
  await once(server, 'listening');
  return address;
}

test('a caller that has run out of time has no connection, though its peer is the right one', async (context) => {
  const { self, asked, answer } = withSlowDisk(ONE);
  const closed = awaited();
  const address = await listen(context, (socket) => {
    socket.on('error', () => {}).on('close', () => closed.resolve());
    const reply = { ...WORDS, from: TWO, verdict: 'accepted' } as const;
    socket.once('data', () => socket.write(encodeHandshakeReply(reply, crc32)));
  });
  const { signal } = new AbortController();
  const dialled = dial(address, self, TWO, ERRAND, { timeoutMs: 100, signal });
  const refused = assert.rejects(dialled, /no answer within 100 ms/);
  await asked;
  await closed.promise;
  answer();
  await refused;
});

test('a caller that has gone meanwhile is not accepted', async (context) => {
  const { self, asked, answer } = withSlowDisk(TWO);
  const accepted = awaited<Socket>();
  const address = await listen(context, accepted.resolve);
  const caller = connect(address).on('error', () => {});
  caller.write(encodeHandshake({ ...WORDS, from: ONE, to: TWO, ...ERRAND }, crc32));
  const socket = await accepted.promise;
  const refused = assert.rejects(
    accept(socket, self, () => 'accepted'),
    { code: 'ECONNRESET' },
  );
  await asked;
  caller.resetAndDestroy();
  await once(socket, 'close').catch(() => {});
  answer();
  await refused;
});
