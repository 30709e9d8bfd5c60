/**
 * A cluster that stands still until it is told what happens next: which timer fires, which message
 * arrives, which write is done. For schedules that are chosen and not drawn, such as those of the
 * paper's figures.
 */

import {
  type Batch,
  commandBatch,
  configurationOf,
  type LogIndex,
  type Message,
  type Milliseconds,
  type NodeId,
  Raft,
  type RaftOptions,
  type RaftStatus,
  seededRandom,
  type Term,
} from '@quorate/core';
import { CommandSlab } from '@quorate/wire';
import { Disk } from './disk.ts';
import { LocalClock } from './local-clock.ts';
import type { Parcel } from './network.ts';
import { Properties } from './properties.ts';
import { Server } from './server.ts';
import { StoredLog } from './stored-log.ts';
import type { Task, Time, Timer } from './time.ts';

export interface StageConfig {
  /** The log of each server as the terms of its entries; servers are numbered from 1. */
  readonly logs: readonly (readonly number[])[];
  /** The term each server has stored; by default the last of its log. */
  readonly terms?: readonly number[];
  readonly options?: RaftOptions;
}

/** Without the refinements that would stand in the way of the paper's own schedules. */
const PLAIN: RaftOptions = { preVote: false, checkQuorum: false, noopOnElection: false };

type MessageFilter = (message: Message) => boolean;

export class Stage {
  readonly properties = new Properties();
  /** Sent and not yet delivered or dropped, oldest first. */
  readonly inFlight: Parcel[] = [];
  /** All batches that each server's state machine was given since it started. */
  readonly applied = new Map<NodeId, Batch[]>();
  readonly ids: readonly NodeId[];
  readonly #options: RaftOptions;
  readonly #clock = { now: 0 };
  readonly #timers = new Map<NodeId, HandTime>();
  readonly #diskTimers = new Map<NodeId, HandTime>();
  readonly #slowDisks = new Set<NodeId>();
  readonly #disks = new Map<NodeId, Disk>();
  readonly #servers = new Map<NodeId, Server>();

  constructor(config: StageConfig) {
    this.#options = { ...PLAIN, ...config.options };
    this.ids = config.logs.map((_, position) => (position + 1) as NodeId);
    for (const [position, terms] of config.logs.entries()) {
      const id = this.ids[position]!;
      const term = config.terms?.[position] ?? terms.at(-1) ?? 0;
      const stored = storedLogOf(this.ids, terms, term as Term);
      const timers = new HandTime(this.#clock);
      this.#diskTimers.set(id, timers);
      const duration = (): Milliseconds => (this.#slowDisks.has(id) ? 1 : 0);
      this.#disks.set(id, new Disk(timers, () => 0, duration, stored));
      this.#start(id);
    }
  }

  get now(): Milliseconds {
    return this.#clock.now;
  }

  server(id: number): Server {
    const server = this.#servers.get(id as NodeId);
    if (server === undefined) throw new Error(`server ${id} is down`);
    return server;
  }

  status(id: number): RaftStatus {
    return this.server(id).status();
  }

  /** The terms of the entries that a server has, the unwritten ones included. */
  logOf(id: number): number[] {
    return this.#disks
      .get(id as NodeId)!
      .latest.batches.flatMap(({ term, count }) => new Array<number>(count).fill(term));
  }

  /** Time passes, and no timer fires. */
  passTime(ms: Milliseconds): void {
    this.#clock.now += ms;
  }

  /** Time passes for this server until it runs for leader, or sends heartbeats. */
  timeout(id: number): void {
    const seen = () => {
      const { role, term } = this.status(id);
      const said = this.inFlight.filter(({ message }) => message.from === id).length;
      return `${role} ${term} ${said}`;
    };
    const before = seen();
    while (seen() === before) {
      this.#timers.get(id as NodeId)!.fire();
      this.#settle();
    }
  }

  /** `id` runs for leader and hears from these voters; what it sends to others is lost. */
  elect(id: number, ...voters: readonly number[]): void {
    this.timeout(id);
    this.deliver((message) => message.kind === 'requestVote' && voters.includes(message.to));
    this.deliver((message) => message.kind === 'requestVoteReply' && message.to === id);
    this.drop((message) => message.kind === 'requestVote' && message.from === id);
  }

  propose(id: number, text = 'command'): void {
    this.server(id).start(new TextEncoder().encode(text));
    this.#settle();
  }

  /** Delivers what is in flight now and passes; answers what was delivered. */
  deliver(filter: MessageFilter = () => true): Message[] {
    const parcels = this.#take(filter);
    for (const parcel of parcels) {
      this.#servers.get(parcel.message.to)?.receive(parcel);
      this.#settle();
    }
    return parcels.map(({ message }) => message);
  }

  /** Delivers among these servers until nothing more is said. Answers how many messages it took. */
  deliverAll(...among: readonly number[]): number {
    const ids = among.length === 0 ? this.ids : among;
    const isAmong = ({ from, to }: Message) => ids.includes(from) && ids.includes(to);
    for (let count = 0; ; ) {
      const delivered = this.deliver(isAmong).length;
      if (delivered === 0) return count;
      count += delivered;
    }
  }

  drop(filter: MessageFilter = () => true): Message[] {
    return this.#take(filter).map(({ message }) => message);
  }

  /** A message that is not in flight any more, or never was. */
  inject(message: Message): void {
    const snapshotData = message.kind === 'installSnapshot' ? new Uint8Array(0) : undefined;
    this.#servers.get(message.to)?.receive({ message, snapshotData });
    this.#settle();
  }

  /** From now on writes of this server wait for `finishWrite`. */
  slowDisk(id: number): void {
    this.#slowDisks.add(id as NodeId);
  }

  /** What the disk is at work on becomes durable; what was written meanwhile is next. */
  finishWrite(id: number): void {
    this.#diskTimers.get(id as NodeId)!.fire();
    this.#settle();
  }

  /** Writes in flight are lost. */
  crash(id: number): void {
    const server = this.server(id);
    this.#servers.delete(server.id);
    server.crash();
    this.properties.crashed(server);
    this.drop(({ from, to }) => from === id || to === id);
  }

  restart(id: number): void {
    this.#start(id as NodeId);
  }

  #start(id: NodeId): void {
    const time = new HandTime(this.#clock);
    this.#timers.set(id, time);
    const batches: Batch[] = [];
    this.applied.set(id, batches);
    const server = new Server({
      id,
      time,
      clock: new LocalClock(time),
      random: seededRandom(id),
      disk: this.#disks.get(id)!,
      options: this.#options,
      observer: this.properties,
      events: { ended: () => {}, lostWrites: () => {} },
      send: (parcel) => this.inFlight.push(parcel),
      makeService: () => ({ apply: (batch) => batches.push(batch), restore: () => {} }),
      applyDuration: () => 0,
      keepEntries: 0,
      makeCore: (config) => new Raft(config),
    });
    this.#servers.set(id, server);
    this.#settle();
  }

  #take(filter: MessageFilter): Parcel[] {
    const taken = this.inFlight.filter(({ message }) => filter(message));
    const left = this.inFlight.filter((parcel) => !taken.includes(parcel));
    this.inFlight.splice(0, this.inFlight.length, ...left);
    return taken;
  }

  #settle(): void {
    const all = [...this.#timers.values(), ...this.#diskTimers.values()];
    while (all.some((time) => time.runDue()));
  }
}

/** A log whose entries are told apart by their terms and positions. */
function storedLogOf(ids: readonly NodeId[], terms: readonly number[], term: Term): StoredLog {
  const stored = new StoredLog(configurationOf(ids));
  stored.hardState = { term, votedFor: undefined, commitIndex: 0 as LogIndex };
  stored.batches = terms.map((entryTerm, position) => entryOf(entryTerm, position + 1));
  return stored;
}

/** The command tells every entry from every other. */
export function entryOf(term: number, index: number): Batch {
  const command = new TextEncoder().encode(`${index}@${term}`);
  return commandBatch(term as Term, index as LogIndex, CommandSlab.of(command));
}

interface HandTimer {
  readonly at: Milliseconds;
  readonly action: () => void;
}

/** Timers that fire only when told to, on a clock that several share; delay 0 means at once. */
class HandTime implements Time {
  readonly #clock: { now: Milliseconds };
  readonly #timers = new Set<HandTimer>();
  #due: (() => void)[] = [];

