/**
 * One server: the real protocol core, driven by the rules that effects.ts of the core states, on a
 * simulated disk and network.
 *
 * Inputs are stepped as they come. What the core then wants done is carried out in a turn of its own
 * at the same instant, so that proposals made together become one append, as in the runtime's loop.
 */

import {
  type Batch,
  type Configuration,
  type Effects,
  type EntryId,
  type Input,
  indexAfter,
  type LogIndex,
  lastIndexOf,
  type Message,
  type Milliseconds,
  type NodeId,
  type Payload,
  type Proposed,
  Raft,
  type RaftOptions,
  type RaftStatus,
  type Random,
  type SnapshotMeta,
  type TraceEvent,
  type Write,
} from '@quorate/core';
import { CommandSlabBuilder } from '@quorate/wire';
import type { Disk } from './disk.ts';
import type { Parcel } from './network.ts';
import type { Time, Timer } from './time.ts';

/** The replicated state machine of one server. A new one is made for every start. */
export interface Service {
  /** Committed entries, each once and in log order. */
  apply(batch: Batch): void;
  /** Replaces the whole state. Also called at a start, with the stored snapshot, if there is one. */
  restore(snapshot: SnapshotMeta, data: Uint8Array): void;
}

/** Sees everything a server does, before anybody else does. */
export interface ServerObserver {
  started(server: Server): void;
  traced(server: Server, event: TraceEvent): void;
  /** A write is handed to the disk. */
  wrote(server: Server, write: Write): void;
  /** A message leaves; `isPromise` if it had to wait for the disk. */
  sent(server: Server, message: Message, isPromise: boolean): void;
  applied(server: Server, batch: Batch): void;
  /** A turn is over: everything the core wanted done is under way. */
  turned(server: Server): void;
}

export interface ServerConfig {
  readonly id: NodeId;
  readonly time: Time;
  readonly random: Random;
  readonly disk: Disk;
  readonly options: RaftOptions;
  readonly observer: ServerObserver;
  readonly send: (parcel: Parcel) => void;
  readonly makeService: (server: Server) => Service;
  /** How long the state machine takes for what was committed at once. */
  readonly applyDuration: () => Milliseconds;
  /** Entries before a snapshot that stay in the log, for followers that are only a little behind. */
  readonly keepEntries: number;
}

/** Effects of one turn, far above what any needs. */
const MAX_ROUNDS = 10_000;

export class Server {
  readonly id: NodeId;
  readonly disk: Disk;
  readonly service: Service;
  readonly #config: ServerConfig;
  readonly #raft: Raft;
  /** Data of snapshots that a leader sent, until the turn ends that takes or refuses them. */
  readonly #receivedSnapshots = new Map<LogIndex, Uint8Array>();
  /** Configurations applied since the stored snapshot, ascending. */
  #configurations: { readonly index: LogIndex; readonly configuration: Configuration }[] = [];
  /** Started in this instant and not yet in the log. */
  readonly #started = new CommandSlabBuilder();
  #isRunning = true;
  #isTurnDue = false;
  #timer: { readonly at: Milliseconds; readonly timer: Timer } | undefined;
  readonly #applyQueue: (() => void)[] = [];
  #appliedIndex: LogIndex;

