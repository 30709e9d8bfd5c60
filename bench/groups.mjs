/**
 * Many groups: three hosts in one process, and what that many groups of three replicas cost. One line
 * of JSON; scripts/bench-groups.mjs runs it in a process for each number and makes the table.
 *
 *     node --expose-gc bench/groups.mjs -groups 1000 -mode memory -seconds 5
 *
 * Mode memory: an in-memory network and logs, as etcd's RawNode is measured beside it. Mode durable:
 * TCP on 127.0.0.1 and a shared log on the disk for each host, below -dir.
 */

import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryNetwork, RaftHost } from '@quorate/node';
import { residentMiB } from './accounting.mjs';
import { parseFlags } from './flags.mjs';
import { commandMaker } from './load.mjs';
import { PROFILES } from './profiles.mjs';

const flags = parseFlags(process.argv.slice(2));
const groups = Number(flags.groups);
const seconds = Number(flags.seconds ?? 5);
const concurrency = Number(flags.concurrency ?? 1024);
const mode = flags.mode ?? 'memory';
const ids = [1, 2, 3];

/** The least that a group can replicate. */
class Counter {
  #count = 0;

  async open() {
    return 0;
  }

  apply(batches) {
    const results = [];
    for (const { count } of batches) for (let at = 0; at < count; at++) results.push(++this.#count);
    return results;
  }

  async *snapshot() {
    yield Buffer.from(String(this.#count));
  }

  async restore(_index, chunks) {
    for await (const chunk of chunks) this.#count = Number(Buffer.from(chunk).toString());
  }
}

console.log(JSON.stringify(await measure()));
process.exit(0);

async function measure() {
  globalThis.gc?.();
  const emptyMiB = residentMiB();
  const began = performance.now();
  const cpu = process.cpuUsage();
  const hosts = await openHosts();
  // As three processes would, each in its own time.
  for (let group = 1; group <= groups; group++) {
    for (const host of hosts) await host.openGroup(group, { machine: new Counter() });
  }
  const openMs = performance.now() - began;
  await until(() => sum(hosts, 'leads') >= groups);
  const ledMs = performance.now() - began;
  await until(() => sum(hosts, 'atRest') === 3 * groups);
  const restMs = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  const peakMiB = residentMiB();
  const idle = await measureIdle();
  globalThis.gc?.();
  const heapKiB = process.memoryUsage().heapUsed / 1024 / (3 * groups);
  const load = await measureLoad(hosts);
  return {
    ...{ system: 'quorate', bench: 'groups', mode, groups, replicas: 3 },
    ...{ open_ms: openMs, led_ms: ledMs, rest_ms: restMs },
    start_cpu_s: (user + system) / 1e6,
    ...{ rss_mb: peakMiB, rss_kb_per_replica: ((peakMiB - emptyMiB) * 1024) / (3 * groups) },
    ...{ heap_kb_per_replica: heapKiB, idle_cpu_pct: idle, ...load },
  };
}

async function openHosts() {
  const network = new MemoryNetwork();
  const peers = {};
  for (const id of ids) peers[id] = { host: '127.0.0.1', port: await freePort() };
  const common = { peers, clusterId: 1, raft: PROFILES.default };
  return Promise.all(
    ids.map((id) =>
      mode === 'durable'
        ? RaftHost.open({ ...common, id, directory: join(flags.dir, String(id)) })
        : RaftHost.open({ ...common, id, directory: undefined, transport: network.join(id) }),
    ),
  );
}

/** Percent of one core while nobody asks for anything. */
async function measureIdle() {
  globalThis.gc?.();
  await sleep(1000);
  const cpu = process.cpuUsage();
  const began = performance.now();
  await sleep(1000 * seconds);
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / 10 / (performance.now() - began);
}

/** Each worker awaits one proposal at a time, to one group after the other. */
async function measureLoad(hosts) {
  const leaders = [];
  for (let group = 1; group <= groups; group++) {
    leaders.push(hosts.map((host) => host.group(group)).find((node) => node.isLeader));
  }
  const makeCommand = commandMaker(256);
  const warmAt = performance.now() + 1000;
  const endsAt = warmAt + 1000 * seconds;
  let commits = 0;
  let before;
  let next = 0;
  const work = async (worker) => {
    for (let sequence = 0; performance.now() < endsAt; sequence++) {
      const leader = leaders[next++ % groups];
      await leader.propose(makeCommand(worker, sequence), { forward: true });
      if (performance.now() < warmAt) continue;
      before ??= process.cpuUsage();
      commits += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, (_, worker) => work(worker)));
  const { user, system } = process.cpuUsage(before);
  const perSecond = commits / seconds;
  return { concurrency, commits_per_s: perSecond, cpu_us_per_commit: (user + system) / commits };
}

function sum(hosts, what) {
  return hosts.reduce((all, host) => all + host.status()[what], 0);
}

/** To look at thousands of groups takes its time too: no more than a fiftieth of all. */
async function until(isSo) {
  for (;;) {
    const began = performance.now();
    if (isSo()) return;
    await sleep(Math.max(100, 50 * (performance.now() - began)));
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
