/**
 * The closed-loop load generator: for a Node program what `lib.RunLoad` is for the Go peers.
 *
 * `concurrency` workers each await one proposal at a time, in the leader's process, as a service
 * that embeds the node would. Only completions within the window count. The fields of the result
 * are those of `type Result` in peers/go/src/peersbench/lib/lib.go.
 */

import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { machineCpuSeconds, processCpuSeconds, residentMiB } from './accounting.mjs';

/** Worker and sequence, 32 bits each: the shortest command. */
export const HEADER_BYTES = 8;
const MAX_ERRORS = 100_000;
const HUNG_AFTER_MS = 20_000;

/**
 * Makes commands: a header that is unique within the run, then filler. Each is a fresh buffer, as
 * with the peers; from Node's pool, as `Buffer.from` in a user's code would be.
 */
export function commandMaker(payloadBytes) {
  const length = Math.max(payloadBytes, HEADER_BYTES);
  const filler = new Uint8Array(length);
  for (let i = HEADER_BYTES; i < length; i += 8) filler[i] = i;
  return (worker, sequence) => {
    const command = Buffer.allocUnsafe(length);
    command.set(filler);
    command.writeUInt32LE(worker, 0);
    command.writeUInt32LE(sequence, 4);
    return command;
  };
}

/**
 * @param {(command: Uint8Array) => Promise<unknown>} propose resolves after the command is applied
 * @param request `{payload, concurrency, warmup_s, seconds, pids}`, the protocol's `run`
 */
export async function runLoad(propose, request) {
  const makeCommand = commandMaker(request.payload);
  const samples = new Samples();
  const failures = { count: 0, first: undefined };
  const windowStart = performance.now() + request.warmup_s * 1000;
  const windowEnd = windowStart + request.seconds * 1000;

  async function work(worker) {
    let sequence = 0;
    let begun = performance.now();
    while (begun <= windowEnd) {
      sequence += 1;
      try {
        await propose(makeCommand(worker, sequence));
      } catch (error) {
        failures.count += 1;
        failures.first ??= String(error);
        if (failures.count > MAX_ERRORS) return;
        await sleep(1);
        begun = performance.now();
        continue;
      }
      // One reading of the clock ends this proposal and begins the next.
      const ended = performance.now();
      if (ended >= windowStart && ended <= windowEnd) samples.add(ended - begun);
      begun = ended;
    }
  }

  const workers = Promise.all(Array.from({ length: request.concurrency }, (_, i) => work(i)));
  await sleep(windowStart - performance.now());
  const before = readCpu(request.pids);
  await sleep(windowEnd - performance.now());
  const after = readCpu(request.pids);
  const leaderMiB = residentMiB();

  const hung = sleep(HUNG_AFTER_MS, 'hung', { ref: false });
  if ((await Promise.race([workers, hung])) === 'hung') {
    failures.count += 1;
    failures.first ??= 'hung: proposals still outstanding 20 s after the window';
  }
  return summary(request, samples.sorted(), { before, after, leaderMiB, failures });
}

export function readCpu(pids) {
  const nodes = pids.map(processCpuSeconds);
  return {
    total: nodes.reduce((sum, seconds) => sum + seconds, 0),
    self: processCpuSeconds(process.pid),
    machine: machineCpuSeconds(),
  };
}

export function summary(request, latencies, { before, after, leaderMiB, failures }) {
  const total = after.total - before.total;
  const microseconds = (p) => percentile(latencies, p) * 1000;
  return {
    bench: 'throughput',
    nodes: 3,
    payload: request.payload,
    concurrency: request.concurrency,
    seconds: request.seconds,
    commits: latencies.length,
    commits_per_s: latencies.length / request.seconds,
    p50_us: microseconds(0.5),
    p99_us: microseconds(0.99),
    p999_us: microseconds(0.999),
    max_us: microseconds(1),
    leader_rss_mb: leaderMiB,
    cpu_s_total: total,
    cpu_s_leader: after.self - before.self,
    other_cpu_s: after.machine.busy - before.machine.busy - total,
    steal_s: after.machine.stolen - before.machine.stolen,
    errors: failures.count,
    ...(failures.first === undefined ? {} : { first_error: failures.first }),
    runtime: `node ${process.version}`,
    cores: cpus().length,
  };
}

/** Index floor(p·n) of sorted samples, as the peers take it. */
function percentile(sorted, p) {
  if (sorted.length === 0) return 0;
  return sorted[Math.min(Math.floor(p * sorted.length), sorted.length - 1)];
}

/** Numbers in one piece of memory: an array of millions of doubles would be the garbage collector's work. */
export class Samples {
  #values = new Float64Array(1 << 16);
  #length = 0;

  add(value) {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(2 * this.#length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  sorted() {
    return this.#values.subarray(0, this.#length).sort();
  }
}
