/**
 * The lab's "config": servers, the network between them, and the questions its tests ask. What each
 * helper demands is section for section that of the MIT lab's own harness.
 */

import {
  type EntryId,
  type NodeId,
  type RaftOptions,
  type Random,
  seededRandom,
} from '@quorate/core';
import { encodedWriteSize } from '@quorate/wire';
import { Cluster, evenly } from '../cluster.ts';
import { below, between, seedFrom } from '../dice.ts';
import type { WriteDuration } from '../disk.ts';
import type { Traffic } from '../network.ts';
import { labNetwork } from '../network-behaviour.ts';
import type { Server, Service } from '../server.ts';
import { sleep, type Time } from '../time.ts';
import { expect } from './failure.ts';
import { AppliedLogs, Recorder } from './recorder.ts';
import { encodeValue, type Value } from './value.ts';

/**
 * Every option that differs from the defaults, and why.
 *
 * - The lab counts indexes, so no entry may open a term.
 * - It counts calls. A commit is announced after 20 ms instead of at once, so that the news rides
 *   on the next command where they follow each other closely; by heartbeat the tests would last
 *   longer and count more heartbeats.
 * - Seven heartbeats a second and follower: the lab asks for ten at most, and idle time is most of
 *   what its tests count.
 * - Pre-vote and check-quorum stay on: a leader that is cut off falls silent after one timeout,
 *   and a follower that returns deposes nobody. With both off TestLeaderFailure3B takes 190 calls
 *   instead of 95, with pre-vote off TestFailAgree3B 118 instead of 86.
 * - A new leader is expected within 5 s, at looks 0.5 s apart, so elections are quicker than usual.
 */
export const LAB_OPTIONS: RaftOptions = {
  heartbeatIntervalMs: 150,
  electionTimeoutMs: 500,
  commitNoticeDelayMs: 20,
  noopOnElection: false,
};

export interface LabSetup {
  readonly peers: number;
  readonly isUnreliable: boolean;
  /** A call over a cut link fails after up to 7 s, and not after up to 0.1 s. */
  readonly hasLongDelays: boolean;
  readonly writeDuration: WriteDuration;
}

/** The lab's persister is memory. */
export const MEMORY: WriteDuration = evenly(0.01, 0.1);
/** As an SSD. */
export const SOLID_STATE: WriteDuration = evenly(2, 6);

/** A cluster with a connection switch for each server, as the lab has it. */
export class LabCluster {
  readonly time: Time;
  readonly random: Random;
  readonly cluster: Cluster;
  readonly #setup: LabSetup;
  readonly #connected = new Set<NodeId>();

  constructor(time: Time, seed: number, setup: LabSetup, makeService: (server: Server) => Service) {
    this.time = time;
    this.#setup = setup;
    this.cluster = new Cluster({
      time,
      seed,
      size: setup.peers,
      options: LAB_OPTIONS,
      network: labNetwork({ isReliable: !setup.isUnreliable, isReordering: false, ...setup }),
      makeService,
      writeDuration: setup.writeDuration,
      applyDuration: () => 0,
      keepEntries: 0,
      tellsLoss: false,
      watch: () => {},
    });
    this.random = seededRandom(seedFrom(this.cluster.random));
    for (const id of this.ids) this.#connected.add(id);
  }

  get ids(): readonly NodeId[] {
    return this.cluster.ids;
  }

  get size(): number {
    return this.ids.length;
  }

  get majority(): number {
    return Math.floor(this.size / 2) + 1;
  }

  get traffic(): Traffic {
    return this.cluster.network.traffic;
  }

  sleep(delayMs: number): Promise<void> {
    return sleep(this.time, delayMs);
  }

  setNetwork(network: { readonly isUnreliable: boolean; readonly isReordering: boolean }): void {
    const { isUnreliable, isReordering } = network;
    const { hasLongDelays } = this.#setup;
    this.cluster.network.behaviour = labNetwork({
      isReliable: !isUnreliable,
      isReordering,
      hasLongDelays,
    });
  }

  isConnected(id: NodeId): boolean {
    return this.#connected.has(id);
  }

