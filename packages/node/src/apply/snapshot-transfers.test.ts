import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SNAPSHOT_CHUNK_BYTES } from '@quorate/wire';
import type { PeerAddress } from '../api.ts';
import {
  bytes,
  FAST,
  freeAddress,
  type ListMachine,
  type Overrides,
  TestCluster,
  temporaryDirectory,
  text,
  until,
} from '../cluster.test.support.ts';
import { LogBook } from '../log-book.test.support.ts';
import { SnapshotRelay } from '../peers/snapshot-relay.test.support.ts';
import type { RaftNode } from '../raft-node.ts';
import { DiskSnapshotStore } from '../storage/disk-snapshots.ts';
import { MemoryFileSystem, systemError } from '../storage/memory-file-system.test.support.ts';
import { memoryStorage } from '../storage/memory-storage.ts';
import { inMemoryMachine } from './in-memory-machine.ts';

const CHUNK = SNAPSHOT_CHUNK_BYTES;
/** With the leader's no-op they make `snapshotEntries`. */
const COMMANDS = Array.from({ length: 29 }, (_, at) => `${at} `.padEnd(60_000, 'x'));
/** The state as an `inMemoryMachine` encodes it. */
const SIZE = JSON.stringify(COMMANDS).length;
/** Handshakes, descriptions and a piece of a chunk for each connection. */
const slack = (connections: number): number => connections * 2_000;

/**
 * Servers over TCP of which the last comes late: its state is in a snapshot then, and the way to it
 * leads through a relay.
 */
async function lateFollower(context: TestContext, size: number, common: Overrides = {}) {
  const peers: Record<number, PeerAddress> = {};
  for (let id = 1; id <= size; id++) peers[id] = await freeAddress();
  const listen = peers[size] as PeerAddress;
  const relay = await SnapshotRelay.before(listen, context);
  const book = new LogBook();
  const cluster = new TestCluster(context, size, {
    peers: { ...peers, [size]: relay.address },
    log: book.write,
    snapshotEntries: COMMANDS.length + 1,
    keepEntries: 0,
    raft: { electionTimeoutMs: 600, heartbeatIntervalMs: 30 },
    ...common,
  });
  const openLate = (overrides: Overrides = {}) => cluster.open(size, { listen, ...overrides });
  const fill = async (): Promise<RaftNode<number>> => {
    const leader = await cluster.leader();
    for (const command of COMMANDS) await leader.propose(bytes(command), { forward: true });
    for (const node of cluster.nodes.values()) {
      await until(() => node.status().firstIndex > COMMANDS.length + 1);
    }
    return leader;
  };
  return { cluster, relay, book, openLate, fill, listen };
}

async function openFirst(cluster: TestCluster, count: number, overrides: Overrides = {}) {
  for (let id = 1; id <= count; id++) await cluster.open(id, overrides);
}

const countLines = (book: LogBook, message: string): number =>
  book.lines.filter((line) => line.message === message).length;

test('a transfer that is cut at every chunk goes on where it was', async (context) => {
  const { cluster, relay, openLate, fill } = await lateFollower(context, 3);
  await openFirst(cluster, 2);
  await fill();
  // The handshake, the description, one chunk, and a little of the next.
  relay.always = { cutAfter: CHUNK + 1_000 };
  const late = await openLate();
  assert.deepEqual(await cluster.listOf(late), COMMANDS);
  assert.ok(relay.connections > SIZE / CHUNK, `${relay.connections} connections`);
  const { bytes: sent, connections } = relay;
  assert.ok(sent < SIZE + slack(connections), `${sent} bytes in ${connections} for ${SIZE}`);
});

test('a bit that flips on the wire is found, said, and costs a chunk or two', async (context) => {
  const { cluster, relay, book, openLate, fill } = await lateFollower(context, 3);
  await openFirst(cluster, 2);
  await fill();
  relay.mishaps.push({ flipAt: 5 * CHUNK, cutAfter: 7 * CHUNK });
  const late = await openLate();
  assert.deepEqual(await cluster.listOf(late), COMMANDS);
  await book.find(/a snapshot was not received .*the checksum of a snapshot frame does not match/);
  assert.equal(relay.connections, 2);
  assert.ok(relay.bytes < SIZE + 4 * CHUNK, `${relay.bytes} bytes for ${SIZE}`);
});

/** The same state, encoded by each server in its own way. */
const signedMachine = (id: number): ListMachine =>
  inMemoryMachine<readonly string[], number>({
    initial: () => [],
    apply: (list, command) => ({ state: [...list, text(command)], result: list.length + 1 }),
    encode: (list) => bytes(JSON.stringify({ by: id, list })),
    decode: (encoded) => JSON.parse(text(encoded)).list,
  });

test('another leader goes on if its snapshot is the same, and begins anew if it is not', async (context) => {
  for (const isSame of [true, false]) {
    const { cluster, relay, book, openLate, fill } = await lateFollower(context, 5);
    const machines = new Map<number, ListMachine>();
    const own = (id: number): Overrides => {
      if (isSame) return {};
      machines.set(id, signedMachine(id));
      return { machine: machines.get(id) as ListMachine };
    };
    for (const id of [1, 2, 3, 4]) await cluster.open(id, own(id));
    const old = await fill();
    relay.mishaps.push({ cutAfter: 6 * CHUNK });
    const late = await openLate(own(5));
    await book.find(/sending a snapshot/);
    relay.isShut = true;
    await book.find(/a snapshot was not received .*ended early/);
    await cluster.shut(old);
    const next = await cluster.leader();
    assert.notEqual(next, old);
    relay.isShut = false;
    await late.read();
    const list = machines.get(5)?.state ?? cluster.machines.get(5)?.state;
    assert.deepEqual(list, COMMANDS);
    const most = isSame ? SIZE + 2 * CHUNK : SIZE + 8 * CHUNK;
    assert.ok(relay.bytes < most, `${relay.bytes} bytes for ${SIZE}`);
    if (!isSame) assert.ok(relay.bytes > SIZE + 5 * CHUNK, `${relay.bytes} bytes for ${SIZE}`);
    await cluster.close();
  }
});