  constructor(config: ServerConfig) {
    const { id, time, random, disk, options, observer } = config;
    this.id = id;
    this.disk = disk;
    this.#config = config;
    const stored = disk.durable;
    this.#appliedIndex = stored.snapshot.index;
    this.#raft = new Raft({
      id,
      stored: stored.toStoredState(),
      appliedIndex: this.#appliedIndex,
      now: time.now(),
      random,
      reader: { read: (from, through, maxBytes) => disk.durable.read(from, through, maxBytes) },
      options,
      trace: (event) => observer.traced(this, event),
    });
    this.service = config.makeService(this);
    if (stored.snapshot.index > 0) this.service.restore(stored.snapshot, stored.snapshotData);
    observer.started(this);
    this.#dueTurn();
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  get appliedIndex(): LogIndex {
    return this.#appliedIndex;
  }

  status(): RaftStatus {
    return this.#raft.status();
  }

  propose(payload: Payload): Proposed {
    this.#proposeStarted();
    const proposed = this.#raft.propose(payload, this.#now());
    this.#dueTurn();
    return proposed;
  }

  /**
   * The lab's contract: answers at once where the command will stand, if this server leads.
   * Commands started at one instant become one batch.
   */
  start(command: Uint8Array): EntryId | undefined {
    if (!this.#isRunning || !this.#raft.isLeader) return undefined;
    this.#started.append(command);
    this.#dueTurn();
    return { index: this.lastIndex, term: this.#raft.term };
  }

  /** Of the log, with what was started and not yet appended. */
  get lastIndex(): LogIndex {
    return indexAfter(this.#raft.lastIndex, this.#started.count);
  }

  receive(parcel: Parcel): void {
    const { message, snapshotData } = parcel;
    if (message.kind === 'installSnapshot' && snapshotData !== undefined) {
      this.#receivedSnapshots.set(message.snapshot.index, snapshotData);
    }
    this.#step({ kind: 'received', message });
  }

  peerUnreachable(peer: NodeId): void {
    this.#step({ kind: 'peerUnreachable', peer });
  }

  snapshotSent(to: NodeId, isDelivered: boolean): void {
    this.#step({ kind: 'snapshotSent', to, isDelivered });
  }

  /** The service's state after the entry at `index`, so that the log up to there can go (§7). */
  saveSnapshot(index: LogIndex, data: Uint8Array): void {
    // A snapshot from the leader may be newer already, and the log before it gone.
    if (index <= this.disk.latest.snapshot.index) return;
    const term = this.disk.latest.termAt(index);
    if (term === undefined || index > this.#appliedIndex) {
      throw new RangeError(`no snapshot can be taken at ${index}: applied ${this.#appliedIndex}`);
    }
    const snapshot = { index, term, configuration: this.#configurationAt(index) };
    const { keepEntries } = this.#config;
    this.disk.saveSnapshot(snapshot, data, () => {
      if (this.disk.durable.snapshot !== snapshot) return;
      this.#step({ kind: 'snapshotSaved', snapshot, keepEntries });
      this.disk.dropBefore(this.#raft.status().firstIndex);
    });
  }

  /** Nothing happens here any more; what the disk holds is all that is left. */
  crash(): void {
    this.#isRunning = false;
    this.#timer?.timer.cancel();
    this.disk.crash();
  }

  #now(): Milliseconds {
    return this.#config.time.now();
  }

  #proposeStarted(): void {
    if (this.#started.count === 0) return;
    const proposed = this.#raft.propose(this.#started.seal(), this.#now());
    if (proposed.kind === 'refused')
      throw new Error(`started and then refused: ${proposed.reason}`);
  }

  #step(input: Input): void {
    if (!this.#isRunning) return;
    this.#proposeStarted();
    this.#raft.step(input, this.#now());
    this.#dueTurn();
  }

  #dueTurn(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    this.#config.time.after(0, () => {
      this.#isTurnDue = false;
      if (this.#isRunning) this.#turn();
    });
  }

  #turn(): void {
    this.#proposeStarted();
    for (let rounds = 0; ; rounds++) {
      const effects = this.#raft.takeEffects(this.#now());
      if (effects === undefined) break;
      if (rounds > MAX_ROUNDS) throw new Error(`server ${this.id} never runs out of effects`);
      this.#carryOut(effects);
    }
    this.#receivedSnapshots.clear();
    this.#setTimer();
    this.#config.observer.turned(this);
  }

  #carryOut(effects: Effects): void {
    const { messages, write, messagesAfterWrite, restore, committed } = effects;
    this.#send(messages, false);
    if (write !== undefined) this.#write(write);
    if (messagesAfterWrite.length > 0) {
      this.disk.afterWrites(() => {
        if (this.#isRunning) this.#send(messagesAfterWrite, true);
      });
    }
    if (restore !== undefined) {
      const data = this.#receivedSnapshots.get(restore.index);
      if (data === undefined) throw new Error(`no data came with the snapshot of ${restore.index}`);
      this.#enqueueApply(() => this.#restore(restore, data));
    }
    if (committed.length > 0) this.#enqueueApply(() => this.#apply(committed));
  }

  #write(write: Write): void {
    this.#config.observer.wrote(this, write);
    const data = write.snapshot && this.#receivedSnapshots.get(write.snapshot.index);
    this.disk.write(write, data, () => this.#step({ kind: 'written', sequence: write.sequence }));
  }

  #send(messages: readonly Message[], isPromise: boolean): void {
    for (const message of messages) {
      this.#config.observer.sent(this, message, isPromise);
      this.#config.send(this.#parcel(message));
    }
  }

  /** A snapshot is sent as it is stored now, which may be newer than the one that was named. */
  #parcel(message: Message): Parcel {
    if (message.kind !== 'installSnapshot') return { message, snapshotData: undefined };
    const { snapshot, snapshotData } = this.disk.durable;
    return { message: { ...message, snapshot }, snapshotData };
  }

  #enqueueApply(work: () => void): void {
    this.#applyQueue.push(work);
    if (this.#applyQueue.length === 1) this.#dueApply();
  }

  #dueApply(): void {
    this.#config.time.after(this.#config.applyDuration(), () => {
      if (!this.#isRunning) return;
      this.#applyQueue[0]!();
      this.#applyQueue.shift();
      if (this.#applyQueue.length > 0) this.#dueApply();
      this.#step({ kind: 'applied', index: this.#appliedIndex });
    });
  }

  #apply(committed: readonly Batch[]): void {
    for (const batch of committed) {
      if (batch.kind === 'configuration') {
        const { firstIndex: index, configuration } = batch;
        this.#configurations.push({ index, configuration });
      }
      this.#config.observer.applied(this, batch);
      this.#appliedIndex = lastIndexOf(batch);
      this.service.apply(batch);
    }
  }

  #restore(snapshot: SnapshotMeta, data: Uint8Array): void {
    this.#appliedIndex = snapshot.index;
    this.#configurations = [snapshot];
    this.service.restore(snapshot, data);
  }

  #configurationAt(index: LogIndex): Configuration {
    const applied = this.#configurations.findLast((entry) => entry.index <= index);
    return applied?.configuration ?? this.disk.durable.snapshot.configuration;
  }

  #setTimer(): void {
    const deadline = this.#raft.nextDeadline;
    if (this.#timer !== undefined && this.#timer.at <= deadline) return;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    if (deadline === Number.POSITIVE_INFINITY) return;
    const timer = this.#config.time.after(deadline - this.#now(), () => {
      this.#timer = undefined;
      // The deadline may have moved since: then only the timer is set anew.
      if (this.#raft.nextDeadline > this.#now()) this.#setTimer();
      else this.#step({ kind: 'timePassed' });
    });
    this.#timer = { at: deadline, timer };
  }
}