  constructor(clock: { now: Milliseconds }) {
    this.#clock = clock;
  }

  now(): Milliseconds {
    return this.#clock.now;
  }

  after(delayMs: Milliseconds, action: () => void): Timer {
    if (delayMs <= 0) {
      this.#due.push(action);
      return { cancel: () => {} };
    }
    const timer = { at: this.#clock.now + delayMs, action };
    this.#timers.add(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
      },
    };
  }

  /** Runs what is due at once; answers whether there was anything. */
  runDue(): boolean {
    const due = this.#due;
    this.#due = [];
    for (const action of due) action();
    return due.length > 0;
  }

  /** The earliest timer fires, and the clock stands at its time. */
  fire(): void {
    const [first] = [...this.#timers].sort((a, b) => a.at - b.at);
    if (first === undefined) throw new Error('no timer is running');
    this.#timers.delete(first);
    this.#clock.now = Math.max(this.#clock.now, first.at);
    first.action();
  }

  block<Value>(): Promise<Value> {
    throw new Error('nothing waits on a stage');
  }

  spawn<Value>(): Task<Value> {
    throw new Error('nothing waits on a stage');
  }
}

/** An AppendEntries as a leader would send it. `previous` is an index and its term. */
export function appendEntries(from: {
  readonly from: number;
  readonly to: number;
  readonly term: number;
  readonly previous: readonly [index: number, term: number];
  readonly terms?: readonly number[];
  readonly leaderCommit?: number;
}): Message {
  const [prevLogIndex, prevLogTerm] = from.previous;
  const terms = from.terms ?? [];
  return {
    kind: 'appendEntries',
    from: from.from as NodeId,
    to: from.to as NodeId,
    term: from.term as Term,
    prevLogIndex: prevLogIndex as LogIndex,
    prevLogTerm: prevLogTerm as Term,
    leaderCommit: (from.leaderCommit ?? 0) as LogIndex,
    round: 0,
    batches: terms.map((term, at) => entryOf(term, prevLogIndex + 1 + at)),
  };
}

/** An InstallSnapshot as a leader would send it; its data is empty. */
export function installSnapshot(from: {
  readonly from: number;
  readonly to: number;
  readonly term: number;
  readonly last: readonly [index: number, term: number];
  readonly voters: readonly NodeId[];
}): Message {
  const [index, term] = from.last;
  const configuration = configurationOf(from.voters);
  return {
    kind: 'installSnapshot',
    from: from.from as NodeId,
    to: from.to as NodeId,
    term: from.term as Term,
    snapshot: { index: index as LogIndex, term: term as Term, configuration },
  };
}
