/**
 * A cluster under random faults, all drawn from one seed, with commands offered all the time. Then
 * the faults stop, and the cluster must elect, commit, and be equal everywhere, with nothing lost
 * that anybody has seen applied.
 */

import { type NodeId, seededRandom } from '@quorate/core';
import { CommandSlab } from '@quorate/wire';
import { Cluster, evenly } from '../cluster.ts';
import { below, between, pick } from '../dice.ts';
import { calmNetwork } from '../network-behaviour.ts';
import { sleep, waitUntil } from '../time.ts';
import { VirtualTime } from '../virtual-time.ts';
import { FAULT_MIX, FAULTS } from './faults.ts';
import { encodeCommand, Journal } from './journal.ts';
import { type ChaosPlan, drawNetwork, drawPlan } from './plan.ts';

export interface ChaosReport {
  readonly seed: number;
  readonly size: number;
  /** Virtual time, until the faults stopped and in all. */
  readonly faultsMs: number;
  readonly totalMs: number;
  /** From the end of the faults until all servers had applied a command offered after it. */
  readonly recoveryMs: number;
  readonly proposed: number;
  readonly applied: number;
  /** How often each fault was done and each trace event seen. */
  readonly reached: ReadonlyMap<string, number>;
}

/**
 * Election timeouts within which the cluster must be whole again: one to notice, one or two for an
 * election (each may split), one to bring everybody up to date by snapshot, each over a network that
 * loses nothing any more but still has old messages and old disk stalls in it.
 */
export const RECOVERY_ELECTION_TIMEOUTS = 20;

/** Clients stop offering while more than this is open, so that no backlog outlasts the faults. */
const MAX_OPEN_COMMANDS = 200;

/** Runs one seed. Throws with one line that reruns it. */
export async function runChaos(seed: number): Promise<ChaosReport> {
  const time = new VirtualTime();
  const run = new ChaosRun(time, seed);
  try {
    return await time.run(() => run.run());
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const at = `${run.plan.size} servers, ${time.now().toFixed(1)} ms`;
    throw new Error(`${reason} (${at})\nrerun: npm run sim -- --seed ${seed}`, { cause });
  }
}

interface Offer {
  readonly command: number;
  readonly term: number;
}

class ChaosRun {
  readonly plan: ChaosPlan;
  readonly #seed: number;
  readonly #time: VirtualTime;
  readonly #random: () => number;
  readonly #cluster: Cluster;
  readonly #reached = new Map<string, number>();
  /** Commands that some server has applied. */
  readonly #applied = new Set<number>();
  #proposed = 0;
  #isOver = false;

