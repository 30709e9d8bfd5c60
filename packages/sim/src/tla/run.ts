/**
 * A run whose trace etcd-io/raft's specification can follow: elections, loss, reordering, crashes,
 * restarts, partitions and snapshots. What the specification does not know is left out: no pre-votes,
 * and the same members from first to last.
 */

import {
  type Batch,
  lastIndexOf,
  type RaftOptions,
  type Random,
  type SnapshotMeta,
  seededRandom,
} from '@quorate/core';
import { CommandSlab } from '@quorate/wire';
import { Cluster, evenly } from '../cluster.ts';
import { below, between, chance, pick, shuffled } from '../dice.ts';
import { faultyNetwork, type NetworkBehaviour } from '../network-behaviour.ts';
import type { Server, Service } from '../server.ts';
import { sleep } from '../time.ts';
import { VirtualTime } from '../virtual-time.ts';
import { type Acceptance, acceptTrace } from './accept.ts';
import { TraceWriter } from './trace-writer.ts';
import { TurnDisk } from './turn-disk.ts';
import { UntraceableError } from './untraceable.ts';

export interface TlaRun {
  readonly size: number;
  /** NDJSON, a line each: as far as the specification can follow. */
  readonly lines: readonly string[];
  /** Why they end before the run would have. */
  readonly endsEarly: string | undefined;
  /** Of the whole trace, by our restatement of the specification. */
  readonly acceptance: Acceptance;
  /** What the properties of Figure 3 said, if they stopped the run. */
  readonly failure: Error | undefined;
  /** How often each fault was done and each trace event of the core seen. */
  readonly reached: ReadonlyMap<string, number>;
}

/** TLC takes minutes for a few thousand lines. */
export const DEFAULT_TLA_LINES = 2000;

/** A run in which nothing happens any more is at fault. */
const MAX_VIRTUAL_MS = 600_000;

/** The same seed is the same trace. @param minLines The run ends soon after so many. */
export async function runForTla(seed: number, minLines = DEFAULT_TLA_LINES): Promise<TlaRun> {
  const time = new VirtualTime();
  const run = new Run(time, seed);
  let failure: Error | undefined;
  try {
    await time.run(() => run.run(minLines));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    failure = error;
  }
  const printed = run.writer.print();
  const acceptance = acceptTrace(printed);
  const { size, reached } = run;
  if (acceptance.kind === 'disputed') {
    const lines = printed.slice(0, acceptance.line - 1);
    const endsEarly = acceptance.reason;
    const wrong = failure instanceof UntraceableError ? undefined : failure;
    return { size, lines, endsEarly, acceptance, failure: wrong, reached };
  }
  if (failure instanceof UntraceableError) {
    const { message: endsEarly } = failure;
    return { size, lines: printed, endsEarly, acceptance, failure: undefined, reached };
  }
  return { size, lines: printed, endsEarly: undefined, acceptance, failure, reached };
}

class Run {
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #cluster: Cluster;
  readonly writer = new TraceWriter();
  readonly size: number;
  readonly reached = new Map<string, number>();

