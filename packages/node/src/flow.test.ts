import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import type { Message, NodeId, Term } from '@quorate/core';
import { CommandSlab } from '@quorate/wire';
import { CALL_OVERHEAD_BYTES } from './calls/pending-call.ts';
import { bytes, FAST, listMachine, TestCluster, until } from './cluster.test.support.ts';
import { FaultyDisk } from './faulty-disk.test.support.ts';
import { Connection } from './peers/connection.ts';
import type { RaftNode } from './raft-node.ts';
import type { StateMachine } from './state-machine.ts';

const COMMAND = new Uint8Array(10_000);

/** Proposes until it is refused. Answers the calls that were not, and how. */
async function proposeAll(node: RaftNode<number>, command: Uint8Array, forward = false) {
  const accepted: Promise<number>[] = [];
  while (accepted.length < 1_000) {
    const call = node.propose(command, { forward });
    // A refusal is known at once.
    const outcome = await Promise.race([
      call.catch((error: Error) => error),
      new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined))),
    ]);
    if (outcome instanceof Error) return { accepted, refusal: outcome };
    accepted.push(call);
  }
  return assert.fail('no proposal is refused');
}

test('a leader whose state machine falls behind refuses proposals, though they are committed', async (context) => {
  const inner = listMachine();
  let isStuck = true;
  let goOn = (): void => {};
  const machine: StateMachine<number> = {
    open: () => inner.open(),
    snapshot: () => inner.snapshot(),
    restore: (index, chunks) => inner.restore(index, chunks),
    async apply(batches) {
      if (isStuck) await new Promise<void>((resolve) => (goOn = resolve));
      return inner.apply(batches);
    },
  };
  const maxPendingBytes = 500_000;
  const cluster = new TestCluster(context, 1, { maxPendingBytes });
  const node = await cluster.open(1, { machine });
  await cluster.leader();
  const { accepted, refusal } = await proposeAll(node, COMMAND);
  assert.match(refusal.message, /maxPendingBytes of commands wait to be applied here/);
  const { pendingBytes, commitIndex, appliedIndex } = node.status();
  assert.ok(pendingBytes <= maxPendingBytes, `${pendingBytes}`);
  assert.ok(pendingBytes > maxPendingBytes - 2 * COMMAND.length, `${pendingBytes}`);
  assert.ok(commitIndex > appliedIndex + 40);
  isStuck = false;
  goOn();
  await Promise.all(accepted);
  assert.equal(node.status().pendingBytes, 0);
});

test('small commands count with what their calls cost', async (context) => {
  const maxPendingBytes = 100 * CALL_OVERHEAD_BYTES;
  const cluster = new TestCluster(context, 3, { maxPendingBytes });
  const node = await cluster.open(1);
  const { accepted, refusal } = await proposeAll(node, new Uint8Array(0), true);
  assert.equal(accepted.length, 100);
  assert.match(refusal.message, /maxPendingBytes of commands wait/);
  for (const call of accepted) call.catch(() => {});
});

test('commands that wait for a leader, or for its answer, are bounded', async (context) => {
  const maxPendingBytes = 200_000;
  const cluster = new TestCluster(context, 3, { maxPendingBytes });
  await cluster.openAll();
  const follower = await cluster.follower();
  cluster.network.isolate(follower.status().id);
  const { accepted, refusal } = await proposeAll(follower, COMMAND, true);
  assert.equal((refusal as Error & { code: string }).code, 'RAFT_PROPOSAL_DROPPED');
  assert.ok(follower.status().pendingBytes <= maxPendingBytes);
  assert.equal(accepted.length, 19);
  cluster.network.healAll();
  const outcomes = await Promise.allSettled(accepted);
  // Between two leaders the fate of some may be unknown; none still waits.
  assert.equal(outcomes.length, 19);
  assert.equal(follower.status().pendingBytes, 0);
});

test('a follower whose disk hangs holds a bounded number of unwritten bytes, and catches up', async (context) => {
  const raft = {
    electionTimeoutMs: 2_000,
    heartbeatIntervalMs: 30,
    maxUnwrittenBytes: 100_000,
    maxAppendBytes: 20_000,
    maxInflightBytes: 10_000_000,
  };
  const cluster = new TestCluster(context, 3, { raft });
  const disks = new Map([1, 2, 3].map((id) => [id, new FaultyDisk()]));
  // The first one stands at once.
  for (const [id, disk] of disks) {
    const electionTimeoutMs = id === 1 ? 150 : 2_000;
    await cluster.open(id, { storage: disk.open, raft: { ...raft, electionTimeoutMs } });
  }
  const leader = await cluster.leader();
  const follower = await cluster.follower();
  const disk = disks.get(follower.status().id) as FaultyDisk;
  disk.mode = 'hanging';
  for (let sent = 0; sent < 60; sent += 1) await leader.propose(COMMAND);
  const mostBytes = raft.maxUnwrittenBytes + raft.maxAppendBytes + COMMAND.length;
  assert.ok(disk.hangingBytes <= mostBytes, `${disk.hangingBytes} bytes`);
  assert.ok(disk.hangingBytes >= raft.maxUnwrittenBytes, 'the limit was reached');
  disk.recover();
  await until(() => follower.status().lastIndex === leader.status().lastIndex);
  assert.equal((await cluster.listOf(follower)).length, 60);
});

test('what waits on a connection whose peer reads nothing is bounded', async (context) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as { port: number }).port, '127.0.0.1');
  const [peer] = (await once(server, 'connection')) as [Socket];
  peer.pause();
  context.after(() => {
    socket.destroy();
    peer.destroy();
    server.close();
  });
  const maxQueuedBytes = 300_000;
  const connection = new Connection(socket, {
    link: { from: 2 as NodeId, to: 1 as NodeId },
    maxFrameBytes: 1_000_000,
    maxQueuedBytes,
    onMessage: () => {},
    onWord: () => {},
    onClose: () => {},
  });
  connection.start(new Uint8Array(0));
  const payload = CommandSlab.of(new Uint8Array(50_000));
  const ends = { from: 1 as NodeId, to: 2 as NodeId, term: 1 as Term };
  const message: Message = { kind: 'forwardProposal', ...ends, id: 1, payload };
  let refused = 0;
  // The kernel takes some megabytes first.
  for (let sent = 0; sent < 1_000 && refused < 10; sent += 1) {
    if (!connection.send(message, 0)) refused += 1;
    connection.flush();
    assert.ok(socket.writableLength <= maxQueuedBytes + 51_000, `${socket.writableLength} bytes`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(refused, 10);
});

test('reads that wait are bounded, and the rest of the node goes on', async (context) => {
  const cluster = new TestCluster(context, 3, { maxPendingReads: 50, raft: FAST });
  await cluster.openAll();
  const follower = await cluster.follower();
  cluster.network.isolate(follower.status().id);
  const waiting = Array.from({ length: 50 }, () => follower.read());
  await assert.rejects(follower.read(), { code: 'RAFT_READ_DROPPED' });
  cluster.network.healAll();
  await Promise.all(waiting);
  await follower.propose(bytes('a'), { forward: true });
  await follower.read();
});
