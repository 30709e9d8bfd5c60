/**
 * One server: the real protocol core, driven by the rules that effects.ts of the core states, on a
 * simulated disk and network.
 *
 * Inputs are stepped as they come. What the core then wants done is carried out in a turn of its own
 * at the same instant, so that proposals made together become one append, as in the runtime's loop.
 */

import {
  type Batch,
  type ChangeAnswer,
  type ChangeMode,
  type Effects,
  type EntryId,
  type ForwardResult,
  type Input,
  indexAfter,
  type LogIndex,
  type Membership,
  type Message,
  type Milliseconds,
  type NodeId,
  type Payload,
  type Proposed,
  type Raft,
  type RaftOptions,
  type RaftStatus,
  type ReadResult,
  type TransferAnswer,
  type Write,
} from '@quorate/core';
import { CommandSlabBuilder } from '@quorate/wire';
import { Applier } from './applier.ts';
import { chance } from './dice.ts';
import type { Disk } from './disk.ts';
import { Gate } from './gate.ts';
import type { Parcel } from './network.ts';
import type { EndReason, ServerConfig, Service } from './server-config.ts';
import type { Timer } from './time.ts';

export type {
  EndReason,
  MakeCore,
  ServerConfig,
  ServerEvents,
  ServerObserver,
  Service,
} from './server-config.ts';

/** Effects of one turn, far above what any needs. */
const MAX_ROUNDS = 10_000;

export class Server {
  readonly id: NodeId;
  readonly disk: Disk;
  readonly service: Service;
  readonly #config: ServerConfig;
  readonly #raft: Raft;
  readonly #gate = new Gate();
  readonly #applier: Applier;
  /** Data of snapshots that a leader sent, until the turn ends that takes or refuses them. */
  readonly #receivedSnapshots = new Map<LogIndex, Uint8Array>();
  /** Started in this instant and not yet in the log. */
  readonly #started = new CommandSlabBuilder();
  /** Who asked, by the number of the question. */
  readonly #reads = new Map<number, (result: ReadResult) => void>();
  readonly #forwards = new Map<number, (result: ForwardResult) => void>();
  #isRunning = true;
  #isTurnDue = false;
  #timer: { readonly at: Milliseconds; readonly timer: Timer } | undefined;