  constructor(time: VirtualTime, seed: number) {
    this.#time = time;
    this.#random = seededRandom(seed);
    const random = this.#random;
    const snapshotEvery = pick(random, [4, 10, 40]);
    this.size = pick(random, [1, 2, 3, 3, 4, 5, 5]);
    this.#cluster = new Cluster({
      time,
      seed,
      size: this.size,
      options: drawOptions(random),
      network: drawNetwork(random),
      makeService: (server) => new Snapshotter(server, snapshotEvery),
      makeDisk: (...of) => new TurnDisk(...of),
      writeDuration: evenly(0, pick(random, [0.2, 5, 40])),
      applyDuration: evenly(0, 2),
      keepEntries: below(random, 5),
      tellsLoss: chance(random, 0.5),
      watch: (event) => this.#reach(event.kind),
      observers: [this.writer],
    });
  }

  async run(minLines: number): Promise<void> {
    const random = this.#random;
    while (this.writer.size < minLines) {
      if (this.#time.now() > MAX_VIRTUAL_MS) throw new Error('nothing happens any more');
      await sleep(this.#time, between(random, 0, 30));
      if (chance(random, 0.6)) this.#propose();
      else this.#fault(pick(random, FAULT_MIX));
    }
    this.#cluster.shutDown();
  }

  /** To whom leads; several do for a while. */
  #propose(): void {
    for (const server of this.#cluster.running) {
      if (server.status().role !== 'leader') continue;
      const count = 1 + below(this.#random, 3);
      const commands = Array.from(
        { length: count },
        () => new Uint8Array(1 + below(this.#random, 20)),
      );
      server.propose(CommandSlab.of(...commands));
    }
  }

  #fault(name: Fault): void {
    const [cluster, random] = [this.#cluster, this.#random];
    const { running, ids } = cluster;
    const leader = running.find((server) => server.status().role === 'leader');
    switch (name) {
      case 'crash':
        if (running.length === 0) return;
        cluster.crash(pick(random, running).id);
        break;
      case 'crashLeader':
        if (leader === undefined) return;
        cluster.crash(leader.id);
        break;
      case 'powerCut':
        for (const { id } of running) cluster.crash(id);
        break;
      case 'restart': {
        const down = ids.filter((id) => cluster.find(id) === undefined);
        if (down.length === 0) return;
        cluster.start(pick(random, down));
        break;
      }
      case 'split': {
        const order = shuffled(random, ids);
        const cut = below(random, ids.length + 1);
        cluster.partition(order.slice(0, cut), order.slice(cut));
        break;
      }
      case 'isolateLeader':
        if (leader === undefined) return;
        cluster.partition(ids.filter((id) => id !== leader.id));
        break;
      case 'heal':
        cluster.heal();
        break;
      case 'otherNetwork':
        cluster.network.behaviour = drawNetwork(random);
        break;
      case 'transfer':
        if (leader?.transferLeadership(pick(random, ids)).kind !== 'begun') return;
        break;
    }
    this.#reach(name);
  }

  #reach(what: string): void {
    this.reached.set(what, (this.reached.get(what) ?? 0) + 1);
  }
}

/** A state machine without a state: a trace says nothing of commands. */
class Snapshotter implements Service {
  readonly #server: Server;
  readonly #every: number;
  #last = 0;

  constructor(server: Server, every: number) {
    this.#server = server;
    this.#every = every;
  }

  apply(batch: Batch): void {
    const index = lastIndexOf(batch);
    if (index < this.#last + this.#every) return;
    this.#last = index;
    this.#server.saveSnapshot(index, new Uint8Array(0));
  }

  restore({ index }: SnapshotMeta): void {
    this.#last = index;
  }
}

const FAULT_MIX = [
  ...(['crash', 'crashLeader', 'powerCut', 'restart', 'restart', 'restart', 'split'] as const),
  ...(['isolateLeader', 'heal', 'heal', 'heal', 'otherNetwork', 'transfer'] as const),
];
type Fault = (typeof FAULT_MIX)[number];

function drawOptions(random: Random): RaftOptions {
  const electionTimeoutMs = between(random, 60, 150);
  return {
    preVote: false,
    electionTimeoutMs,
    heartbeatIntervalMs: electionTimeoutMs / 3,
    checkQuorum: chance(random, 0.5),
    noopOnElection: chance(random, 0.7),
    commitNoticeDelayMs: pick(random, [0, 2, 1000]),
    maxAppendBytes: pick(random, [1, 200, 1_000_000]),
    maxInflightMessages: pick(random, [1, 4, 256]),
  };
}

function drawNetwork(random: Random): NetworkBehaviour {
  return faultyNetwork({
    minDelayMs: 0.2,
    maxDelayMs: pick(random, [1, 5, 20]),
    lossProbability: pick(random, [0, 0.05, 0.2]),
    duplicateProbability: pick(random, [0, 0.1]),
    heldUpProbability: pick(random, [0, 0.05]),
  });
}
