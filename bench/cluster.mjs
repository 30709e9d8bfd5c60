/**
 * Three node processes of any system that speaks the node protocol (peers/README.md), as
 * peers/go/src/peersbench/lib/driver.go starts and asks them.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const UP_WITHIN_MS = 30_000;
const STAT_WITHIN_MS = 2_000;
const CATCH_UP_WITHIN_MS = 5_000;
const QUIT_WITHIN_MS = 2_000;

/**
 * What each node is started with, besides its id, its addresses and its directory.
 * @typedef {{durable: boolean, profile: 'default' | 'fast', probe: boolean}} Settings
 */

export class Cluster {
  #directory;
  #nodes = [];
  #killed = new Set();
  #events = new EventQueue();

  /**
   * @param {readonly string[]} command the node's program and first arguments
   * @param {Settings} settings
   * @param {string} dataDirectory where a temporary directory is made; on a real disk
   */
  static async start(command, settings, dataDirectory) {
    const cluster = new Cluster(dataDirectory);
    const addresses = await freeAddresses(3);
    for (let id = 1; id <= 3; id++) cluster.#spawn(id, command, addresses, settings);
    return cluster;
  }

  constructor(dataDirectory) {
    mkdirSync(dataDirectory, { recursive: true });
    this.#directory = mkdtempSync(join(dataDirectory, 'cluster-'));
  }

  #spawn(id, [program, ...first], addresses, settings) {
    const child = spawn(
      program,
      [
        ...first,
        ...['-id', String(id), '-addrs', addresses.join(',')],
        ...['-dir', join(this.#directory, String(id)), `-durable=${settings.durable}`],
        ...['-profile', settings.profile, `-probe=${settings.probe}`],
      ],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    const exited = once(child, 'close').catch(() => undefined);
    child.on('error', (error) => this.#events.push({ ev: 'exit', id, reason: error.message }));
    let words = '';
    child.stderr.on('data', (chunk) => (words = (words + chunk).slice(-4000)));
    child.on('close', () => this.#events.push({ ev: 'exit', id, reason: complaint(words) }));
    // A node that is killed cannot read its last command, and that is no news.
    child.stdin.on('error', () => undefined);
    createInterface({ input: child.stdout }).on('line', (line) => {
      const received = performance.now();
      if (line.startsWith('{')) this.#events.push({ ...JSON.parse(line), received });
    });
    this.#nodes.push({ id, child, exited });
  }

  get pids() {
    return this.#nodes.map(({ child }) => child.pid);
  }

  /** Resolves with the leader's id once all are ready and one leads. */
  async up() {
    const ready = new Set();
    let leader;
    await this.waitFor((event) => {
      if (event.ev === 'ready') ready.add(event.id);
      if (event.ev === 'leader') leader = event.id;
      if (event.ev === 'follower' && leader === event.id) leader = undefined;
      return ready.size === 3 && leader !== undefined;
    }, UP_WITHIN_MS);
    return leader;
  }

  /**
   * The first event for which `matches` answers true. `received` is when it came, on the clock of
   * `performance.now()`. A node that ends without having been killed is an error.
   */
  async waitFor(matches, milliseconds) {
    const deadline = performance.now() + milliseconds;
    for (;;) {
      const event = await this.#events.next(deadline);
      if (matches(event)) return event;
      if (event.ev === 'exit' && !this.#killed.has(event.id)) {
        throw new Error(`node ${event.id} ended: ${event.reason}`);
      }
    }
  }

  send(id, request) {
    this.#nodes[id - 1].child.stdin.write(`${JSON.stringify(request)}\n`);
  }

  kill(id) {
    this.#killed.add(id);
    this.#nodes[id - 1].child.kill('SIGKILL');
  }

  /** The events that have come and were not waited for. */
  drain() {
    return this.#events.drain();
  }

  /**
   * Asks for the replicas' digests until they agree, at most 5 s: the three last fields of the
   * result, and an error if the replicas applied as many commands each and not the same ones.
   */
  async settle() {
    const begun = performance.now();
    let firstLag;
    for (;;) {
      const stats = await this.#stats();
      const counts = stats.map(({ count }) => count);
      const [smallest, largest] = [Math.min(...counts), Math.max(...counts)];
      const digests = new Set(stats.map(({ count, bytes, crc }) => `${count} ${bytes} ${crc}`));
      firstLag ??= largest - smallest;
      const waited = (performance.now() - begun) / 1000;
      const converged = digests.size === 1 && smallest > 0;
      if (converged || waited * 1000 > CATCH_UP_WITHIN_MS) {
        const diverged = !converged && smallest === largest;
        return {
          converged,
          lag_after_load: firstLag,
          lag_end: largest - smallest,
          catch_up_s: waited,
          ...(diverged ? { first_error: `replicas diverged: ${JSON.stringify(stats)}` } : {}),
        };
      }
      await sleep(100);
    }
  }

  async #stats() {
    const stats = [];
    for (const { id } of this.#nodes) {
      this.send(id, { cmd: 'stat' });
      const isAnswer = (event) => event.ev === 'stat' && event.id === id;
      stats.push((await this.waitFor(isAnswer, STAT_WITHIN_MS)).stat);
    }
    return stats;
  }

  /** Ends what still runs and removes the data. */
  async stop() {
    for (const { id } of this.#nodes) this.send(id, { cmd: 'quit' });
    await Promise.all(
      this.#nodes.map(async ({ child, exited }) => {
        const late = await Promise.race([exited, sleep(QUIT_WITHIN_MS, 'late', { ref: false })]);
        if (late === 'late') child.kill('SIGKILL');
        await exited;
      }),
    );
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Events in the order in which they came, for one reader. */
class EventQueue {
  #waiting = [];
  #wake = () => undefined;

  push(event) {
    this.#waiting.push(event);
    this.#wake();
  }

  drain() {
    return this.#waiting.splice(0);
  }

  async next(deadline) {
    while (this.#waiting.length === 0) {
      const left = deadline - performance.now();
      if (left <= 0) throw new Error('the cluster did not answer in time');
      const cancel = new AbortController();
      const woken = new Promise((resolve) => {
        this.#wake = resolve;
      });
      const timer = sleep(left, undefined, { signal: cancel.signal }).catch(() => undefined);
      await Promise.race([woken, timer]);
      cancel.abort();
    }
    return this.#waiting.shift();
  }
}

/** Free ports on loopback. Another program could take one before the node does; then the run fails. */
async function freeAddresses(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const addresses = servers.map((server) => `127.0.0.1:${server.address().port}`);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return addresses;
}

/** The line of a program's last words that says most. */
function complaint(words) {
  const lines = words.trim().split('\n');
  return lines.find((line) => /error/i.test(line)) ?? (lines.at(-1) || 'it said nothing');
}
