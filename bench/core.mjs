/**
 * The protocol alone: three cores on one thread, messages delivered by direct calls, nothing on a
 * disk. What etcd's RawNode does in peers/go/src/peersbench/etcdraft/core.go: each round proposes
 * as many commands as are in flight and delivers until all are applied at the leader.
 *
 *     node bench/core.mjs -concurrency 256 -seconds 5
 */

import {
  configurationOf,
  emptyStoredState,
  NO_LOG_READER,
  Raft,
  seededRandom,
} from '@quorate/core';
import { CommandSlabBuilder } from '@quorate/wire';
import { residentMiB } from './accounting.mjs';
import { CountingMachine } from './counting-machine.mjs';
import { parseFlags } from './flags.mjs';
import { commandMaker, readCpu, Samples, summary } from './load.mjs';
import { PROFILES } from './profiles.mjs';

const flags = parseFlags(process.argv.slice(2));
const request = {
  payload: Number(flags.payload ?? 256),
  concurrency: Number(flags.concurrency),
  warmup_s: Number(flags.warmup ?? 1),
  seconds: Number(flags.seconds ?? 5),
  pids: [process.pid],
};

/** Before now, so that an election can be had without waiting for its timeout. */
const startedAt = performance.now() - 10 * PROFILES.default.electionTimeoutMs;

const ids = [1, 2, 3];
const servers = ids.map((id) => ({
  raft: new Raft({
    id,
    stored: emptyStoredState(configurationOf(ids)),
    appliedIndex: 0,
    now: startedAt,
    random: seededRandom(id),
    reader: NO_LOG_READER,
    options: PROFILES.default,
  }),
  machine: new CountingMachine(),
}));

console.log(JSON.stringify(measure(elect())));

/** Lets the clock of one server run until it leads. */
function elect() {
  const [first] = servers;
  while (!first.raft.isLeader) {
    const due = first.raft.nextDeadline;
    first.raft.step({ kind: 'timePassed' }, due);
    deliver(due);
  }
  return first;
}

function measure(leader) {
  const makeCommand = commandMaker(request.payload);
  const builder = new CommandSlabBuilder({ allocate: Buffer.allocUnsafeSlow });
  const starts = new Float64Array(request.concurrency);
  const samples = new Samples();
  const failures = { count: 0, first: undefined };
  const windowStart = performance.now() + request.warmup_s * 1000;
  const windowEnd = windowStart + request.seconds * 1000;
  let before;
  for (let sequence = 1; ; sequence++) {
    const now = performance.now();
    if (now >= windowStart) before ??= readCpu(request.pids);
    if (now > windowEnd) break;
    const appliedBefore = leader.machine.count;
    for (let worker = 0; worker < request.concurrency; worker++) {
      starts[worker] = performance.now();
      builder.append(makeCommand(worker, sequence));
    }
    leader.raft.propose(builder.seal(), now);
    deliver(now);
    if (leader.machine.count !== appliedBefore + request.concurrency) {
      failures.first ??= 'a round did not commit all its commands';
      failures.count += 1;
    }
    const ended = performance.now();
    if (ended < windowStart || ended > windowEnd) continue;
    for (const start of starts) samples.add(ended - start);
  }
  const after = readCpu(request.pids);
  // The next heartbeat tells the followers what the last round committed.
  deliver(performance.now() + PROFILES.default.heartbeatIntervalMs);
  const digests = new Set(servers.map(({ machine }) => JSON.stringify(machine.stat())));
  return {
    ...summary(request, samples.sorted(), { before, after, leaderMiB: residentMiB(), failures }),
    converged: digests.size === 1,
  };
}

/** Carries out everybody's effects until nobody has any. */
function deliver(now) {
  for (let isBusy = true; isBusy; ) {
    isBusy = false;
    for (const server of servers) {
      const effects = server.raft.takeEffects(now);
      if (effects === undefined) continue;
      isBusy = true;
      if (effects.write !== undefined) {
        server.raft.step({ kind: 'written', sequence: effects.write.sequence }, now);
      }
      for (const message of effects.messages) receive(message, now);
      for (const message of effects.messagesAfterWrite) receive(message, now);
      apply(server, effects.committed, now);
    }
  }
}

function receive(message, now) {
  servers[message.to - 1].raft.step({ kind: 'received', message }, now);
}

function apply(server, committed, now) {
  if (committed.length === 0) return;
  const payloads = [];
  for (const batch of committed) if (batch.kind === 'commands') payloads.push(batch.payload);
  server.machine.apply(payloads);
  const last = committed[committed.length - 1];
  server.raft.step({ kind: 'applied', index: last.firstIndex + last.count - 1 }, now);
}