  constructor(config: ServerConfig) {
    const { id, random, disk, options, observer } = config;
    this.id = id;
    this.disk = disk;
    this.#config = config;
    disk.attach({
      failed: (failure) => this.#gate.pass(() => this.#end(failure)),
      lostWrites: (count, isTorn) => config.events.lostWrites(count, isTorn),
    });
    const { snapshot, snapshotData } = disk.durable;
    this.#raft = config.makeCore({
      id,
      stored: disk.durable.toStoredState(),
      appliedIndex: snapshot.index,
      now: this.#now(),
      random,
      reader: { read: (from, through, maxBytes) => this.#readBack(from, through, maxBytes) },
      options,
      trace: (event) => observer.traced(this, event),
    });
    this.service = config.makeService(this);
    if (snapshot.index > 0) this.service.restore(snapshot, snapshotData);
    this.#applier = new Applier({
      service: this.service,
      snapshot,
      later: (action) => {
        config.time.after(config.applyDuration(), () => this.#gate.pass(action));
      },
      onBatch: (batch) => observer.applied(this, batch),
      onApplied: (index) => this.#step({ kind: 'applied', index }),
    });
    observer.started(this);
    this.#dueTurn();
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  get options(): RaftOptions {
    return this.#config.options;
  }

  /** What the machine's clock shows. */
  get localTime(): Milliseconds {
    return this.#now();
  }

  get isFrozen(): boolean {
    return this.#gate.isFrozen;
  }

  get isAtRest(): boolean {
    return this.#raft.isAtRest;
  }

  get appliedIndex(): LogIndex {
    return this.#applier.appliedIndex;
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

  /**
   * Asks how far this server must have applied before a read of its state is linearizable.
   *
   * @param id New for ever, as `readRequested` demands. @param onResult Not called if this server ends.
   */
  read(id: number, onResult: (result: ReadResult) => void): void {
    this.#reads.set(id, onResult);
    this.#step({ kind: 'readRequested', id });
  }

  /** Commands for whoever leads. `id` as above; an answer may never come: messages are lost. */
  forward(id: number, payload: Payload, onResult: (result: ForwardResult) => void): void {
    this.#forwards.set(id, onResult);
    this.#step({ kind: 'forwardRequested', id, payload });
  }

  changeMembership(target: Membership, mode: ChangeMode = 'at-once'): ChangeAnswer {
    this.#proposeStarted();
    const answer = this.#raft.changeMembership(target, this.#now(), mode);
    this.#dueTurn();
    return answer;
  }

  transferLeadership(to: NodeId | undefined): TransferAnswer {
    this.#proposeStarted();
    const answer = this.#raft.transferLeadership(to, this.#now());
    this.#dueTurn();
    return answer;
  }

  /** Runs `action` once the state machine stands at `index`, unless this server ends before. */
  whenApplied(index: LogIndex, action: () => void): void {
    this.#applier.whenApplied(index, action);
  }

  /** Runs `action` now or, if the process is frozen, when it thaws; never if it ends before. */
  whenAwake(action: () => void): void {
    this.#gate.pass(action);
  }

  receive(parcel: Parcel): void {
    this.#gate.pass(() => {
      const { message, snapshotData } = parcel;
      if (message.kind === 'installSnapshot' && snapshotData !== undefined) {
        this.#receivedSnapshots.set(message.snapshot.index, snapshotData);
      }
      this.#step({ kind: 'received', message });
    });
  }

  /** News of what became of messages, or of other processes. */
  hear(news: Input): void {
    this.#gate.pass(() => this.#step(news));
  }

  /** The service's state after the entry at `index`, so that the log up to there can go (§7). */
  saveSnapshot(index: LogIndex, data: Uint8Array): void {
    // A snapshot from the leader may be newer already, and the log before it gone.
    if (index <= this.disk.latest.snapshot.index) return;
    const term = this.disk.latest.termAt(index);
    if (term === undefined || index > this.appliedIndex) {
      throw new RangeError(`no snapshot can be taken at ${index}: applied ${this.appliedIndex}`);
    }
    const snapshot = { index, term, configuration: this.#applier.configurationAt(index) };
    const { keepEntries } = this.#config;
    const onSaved = () => {
      if (this.disk.durable.snapshot !== snapshot) return;
      this.#step({ kind: 'snapshotSaved', snapshot, keepEntries });
      this.disk.dropBefore(this.#raft.status().firstIndex);
    };
    this.disk.saveSnapshot(snapshot, data, () => this.#gate.pass(onSaved));
  }

  /** Nothing gets into the process any more, until `thaw`. Its disk and its clock go on. */
  freeze(): void {
    this.#gate.freeze();
  }

  thaw(): void {
    this.#gate.thaw(chance(this.#config.random, 0.5));
  }

  /** Until then, by its own clock, time alone changes nothing here. */
  get msToDeadline(): Milliseconds {
    return this.#raft.nextDeadline - this.#now();
  }

  /** The machine's clock has been set: what was due then is due sooner or later now. */
  clockWasSet(): void {
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    this.#gate.pass(() => this.#setTimer());
  }

  /** Nothing happens here any more; what the disk holds is all that is left. */
  crash(survivingWrites?: number): void {
    this.#stop();
    this.disk.crash(survivingWrites);
  }

  #end(reason: EndReason): void {
    this.#stop();
    this.#config.events.ended(reason);
  }

  #stop(): void {
    this.#isRunning = false;
    this.#gate.close();
    this.#timer?.timer.cancel();
  }

  #now(): Milliseconds {
    return this.#config.clock.now();
  }

  /** Old entries. A disk that cannot read them ends the server, as one that cannot write does. */
  #readBack(from: LogIndex, through: LogIndex, maxBytes: number): readonly Batch[] {
    const batches = this.disk.read(from, through, maxBytes);
    if (batches === undefined) throw new DiskReadError();
    return batches;
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
    if (input.kind === 'received') this.#config.observer.received(this, input.message);
    this.#raft.step(input, this.#now());
    this.#dueTurn();
  }

  #dueTurn(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    this.#config.time.after(0, () => {
      this.#gate.pass(() => {
        this.#isTurnDue = false;
        this.#turn();
      });
    });
  }

  #turn(): void {
    try {
      this.#proposeStarted();
      for (let rounds = 0; this.#isRunning; rounds++) {
        const effects = this.#raft.takeEffects(this.#now());
        if (effects === undefined) break;
        if (rounds > MAX_ROUNDS) throw new Error(`server ${this.id} never runs out of effects`);
        this.#carryOut(effects);
      }
    } catch (error) {
      if (!(error instanceof DiskReadError)) throw error;
      // What it was writing ends with it.
      this.disk.crash();
      this.#end('read');
    }
    if (!this.#isRunning) return;
    this.#receivedSnapshots.clear();
    this.#setTimer();
    this.#config.observer.turned(this);
  }

  #carryOut(effects: Effects): void {
    const { messages, write, messagesAfterWrite, restore, committed, reads, forwarded } = effects;
    this.#send(messages, false);
    if (write !== undefined) this.#write(write);
    if (!this.#isRunning) return;
    if (messagesAfterWrite.length > 0) {
      this.disk.afterWrites(() => this.#gate.pass(() => this.#send(messagesAfterWrite, true)));
    }
    if (restore !== undefined) {
      const data = this.#receivedSnapshots.get(restore.index);
      if (data === undefined) throw new Error(`no data came with the snapshot of ${restore.index}`);
      this.#applier.restore(restore, data);
    }
    if (committed.length > 0) this.#applier.apply(committed);
    for (const result of reads) answer(this.#reads, result);
    for (const result of forwarded) answer(this.#forwards, result);
  }

  #write(write: Write): void {
    this.#config.observer.wrote(this, write);
    const data = write.snapshot && this.#receivedSnapshots.get(write.snapshot.index);
    const onDurable = () => this.#step({ kind: 'written', sequence: write.sequence });
    this.disk.write(write, data, () => this.#gate.pass(onDurable));
  }

  #send(messages: readonly Message[], isPromise: boolean): void {
    for (const message of messages) {
      const parcel = this.#parcel(message);
      this.#config.observer.sent(this, parcel.message, isPromise);
      this.#config.send(parcel);
    }
  }

  /** A snapshot is sent as it is stored now, which may be newer than the one that was named. */
  #parcel(message: Message): Parcel {
    if (message.kind !== 'installSnapshot') return { message, snapshotData: undefined };
    const { snapshot, snapshotData } = this.disk.durable;
    return { message: { ...message, snapshot }, snapshotData };
  }

  #setTimer(): void {
    const deadline = this.#raft.nextDeadline;
    if (this.#timer !== undefined && this.#timer.at <= deadline) return;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    if (deadline === Infinity) return;
    const { time, clock } = this.#config;
    const onTime = () => {
      this.#timer = undefined;
      // The deadline may have moved since: then only the timer is set anew.
      if (this.#raft.nextDeadline > this.#now()) this.#setTimer();
      else this.#step({ kind: 'timePassed' });
    };
    const timer = time.after(clock.trueDelayUntil(deadline), () => this.#gate.pass(onTime, true));
    this.#timer = { at: deadline, timer };
  }
}

/** Entries that were asked of the disk cannot be read. */
class DiskReadError extends Error {
  override readonly name = 'DiskReadError';
}

/** Tells whoever asked, if it was asked here and is still open. */
function answer<Result extends { readonly id: number }>(
  open: Map<number, (result: Result) => void>,
  result: Result,
): void {
  open.get(result.id)?.(result);
  open.delete(result.id);
}
