import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { PeerAddress } from './api.ts';
import { freeAddress, TestCluster, temporaryDirectory, until } from './cluster.test.support.ts';
import { FaultyDisk } from './faulty-disk.test.support.ts';

const MIB = 1_048_576;

/**
 * Every limit is small, and the load is many times their sum. Of five servers one is dead and one
 * stores nothing, so all that the leader sends them it must hold, drop or read back from its disk.
 */
test('a leader under load, with a dead and a hanging follower, stays within its limits', async (context) => {
  const limits = {
    maxTailBytes: MIB,
    maxInflightBytes: MIB,
    maxAppendBytes: MIB / 4,
    maxUncommittedBytes: 2 * MIB,
    maxApplyBytes: MIB,
    maxUnwrittenBytes: 2 * MIB,
  };
  const maxPendingBytes = 4 * MIB;
  const peers: Record<number, PeerAddress> = {};
  for (let id = 1; id <= 5; id += 1) peers[id] = await freeAddress();
  // Of the five the one in its own process stands first, and nobody else in time.
  const raft = { ...limits, heartbeatIntervalMs: 30, electionTimeoutMs: 10_000 };
  const cluster = new TestCluster(context, 5, { peers, raft });
  const hanging = new FaultyDisk();
  for (const id of [2, 3]) await cluster.open(id);
  const slow = await cluster.open(4, { storage: hanging.open });

  const directory = await temporaryDirectory(context);
  const options = {
    ...{ id: 1, clusterId: 7, peers, directory, maxPendingBytes },
    raft: { ...raft, electionTimeoutMs: 1_000 },
  };
  const order = { options, commandBytes: 16_384, commands: 4_000, burst: 512 };
  const program = fileURLToPath(new URL('loaded-leader.test.support.js', import.meta.url));
  const leader = fork(program, [JSON.stringify(order)], { execArgv: ['--expose-gc'] });
  context.after(() => leader.kill());
  const ended = once(leader, 'message');
  // It follows first, so that it is sent a whole window.
  await until(() => slow.status().appliedIndex > 0);
  hanging.mode = 'hanging';
  const [told] = await ended;
  const { mostHeld, mostPending, refusals } = told as Record<string, number>;

  assert.ok((mostPending as number) <= maxPendingBytes, `${mostPending} bytes pending`);
  // The tail, what is uncommitted, pending and being applied, and a queue for each of four peers
  // (twice the window and one frame), as docs/memory.md adds them up.
  const queues = 4 * (2 * limits.maxInflightBytes + limits.maxAppendBytes + 2.5 * MIB);
  const { maxTailBytes, maxUncommittedBytes, maxApplyBytes } = limits;
  const sum = maxTailBytes + maxUncommittedBytes + maxPendingBytes + maxApplyBytes + queues;
  const load = order.commands * order.commandBytes;
  assert.ok(
    order.burst * order.commandBytes > maxPendingBytes,
    'a burst is more than may be pending',
  );
  assert.ok(load > 2 * sum, 'the load is larger than what may be held');
  assert.ok((mostHeld as number) < sum, `${mostHeld} of ${load} bytes held, ${sum} allowed`);
  assert.ok((refusals as number) > 0, 'the limit was reached');
  assert.ok(hanging.hangingBytes <= limits.maxUnwrittenBytes + limits.maxAppendBytes + 300_000);
  assert.ok(hanging.hangingBytes >= limits.maxInflightBytes, `${hanging.hangingBytes} bytes`);

  leader.send('close');
  await once(leader, 'exit');
});