test('a snapshot that is replaced while it is sent is sent to its end, and the log behind it is there', async (context) => {
  const { cluster, relay, book, openLate, fill } = await lateFollower(context, 3);
  await openFirst(cluster, 2);
  const leader = await fill();
  relay.mishaps.push({ holdAfter: 4 * CHUNK });
  const late = await openLate();
  await relay.held;
  const more = Array.from({ length: 3 * (COMMANDS.length + 1) }, (_, at) => `more ${at}`);
  await Promise.all(more.map((command) => leader.propose(bytes(command), { forward: true })));
  await until(() => leader.status().snapshotIndex > 2 * COMMANDS.length);
  relay.release();
  assert.deepEqual(await cluster.listOf(late), [...COMMANDS, ...more]);
  assert.equal(countLines(book, 'sending a snapshot'), 1);
});

test('a bit that flips on the follower’s disk is found, and what is before it is kept', async (context) => {
  const { cluster, relay, book, openLate, fill } = await lateFollower(context, 3);
  await openFirst(cluster, 2);
  await fill();
  const directory = await temporaryDirectory(context);
  relay.mishaps.push({ cutAfter: 8 * CHUNK });
  const late = await openLate({ directory });
  await book.find(/sending a snapshot/);
  relay.isShut = true;
  await book.find(/a snapshot was not received .*ended early/);
  await flipByte(join(directory, 'snapshots'), '.part', 4 * CHUNK);
  relay.isShut = false;
  assert.deepEqual(await cluster.listOf(late), COMMANDS);
  assert.ok(relay.bytes < SIZE + 6 * CHUNK, `${relay.bytes} bytes for ${SIZE}`);
  await cluster.close();
});

test('a bit that flips on the leader’s disk is said, and another snapshot is taken', async (context) => {
  const { cluster, book, openLate, fill } = await lateFollower(context, 3);
  const directories = [await temporaryDirectory(context), await temporaryDirectory(context)];
  for (const id of [1, 2]) await cluster.open(id, { directory: directories[id - 1] });
  const leader = await fill();
  const directory = directories[leader.status().id - 1] as string;
  await flipByte(join(directory, 'snapshots'), '.snapshot', 3 * CHUNK);
  const late = await openLate();
  assert.deepEqual(await cluster.listOf(late), COMMANDS);
  await book.find(/a snapshot was not delivered .*is damaged: the checksum/);
  await cluster.close();
});

test('a follower whose disk is full keeps nothing of a snapshot, and takes it when there is room', async (context) => {
  const { cluster, book, openLate, fill } = await lateFollower(context, 3);
  await openFirst(cluster, 2);
  await fill();
  const disk = new MemoryFileSystem();
  const snapshots = await DiskSnapshotStore.open(disk, '/snapshots');
  let written = 0;
  disk.fault = (operation) => {
    if (operation !== 'write') return undefined;
    written += 1;
    if (written > 5) throw systemError('ENOSPC');
    return undefined;
  };
  const storage: Overrides['storage'] = async (identity) => ({
    ...memoryStorage(identity),
    snapshots,
  });
  const late = await openLate({ storage });
  await book.find(/a snapshot was not received .*no room on the disk/);
  await until(() => disk.files.size === 0);
  disk.fault = () => undefined;
  assert.deepEqual(await cluster.listOf(late), COMMANDS);
});

test('a follower that is killed in the middle goes on after its restart', async (context) => {
  const { cluster, relay, fill, listen } = await lateFollower(context, 3);
  await openFirst(cluster, 2);
  await fill();
  const directory = await temporaryDirectory(context);
  const others = cluster.node(1).status().configuration.voters;
  const peers = Object.fromEntries(others.map((id) => [id, listen]));
  const options = { id: 3, clusterId: 7, peers, listen, directory, raft: FAST };
  const program = fileURLToPath(new URL('late-server.test.support.js', import.meta.url));
  const start = () => fork(program, [JSON.stringify(options)]);

  relay.mishaps.push({ holdAfter: 8 * CHUNK });
  const killed = start();
  await relay.held;
  await until(() => unfinishedBytes(join(directory, 'snapshots')) > 7 * CHUNK);
  killed.kill('SIGKILL');
  await once(killed, 'exit');

  const restarted = start();
  context.after(() => restarted.kill());
  const [state] = await once(restarted, 'message');
  assert.deepEqual(state, COMMANDS);
  assert.ok(relay.bytes < SIZE + 4 * CHUNK, `${relay.bytes} bytes for ${SIZE}`);
  restarted.send('close');
  await once(restarted, 'exit');
});

function unfinishedBytes(directory: string): number {
  const name = readdirSync(directory).find((one) => one.endsWith('.part'));
  return name === undefined ? 0 : statSync(join(directory, name)).size;
}

/** Damages the one file in `directory` whose name ends so. */
async function flipByte(directory: string, ending: string, at: number): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(ending));
  assert.equal(names.length, 1, `${names}`);
  const file = await open(join(directory, names[0] as string), 'r+');
  const byte = new Uint8Array(1);
  await file.read(byte, 0, 1, at);
  await file.write(Uint8Array.of((byte[0] as number) ^ 1), 0, 1, at);
  await file.close();
}
