/**
 * Three whole nodes in one process, joined by an in-memory network, with in-memory storage: what
 * the protocol and the runtime cost without sockets and disks. Prints one result line.
 *
 *     node bench/process.mjs -concurrency 256 -seconds 5
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryNetwork, RaftNode } from '@quorate/node';
import { CountingMachine } from './counting-machine.mjs';
import { parseFlags } from './flags.mjs';
import { runLoad } from './load.mjs';
import { PROFILES } from './profiles.mjs';

const CATCH_UP_WITHIN_MS = 5_000;

const flags = parseFlags(process.argv.slice(2));
const network = new MemoryNetwork();
const machines = [1, 2, 3].map(() => new CountingMachine());
const nodes = await Promise.all(machines.map((machine, i) => open(i + 1, machine)));
const leader = await whoLeads();

const result = await runLoad((command) => leader.propose(command), {
  payload: Number(flags.payload ?? 256),
  concurrency: Number(flags.concurrency),
  warmup_s: Number(flags.warmup ?? 1),
  seconds: Number(flags.seconds ?? 5),
  pids: [process.pid],
});
console.log(JSON.stringify({ ...result, converged: await converge() }));
await Promise.all(nodes.map((node) => node.close()));

function open(id, machine) {
  const address = { host: 'memory', port: id };
  return RaftNode.open({
    id,
    clusterId: 1,
    peers: { 1: address, 2: address, 3: address },
    directory: undefined,
    transport: network.join(id),
    machine,
    raft: PROFILES.default,
    snapshotEntries: Number.MAX_SAFE_INTEGER,
  });
}

async function whoLeads() {
  for (;;) {
    const found = nodes.find((node) => node.status().role === 'leader');
    if (found !== undefined) return found;
    await sleep(20);
  }
}

/** Followers hear of the last commit with the next heartbeat. */
async function converge() {
  const deadline = performance.now() + CATCH_UP_WITHIN_MS;
  while (performance.now() < deadline) {
    const digests = new Set(machines.map((machine) => JSON.stringify(machine.stat())));
    if (digests.size === 1) return true;
    await sleep(20);
  }
  return false;
}
