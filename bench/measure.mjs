/** The measurements: each begins with a fresh cluster and ends with one result line. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from './cluster.mjs';

const PAYLOAD_BYTES = 256;
/** Programs that compile while they run do so by the number of calls; one in flight makes few. */
const WARMUP_IN_FLIGHT = 64;
/** Above the load itself: 20 s for proposals that hang, and as much for a slow machine. */
const RESULT_WITHIN_MS = 40_000;
const FAILOVER_WITHIN_MS = 30_000;

/**
 * Three processes, `concurrency` proposals in flight.
 *
 * @param load `{concurrency, warmup, seconds, dataDirectory}`, the two times in seconds
 */
export async function measureThroughput(contestant, load) {
  const { concurrency, warmup, seconds, dataDirectory } = load;
  const durable = contestant.mode === 'durable';
  const label = { ...labelOf(contestant), durable, inproc: false };
  const settings = { durable, profile: 'default', probe: false };
  const cluster = await Cluster.start(contestant.command, settings, dataDirectory);
  try {
    const leader = await cluster.up();
    await sleep(300);
    const run = { cmd: 'run', payload: PAYLOAD_BYTES, pids: cluster.pids };
    const warmUp = { concurrency: Math.max(concurrency, WARMUP_IN_FLIGHT), seconds: warmup };
    await runAt(cluster, leader, { ...run, ...warmUp, warmup_s: 0 });
    const result = await runAt(cluster, leader, { ...run, concurrency, seconds, warmup_s: 1 });
    const { first_error: divergence, ...settled } = await cluster.settle();
    if (divergence !== undefined) result.first_error = divergence;
    return { ...result, ...settled, ...label };
  } catch (error) {
    return { ...failed('throughput', error), ...label, concurrency };
  } finally {
    await cluster.stop();
  }
}

/** One load at the leader, and its result. */
async function runAt(cluster, leader, run) {
  let isDeposed = false;
  cluster.send(leader, run);
  const { result } = await cluster.waitFor(
    (event) => {
      if (event.ev === 'follower' && event.id === leader) isDeposed = true;
      return event.ev === 'result';
    },
    (run.warmup_s + run.seconds) * 1000 + RESULT_WITHIN_MS,
  );
  if (isDeposed) result.first_error ??= 'leadership changed during the run';
  return result;
}

/** Three nodes in one process: the program measures by itself and prints its result line. */
export async function measureInProcess(contestant, { concurrency, warmup, seconds }) {
  const label = { ...labelOf(contestant), durable: false, inproc: true };
  const [program, ...first] = contestant.command;
  const flags = ['-concurrency', concurrency, '-warmup', warmup, '-seconds', seconds].map(String);
  const child = spawn(program, [...first, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (errors += chunk));
  await once(child, 'close');
  const line = output.split('\n').find((text) => text.startsWith('{'));
  if (line === undefined) {
    const error = errors.trim().split('\n').at(-1);
    return { ...failed('throughput', error), ...label, concurrency };
  }
  return { ...JSON.parse(line), ...label };
}

/**
 * SIGKILL to the leader of an idle durable cluster, at a random phase of its heartbeats, until the
 * first command applied at the new leader, which proposes it on taking the lead.
 */
export async function measureFailover(contestant, { profile, dataDirectory }) {
  const label = { ...labelOf(contestant), durable: true, profile };
  const settings = { durable: true, profile, probe: true };
  const cluster = await Cluster.start(contestant.command, settings, dataDirectory);
  try {
    const ready = new Set();
    let leader;
    await cluster.waitFor((event) => {
      if (event.ev === 'ready') ready.add(event.id);
      if (event.ev === 'first_commit') leader = event.id;
      return ready.size === 3 && leader !== undefined;
    }, FAILOVER_WITHIN_MS);
    await sleep(1500 + Math.random() * 1000);
    for (const event of cluster.drain()) if (event.ev === 'first_commit') leader = event.id;

    const killed = performance.now();
    cluster.kill(leader);
    let led;
    const applied = await cluster.waitFor((event) => {
      if (event.ev === 'leader' && event.id !== leader) led ??= event.received;
      return event.ev === 'first_commit' && event.id !== leader;
    }, FAILOVER_WITHIN_MS);
    return {
      bench: 'election',
      ...label,
      sample_ms: applied.received - killed,
      leader_ms: led - killed,
    };
  } catch (error) {
    return { ...failed('election', error), ...label };
  } finally {
    await cluster.stop();
  }
}

const labelOf = ({ system, variant, level, mode }) => ({ system, variant, level, mode });

const failed = (bench, error) => ({ bench, errors: 1, first_error: String(error) });
