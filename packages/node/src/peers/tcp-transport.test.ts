import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import type { NodeId } from '@quorate/core';
import { encodeHandshake, encodeHandshakeReply, PROTOCOL_VERSION } from '@quorate/wire';
import type { PeerAddress } from '../api.ts';
import {
  bytes,
  FAST,
  freeAddress,
  TestCluster,
  temporaryDirectory,
} from '../cluster.test.support.ts';
import { LogBook } from '../log-book.test.support.ts';

/** A cluster over sockets on free ports. */
async function overTcp(context: TestContext, size: number) {
  const peers: Record<number, PeerAddress> = {};
  for (let id = 1; id <= size; id++) peers[id] = await freeAddress();
  const book = new LogBook();
  const cluster = new TestCluster(context, size, { peers, log: book.write });
  return { cluster, peers, book };
}

function addressOf(peers: Record<number, PeerAddress>, id: number): PeerAddress {
  return peers[id] as PeerAddress;
}

test('three nodes agree over TCP, and one that was closed comes back with its log', async (context) => {
  const { cluster } = await overTcp(context, 3);
  const directories = await Promise.all([1, 2, 3].map(() => temporaryDirectory(context)));
  const open = (id: number) => cluster.open(id, { directory: directories[id - 1] });
  for (const id of [1, 2, 3]) await open(id);
  const leader = await cluster.leader();
  assert.equal(await leader.propose(bytes('a')), 1);
  const follower = await cluster.follower();
  const { id } = follower.status();
  await cluster.shut(follower);
  assert.equal(await leader.propose(bytes('b')), 2);

  const returned = await open(id);
  assert.deepEqual(await cluster.listOf(returned), ['a', 'b']);
  assert.equal(returned.status().connectedPeers.length, 2);
});

test('a port in use is an error that names it', async (context) => {
  const { cluster, peers } = await overTcp(context, 1);
  const { host, port } = addressOf(peers, 1);
  const other = createServer().listen(port, host);
  await once(other, 'listening');
  context.after(() => other.close());
  await assert.rejects(cluster.open(1), {
    code: 'RAFT_ADDRESS_IN_USE',
    message: new RegExp(`127.0.0.1:${port}; stop it`),
  });
});

test('a peer of another cluster is refused, and both say why', async (context) => {
  const { cluster, book } = await overTcp(context, 2);
  await cluster.open(1);
  await cluster.open(2, { clusterId: 8 });
  await book.find(/refused a connection .*clusters differ: ours 8, server 1's 7/);
  await book.find(/peer cannot be reached .*clusters differ: ours 7, server 2's 8/);
  assert.equal(cluster.node(1).status().leaderId, undefined);
});

test('callers who speak otherwise are cut off, and the node goes on', async (context) => {
  const { cluster, peers, book } = await overTcp(context, 3);
  await cluster.openAll();
  const address = addressOf(peers, 1);

  const answer = await talk(address, bytes('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
  assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
  assert.match(answer, /not for clients/);
  assert.equal(await talk(address, new Uint8Array(100).fill(0xee)), '');
  assert.equal(await talk(address, bytes('\x16\x03\x01\x02\x00\x01\x00\x01')), '');
  await book.find(/refused a connection .*HTTP/);

  const leader = await cluster.leader();
  assert.equal(await leader.propose(bytes('a')), 1);
});

test('a wrong address and another version are refused; a stranger of the cluster is noted', async (context) => {
  const { cluster, peers, book } = await overTcp(context, 3);
  await cluster.open(1);
  const handshake = {
    version: PROTOCOL_VERSION,
    clusterId: 7,
    from: 2 as NodeId,
    to: 1 as NodeId,
    purpose: 'messages',
    group: 0,
    incarnation: 0,
  } as const;
  const address = addressOf(peers, 1);
  const say = (words: object) => talk(address, encodeHandshake({ ...handshake, ...words }, crc32));
  const stranger = connect(address);
  stranger.write(encodeHandshake({ ...handshake, from: 9 as NodeId }, crc32));
  await book.find(/not known here .*"peer":9/);
  stranger.destroy();
  await book.find(/peer disconnected .*"peer":9/);
  await say({ to: 3 });
  await book.find(/refused .*another one listens there/);
  await say({ version: PROTOCOL_VERSION + 1 });
  await book.find(/protocol versions differ/);
  assert.deepEqual(cluster.node(1).status().connectedPeers, []);
});

test('a frame over the limit closes the connection and nothing else', async (context) => {
  const { cluster, peers, book } = await overTcp(context, 3);
  await cluster.open(2);
  await cluster.open(3);
  const socket = connect(addressOf(peers, 2));
  context.after(() => socket.destroy());
  const handshake = {
    version: PROTOCOL_VERSION,
    clusterId: 7,
    from: 1 as NodeId,
    to: 2 as NodeId,
    purpose: 'messages',
    group: 0,
    incarnation: 0,
  } as const;
  socket.write(encodeHandshake(handshake, crc32));
  await once(socket, 'data');
  const announcement = new Uint8Array(8).fill(0xff);
  socket.write(announcement);
  await closed(socket);
  // An append of a mebibyte, a command of one and a half, and a mebibyte.
  await book.find(/peer disconnected .*exceeds the limit of 3670016/);
  const leader = await cluster.leader();
  assert.equal(await leader.propose(bytes('a')), 1);
});

test('a connection over which nothing comes back is given up', async (context) => {
  const { cluster, peers, book } = await overTcp(context, 2);
  const { host, port } = addressOf(peers, 2);
  const reply = {
    version: PROTOCOL_VERSION,
    clusterId: 7,
    from: 2 as NodeId,
    incarnation: 0,
  } as const;
  const mute = createServer((socket) => {
    socket.on('error', () => {}).resume();
    socket.write(encodeHandshakeReply({ ...reply, verdict: 'accepted' }, crc32));
  }).listen(port, host);
  await once(mute, 'listening');
  await cluster.open(1);
  await book.find(/peer connected/);
  await book.find(/peer disconnected .*silent for 1\d\d\d ms/);
  await cluster.close();
  mute.close();
});

test('messages that find no room in the queue are lost, and made good later', async (context) => {
  const raft = { ...FAST, maxInflightBytes: 4096 };
  const { cluster } = await overTcp(context, 3);
  await cluster.openAll({ raft });
  const leader = await cluster.leader();
  const command = new Uint8Array(100_000);
  const proposed = Array.from({ length: 50 }, () => leader.propose(command));
  await Promise.all(proposed);
  for (const node of cluster.nodes.values()) {
    assert.equal((await cluster.listOf(node)).length, 50);
  }
});

/** Says something and answers all that comes back until the other side hangs up. */
async function talk(address: PeerAddress, words: Uint8Array): Promise<string> {
  const socket = connect(address);
  const answer: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => answer.push(chunk)).on('error', () => {});
  socket.write(words);
  await closed(socket);
  return Buffer.concat(answer).toString('latin1');
}

async function closed(socket: Socket): Promise<void> {
  socket.on('error', () => {});
  if (!socket.closed) await once(socket, 'close');
}