  connect(...ids: readonly NodeId[]): void {
    for (const id of ids) this.#connected.add(id);
    this.cluster.partition([...this.#connected]);
  }

  /** Cuts all links of these servers, in both directions; they run on. */
  disconnect(...ids: readonly NodeId[]): void {
    for (const id of ids) this.#connected.delete(id);
    this.cluster.partition([...this.#connected]);
  }

  isUp(id: NodeId): boolean {
    return this.cluster.find(id) !== undefined;
  }

  crash(id: NodeId): void {
    this.disconnect(id);
    if (this.isUp(id)) this.cluster.crash(id);
  }

  /** A new instance on the old disk. It is not connected yet. */
  restart(id: NodeId): void {
    this.crash(id);
    this.cluster.start(id);
  }

  /** Bytes of the saved Raft state: what a restart reads, without the snapshot's data. */
  stateSize(id: NodeId): number {
    return encodedWriteSize(this.cluster.disk(id).latest);
  }

  largestState(): number {
    return Math.max(...this.ids.map((id) => this.stateSize(id)));
  }

  /** The server after `id`, going round. */
  after(id: NodeId, steps = 1): NodeId {
    return this.ids[(this.ids.indexOf(id) + steps) % this.size]!;
  }

  /** One leader among the connected servers, within about 5 s. */
  async oneLeader(): Promise<NodeId> {
    for (let look = 0; look < 10; look++) {
      await this.sleep(between(this.random, 450, 549));
      const leaders = new Map<number, NodeId>();
      for (const id of this.#connectedUp()) {
        const { role, term } = this.cluster.get(id).status();
        if (role !== 'leader') continue;
        expect(!leaders.has(term), `term ${term} has the leaders ${leaders.get(term)} and ${id}`);
        leaders.set(term, id);
      }
      if (leaders.size > 0) return leaders.get(Math.max(...leaders.keys()))!;
    }
    expect(false, 'expected one leader, got none');
  }

  #connectedUp(): readonly NodeId[] {
    return this.ids.filter((id) => this.isConnected(id) && this.isUp(id));
  }

  /** All connected servers name this term. */
  sameTerms(): number {
    const terms = new Set(this.#connectedUp().map((id) => this.cluster.get(id).status().term));
    expect(terms.size === 1, `servers disagree on the term: ${[...terms].join(', ')}`);
    return [...terms][0]!;
  }

  /** No connected server says that it leads. */
  noLeader(): void {
    for (const id of this.#connectedUp()) {
      const { role, term } = this.cluster.get(id).status();
      expect(role !== 'leader', `expected no leader, but ${id} leads term ${term}`);
    }
  }
}

const AGREEMENT_MS = 10_000;
const APPLICATION_MS = 2_000;
const LOOK_EVERY_MS = 20;
const NO_LEADER_PAUSE_MS = 50;

export class Lab extends LabCluster {
  readonly logs: AppliedLogs;
  #nextToAsk = 0;

  constructor(time: Time, seed: number, setup: LabSetup & { readonly takesSnapshots: boolean }) {
    const logs = new AppliedLogs();
    super(time, seed, setup, (server) => new Recorder(server, logs, setup.takesSnapshots));
    this.logs = logs;
  }

  /** A command nobody else uses. */
  value(): Value {
    return below(this.random, 2 ** 53);
  }

  /** Offers a command to one server; undefined if it does not lead. */
  start(id: NodeId, value: Value): EntryId | undefined {
    return this.cluster.find(id)?.start(encodeValue(value));
  }

  /** How many servers have applied something at `index`. */
  appliedBy(index: number): number {
    return this.logs.at(index).count;
  }

  /**
   * For at most 10 s: offers `value` to the connected servers in turn until one takes it, then waits
   * up to 2 s for `servers` of them to have applied it. Without `retry` that one wait decides; with
   * it `value` is offered again, and so may be committed twice.
   */
  async agree(value: Value, servers: number, retry: 'retry' | 'once'): Promise<number> {
    const end = this.time.now() + AGREEMENT_MS;
    while (this.time.now() < end) {
      const index = this.#offerToAll(value);
      if (index === undefined) {
        await this.sleep(NO_LEADER_PAUSE_MS);
      } else if (await this.#isApplied(index, value, servers)) {
        return index;
      } else if (retry === 'once') {
        break;
      }
    }
    expect(false, `${servers} servers did not agree on ${String(value).slice(0, 40)}`);
  }

  #offerToAll(value: Value): number | undefined {
    for (let asked = 0; asked < this.size; asked++) {
      this.#nextToAsk = (this.#nextToAsk + 1) % this.size;
      const id = this.ids[this.#nextToAsk]!;
      const entry = this.isConnected(id) ? this.start(id, value) : undefined;
      if (entry !== undefined) return entry.index;
    }
    return undefined;
  }

  async #isApplied(index: number, value: Value, servers: number): Promise<boolean> {
    const end = this.time.now() + APPLICATION_MS;
    while (this.time.now() < end) {
      const applied = this.logs.at(index);
      if (applied.count >= servers && applied.value === value) return true;
      await this.sleep(LOOK_EVERY_MS);
    }
    return false;
  }

  /**
   * Waits up to some 30 s until `servers` servers have applied something at `index`, and answers
   * what. Undefined as soon as somebody's term is above `startTerm`.
   */
  async waitFor(index: number, servers: number, startTerm?: number): Promise<Value | undefined> {
    let pauseMs = 10;
    for (let look = 0; look < 30 && this.appliedBy(index) < servers; look++) {
      await this.sleep(pauseMs);
      if (pauseMs < 1000) pauseMs *= 2;
      if (startTerm !== undefined && this.#highestTerm() > startTerm) return undefined;
    }
    const { count, value } = this.logs.at(index);
    expect(count >= servers, `only ${count} of ${servers} servers applied index ${index}`);
    return value;
  }

  #highestTerm(): number {
    return Math.max(...this.cluster.running.map((server) => server.status().term));
  }
}