  constructor(time: VirtualTime, seed: number) {
    this.#seed = seed;
    this.#time = time;
    this.#random = seededRandom(seed);
    this.plan = drawPlan(this.#random);
    const { plan } = this;
    this.#cluster = new Cluster({
      time,
      seed,
      size: plan.size,
      options: plan.options,
      network: drawNetwork(this.#random),
      makeService: (server) =>
        new Journal(server, plan.snapshotEvery, (command) => this.#applied.add(command)),
      writeDuration: plan.writeDuration,
      applyDuration: (random) => between(random, 0, plan.maxApplyMs),
      keepEntries: plan.keepEntries,
      tellsLoss: plan.tellsLoss,
      watch: (event) => this.#reach(event.kind),
    });
  }

  async run(): Promise<ChaosReport> {
    const clients = this.#time.spawn(() => this.#propose());
    const { faultsMs } = this.plan;
    await this.#doFaults(faultsMs);
    const calmAt = this.#time.now();
    this.#stopFaults();
    const last = await this.#recover();
    const recoveryMs = this.#time.now() - calmAt;
    this.#isOver = true;
    await clients.join();
    this.#expectEverywhere(last);
    const totalMs = this.#time.now();
    this.#cluster.shutDown();
    return {
      seed: this.#seed,
      size: this.plan.size,
      faultsMs,
      totalMs,
      recoveryMs,
      proposed: this.#proposed,
      applied: this.#applied.size,
      reached: this.#reached,
    };
  }

  /** Offers commands to servers drawn at random; most do not lead and refuse. */
  async #propose(): Promise<void> {
    while (!this.#isOver) {
      const { running } = this.#cluster;
      if (running.length > 0) {
        const server = pick(this.#random, running);
        const { lastIndex, commitIndex } = server.status();
        if (lastIndex - commitIndex <= MAX_OPEN_COMMANDS) this.#proposeAt(server.id);
      }
      await sleep(this.#time, between(this.#random, 0, 2 * this.plan.proposeEveryMs));
    }
  }

  #proposeAt(id: NodeId): number | undefined {
    const first = this.#proposed + 1;
    const commands = Array.from({ length: 1 + below(this.#random, 4) }, (_, at) =>
      encodeCommand(first + at),
    );
    const proposed = this.#cluster.get(id).propose(CommandSlab.of(...commands));
    if (proposed.kind === 'refused') return undefined;
    this.#proposed += commands.length;
    return this.#proposed;
  }

  async #doFaults(forMs: number): Promise<void> {
    const end = this.#time.now() + forMs;
    while (this.#time.now() < end) {
      await sleep(this.#time, between(this.#random, 0, 2 * this.plan.faultEveryMs));
      const name = pick(this.#random, FAULT_MIX);
      this.#reach(name);
      FAULTS[name]!(this.#cluster, this.#random);
    }
  }

  #stopFaults(): void {
    this.#cluster.network.behaviour = calmNetwork(0.2, 5);
    for (const id of this.#cluster.ids) this.#cluster.disk(id).writeDuration = evenly(0, 2);
    this.#cluster.applyDuration = () => 0;
    this.#cluster.heal();
    for (const id of this.#cluster.ids) {
      if (this.#cluster.find(id) === undefined) this.#cluster.start(id);
    }
  }

  /** Answers a command that was offered after the faults and is applied everywhere. */
  async #recover(): Promise<number> {
    const limitMs = RECOVERY_ELECTION_TIMEOUTS * this.plan.options.electionTimeoutMs!;
    let last: Offer | undefined;
    const isWhole = () => {
      last = this.#offerAnew(last);
      return (
        last !== undefined && this.#journals().every((j) => j.commands.includes(last!.command))
      );
    };
    if (await waitUntil(this.#time, isWhole, limitMs, 5)) return last!.command;
    const states = this.#cluster.running.map((server) => JSON.stringify(server.status()));
    throw new Error(`not whole ${limitMs.toFixed(0)} ms after the faults: ${states.join(' ')}`);
  }

  /** Offers another command to the leader of a newer term, which may not have the one before. */
  #offerAnew(last: Offer | undefined): Offer | undefined {
    if (last !== undefined && this.#applied.has(last.command)) return last;
    for (const server of this.#cluster.running) {
      const { role, term } = server.status();
      if (role !== 'leader' || (last !== undefined && term <= last.term)) continue;
      const command = this.#proposeAt(server.id);
      if (command !== undefined) return { command, term };
    }
    return last;
  }

  /** The same commands in the same order on all servers, each once, and all that were ever applied. */
  #expectEverywhere(last: number): void {
    const [first, ...others] = this.#journals().map(({ commands }) =>
      commands.slice(0, commands.indexOf(last) + 1),
    );
    const expected = first!.join();
    if (others.some((commands) => commands.join() !== expected)) {
      throw new Error('the servers have applied different commands');
    }
    const held = new Set(this.#journals()[0]!.commands);
    const lost = [...this.#applied].filter((command) => command <= last && !held.has(command));
    if (lost.length > 0) throw new Error(`commands ${lost.join()} were applied and are lost`);
    if (new Set(first).size !== first!.length) throw new Error('a command was applied twice');
  }

  #journals(): readonly Journal[] {
    return this.#cluster.running.map(({ service }) => service as Journal);
  }

  #reach(what: string): void {
    this.#reached.set(what, (this.#reached.get(what) ?? 0) + 1);
  }
}
