import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import type { Message, NodeId, Term } from '@quorate/core';
import { CommandSlab, encodeHandshake, encodeMessage, PROTOCOL_VERSION } from '@quorate/wire';
import { freeAddress } from '../cluster.test.support.ts';
import { LogBook } from '../log-book.test.support.ts';
import { Scheduler } from '../loop/scheduler.ts';
import { TcpTransport } from './tcp-transport.ts';
import type { Receiver } from './transport.ts';

const MIB = 1_048_576;
const MAX_CALLERS = 1_024;

/** Server 1 at its port, which server 2 may call; what it is told goes to `received`. */
async function listening(context: TestContext, received: Receiver['received'] = () => {}) {
  const listen = await freeAddress();
  const book = new LogBook();
  const transport = new TcpTransport({
    self: { clusterId: 7, id: 1 as NodeId, known: { incarnation: 0, isSame: async () => true } },
    listen,
    electionTimeoutMs: 60_000,
    maxFrameBytes: MIB,
    maxQueuedBytes: MIB,
    now: () => 0,
    log: book.write,
  });
  const ignore = () => {};
  await transport.open({
    received,
    heard: ignore,
    connected: ignore,
    unreachable: ignore,
    overflowing: ignore,
    removed: ignore,
    receivedSnapshot: () => Promise.resolve(),
  });
  const addresses = new Map([[2 as NodeId, undefined]]);
  transport.setPeers({ addresses, removed: [], areStrangersWelcome: false });
  context.after(() => transport.close());
  const call = async (): Promise<Socket> => {
    const socket = connect(listen);
    context.after(() => socket.destroy());
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  };
  return { book, call };
}

const closed = (socket: Socket) => socket.closed || once(socket, 'close');
const nextRound = () => new Promise((resolve) => setImmediate(resolve));

test('who does not say within 5 seconds who it is, is cut off', async (context) => {
  const { call, book } = await listening(context);
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const welcomed = new Promise<void>((resolve) => {
    const look = () => resolve();
    subscribe('net.server.socket', look);
    context.after(() => unsubscribe('net.server.socket', look));
  });
  const caller = await call();
  await welcomed;
  context.mock.timers.tick(4_999);
  await nextRound();
  await nextRound();
  assert.equal(book.lines.length, 0);
  context.mock.timers.tick(1);
  await closed(caller);
  await book.find(/refused a connection .*it did not say who it is/);
});

test(`after ${MAX_CALLERS} callers nobody is let in until one has gone`, async (context) => {
  const { call } = await listening(context);
  const callers: Socket[] = [];
  // A few at a time: the kernel too lets only so many wait at the door.
  while (callers.length < MAX_CALLERS) {
    callers.push(...(await Promise.all(Array.from({ length: 64 }, call))));
  }
  await closed(await call());
  const [first, ...others] = callers as [Socket, ...Socket[]];
  first.write('GET / HTTP/1.1\r\n\r\n');
  const [answer] = await once(first, 'data');
  assert.match(String(answer), /^HTTP\/1\.1 400/, 'those who came before are heard');
  await closed(first);
  const next = await call();
  next.write('GET / HTTP/1.1\r\n\r\n');
  assert.match(String((await once(next, 'data'))[0]), /^HTTP\/1\.1 400/);
  assert.ok(others.every((caller) => !caller.closed));
});

test('a turn has no more in its inbox than one round of the event loop reads from a socket', async (context) => {
  const messages = 1_000;
  const ends = { from: 2 as NodeId, to: 1 as NodeId };
  const payload = CommandSlab.of(new Uint8Array(60_000));
  const message: Message = { kind: 'forwardProposal', ...ends, term: 1 as Term, id: 1, payload };
  const frame = Buffer.concat([...encodeMessage(message, crc32)]);
  /** Messages at the beginning of each turn. */
  const inboxes: number[] = [];
  let inbox = 0;
  let left = messages;
  let done = () => {};
  const scheduler = new Scheduler(() => performance.now());
  const server = {
    deadline: Infinity,
    timeIsDue: () => {},
    takeTurn: () => {
      inboxes.push(inbox);
      left -= inbox;
      inbox = 0;
      if (left === 0) done();
    },
    endTurn: () => {},
    isQueued: false,
    mayWait: true,
    placedAt: Infinity,
  };
  const { call } = await listening(context, () => {
    inbox += 1;
    scheduler.wake(server);
  });
  const caller = await call();
  const hello = { version: PROTOCOL_VERSION, clusterId: 7, group: 0, incarnation: 0 } as const;
  caller.write(encodeHandshake({ ...hello, ...ends, purpose: 'messages' }, crc32));
  await once(caller, 'data');
  const all = new Promise<void>((resolve) => {
    done = resolve;
  });
  for (let sent = 0; sent < messages; sent += 1) caller.write(frame);
  await all;
  // libuv reads a socket 32 times in a round, 64 KiB each.
  const most = Math.max(...inboxes) * frame.length;
  assert.ok(most <= 2 * MIB + frame.length, `${most} bytes at once`);
  assert.ok(inboxes.length > 20, `${inboxes.length} turns`);
});
