/**
 * The parts of one running server and how they are joined: callers and peers on one side, disk and
 * state machine on the other, and between them the loop around the core.
 */

import {
  bytesOf,
  type Effects,
  type ForwardProposal,
  INDEX_ZERO,
  type Input,
  type InstallSnapshot,
  type LogIndex,
  type Message,
  type Milliseconds,
  membersOf,
  type NodeId,
  Raft,
  type Random,
  type SnapshotMeta,
} from '@quorate/core';
import type { Leadership, LogLine, RaftNodeOptions } from './api.ts';
import { Applier, type ApplyObserver } from './apply/applier.ts';
import { Snapshots } from './apply/snapshots.ts';
import type { Throttle } from './apply/throttle.ts';
import type { AppliedRange } from './calls/placed-proposals.ts';
import { Proposals } from './calls/proposals.ts';
import { RareCalls } from './calls/rare-calls.ts';
import { RaftError } from './errors.ts';
import { type LoopHost, RaftLoop } from './loop/raft-loop.ts';
import type { Scheduler } from './loop/scheduler.ts';
import { MembershipWatch } from './membership-watch.ts';
import { LARGEST_COMMAND_BYTES, type ResolvedOptions } from './options.ts';
import type { GroupReceiver, GroupTransport, IncomingSnapshot } from './peers/transport.ts';
import { reasonOf } from './reason-of.ts';
import type { StateMachine } from './state-machine.ts';
import type { Log, Storage } from './storage/storage.ts';

/** The most that may wait for a leader, in bytes of commands. */
const MAX_WAITING_BYTES = 2 * LARGEST_COMMAND_BYTES;

export interface RuntimeParts<Result> {
  readonly options: RaftNodeOptions<Result>;
  readonly resolved: ResolvedOptions<Result>;
  readonly storage: Storage;
  readonly machine: StateMachine<Result>;
  /** Where the machine stands. */
  readonly appliedIndex: LogIndex;
  readonly transport: GroupTransport;
  /** Spreads the election timeouts. */
  readonly random: Random;
  /** Gives this server its turns. */
  readonly scheduler: Scheduler;
  /** For the snapshots that it sends. */
  readonly throttle: Throttle;
  readonly log: LogLine;
}

export class Runtime<Result> implements GroupReceiver, ApplyObserver<Result>, LoopHost {
  readonly raft: Raft;
  readonly log: Log;
  readonly transport: GroupTransport;
  readonly stallLimitMs: Milliseconds;
  /** The node cannot go on. Called once. */
  readonly fail: (error: unknown) => void;
  readonly proposals: Proposals<Result>;
  readonly calls: RareCalls;
  readonly membership: MembershipWatch;
  readonly #parts: RuntimeParts<Result>;
  readonly #onLeft: (reason: RaftError) => void;
  readonly #loop: RaftLoop;
  readonly #applier: Applier<Result>;
  readonly #snapshots: Snapshots;
  readonly #listeners = new Set<(leadership: Leadership) => void>();
  #leadership: Leadership;
  /** What the core has heard of. */
  #reportedIndex: LogIndex;
  /** Of entries and commands that peers have sent since the last turn. */
  #inboxBytes = 0;
  /** Callers have been told that this server was removed. */
  #hasLeft = false;

  constructor(
    parts: RuntimeParts<Result>,
    {
      onFailure,
      onLeft,
    }: {
      /** Called once when the node cannot go on. */
      readonly onFailure: (error: unknown) => void;
      /** Called once when this server was removed, and all is applied that it will ever hear of. */
      readonly onLeft: (reason: RaftError) => void;
    },
  ) {
    const { options, resolved, storage, machine, appliedIndex } = parts;
    this.#parts = parts;
    this.fail = onFailure;
    this.#onLeft = onLeft;
    this.log = storage.log;
    this.transport = parts.transport;
    this.#reportedIndex = appliedIndex;
    this.raft = new Raft({
      id: options.id as NodeId,
      stored: storage.stored,
      appliedIndex,
      now: now(),
      random: parts.random,
      reader: storage.log.reader,
      options: resolved.raft,
      ...(options.trace && { trace: options.trace }),
    });
    this.#leadership = this.#currentLeadership();

    const { electionTimeoutMs, heartbeatIntervalMs } = resolved.raft;
    const limits = {
      maxCommandBytes: resolved.maxCommandBytes,
      maxPendingBytes: resolved.maxPendingBytes,
      maxPendingReads: resolved.maxPendingReads,
      maxWaitingBytes: MAX_WAITING_BYTES,
      retryDelayMs: heartbeatIntervalMs,
      answerTimeoutMs: 2 * electionTimeoutMs,
    };
    this.stallLimitMs = electionTimeoutMs;
    const wake = () => this.#loop.wake();
    const notLeader = () => this.membership.notLeader();
    const callHost = { raft: this.raft, now, wallTime: Date.now, wake, notLeader };
    const hasRoomFor = (byteLength: number) => this.#hasRoomFor(byteLength);
    this.proposals = new Proposals<Result>(callHost, hasRoomFor, limits, appliedIndex);
    this.calls = new RareCalls(callHost, {
      ...{ limits, appliedIndex, atStart: options.peers, patienceMs: electionTimeoutMs },
      takesAddresses: parts.transport.takesAddresses,
    });
    const { raft } = this;
    const id = options.id as NodeId;
    const { transport, log } = parts;
    this.membership = new MembershipWatch({ raft, id, atStart: options.peers, transport, log });
    const openSnapshot = (snapshot: SnapshotMeta) => storage.snapshots.open(snapshot);
    const { snapshotEntries: pauseEvery } = resolved;
    const start = { machine, observer: this, openSnapshot, now, appliedIndex, pauseEvery };
    this.#applier = new Applier(start);
    this.#snapshots = this.#makeSnapshots();
    this.#loop = new RaftLoop(this, parts.scheduler);
  }

  /** Peers may call from now on, and time begins to run. */
  async open(): Promise<void> {
    await this.#parts.transport.open(this);
    this.#warnOfStrangers();
    this.membership.look();
    this.#loop.wake();
  }

  /** Lets go of everything but the state machine. Callers that still wait hear `reason`. */
  async stop(reason: RaftError): Promise<void> {
    this.#loop.stop();
    this.#failCalls(reason);
    await this.#parts.transport.close();
    await this.#snapshots.stop();
    await this.#applier.stop();
    await this.#parts.storage.close();
  }

  /** The core gives up by then. */
  get handOverLimitMs(): Milliseconds {
    return this.#parts.resolved.raft.electionTimeoutMs;
  }

  get appliedIndex(): LogIndex {
    return this.#applier.appliedIndex;
  }

  onLeadership(listener: (leadership: Leadership) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // What peers send.

  received(message: Message): void {
    const { kind } = message;
    if (kind === 'appendEntries' && !this.#takesIn(bytesOf(message.batches))) {
      // Without its entries the message is a heartbeat: we keep our leader and take nothing in.
      this.#loop.post({ kind: 'received', message: { ...message, batches: [] } });
    } else if (kind === 'forwardProposal' && !this.#takesIn(message.payload.byteLength)) {
      this.#refuseForwarded(message);
    } else {
      this.#loop.post({ kind: 'received', message });
    }
  }

  /** Is there room on the disk, besides what the log hears of with this turn? */
  #takesIn(byteLength: number): boolean {
    const wanted = this.#inboxBytes + byteLength;
    if (byteLength > 0 && !this.#hasRoomFor(wanted)) return false;
    this.#inboxBytes = wanted;
    return true;
  }

  #hasRoomFor(byteLength: number): boolean {
    const hasRoom = this.log.hasRoomFor(byteLength);
    if (!hasRoom) this.#snapshots.makeRoom();
    return hasRoom;
  }

  /** The commands stay where they are, and come again for as long as their callers wait. */
  #refuseForwarded({ from: to, to: from, id }: ForwardProposal): void {
    const { term } = this.raft;
    this.#parts.transport.send({
      kind: 'forwardReply',
      from,
      to,
      term,
      id,
      firstIndex: INDEX_ZERO,
    });
    this.#loop.wake();
  }

  unreachable(peer: NodeId): void {
    this.#loop.post({ kind: 'peerUnreachable', peer });
  }

  removed(by: NodeId): void {
    this.membership.toldOff(by);
    this.#loop.wake();
  }

  reachable(peer: NodeId): void {
    this.#loop.post({ kind: 'peerReachable', peer });
  }

  /** Who holds nothing yet gives up; who has a life of its own goes on and says so. */
  mismatched(error: RaftError): void {
    const { code, message: reason } = error;
    this.#parts.log('error', 'two groups under one id', { code, reason, ...error.details });
    if (this.raft.lastIndex === 0) this.fail(error);
  }

  async receivedSnapshot(incoming: IncomingSnapshot): Promise<void> {
    const message = await this.#snapshots.receive(incoming);
    this.#loop.post({ kind: 'received', message });
  }

  // What the state machine has done.

  applied(range: AppliedRange, results: readonly Result[], resultsFrom: number): void {
    this.proposals.applied(range, results, resultsFrom);
  }

  reached(index: LogIndex): void {
    this.calls.reads.applied(index);
    this.#snapshots.reached(index);
    // The core hands out a bounded amount at a time. It hears of progress in the next turn, which
    // must come soon only if it holds something back.
    if (this.#applier.isIdle && this.raft.commitIndex > index) this.#loop.wake();
    this.#leaveIfRemoved();
  }

  restored({ index, term }: SnapshotMeta): void {
    this.#parts.log('info', 'restored a snapshot', { index });
    this.proposals.restored({ index, term });
    this.calls.reads.applied(index);
    this.#loop.wake();
  }

  failed(cause: unknown): void {
    const reason = reasonOf(cause);
    const problem = `the state machine failed behind index ${this.#applier.appliedIndex} (${reason})`;
    const remedy = 'mend it and start again: the command will be applied anew';
    this.fail(new RaftError('RAFT_MACHINE_FAILED', `${problem}; ${remedy}`, { cause }));
  }

  #makeSnapshots(): Snapshots {
    const { storage, machine, transport, throttle, log, resolved } = this.#parts;
    return new Snapshots(
      {
        raft: this.raft,
        storage,
        machine,
        transport,
        applier: this.#applier,
        throttle,
        now,
        log,
        saved: (snapshot, keepEntries) =>
          this.#loop.post({ kind: 'snapshotSaved', snapshot, keepEntries }),
        sent: (to, isDelivered) => this.#loop.post({ kind: 'snapshotSent', to, isDelivered }),
      },
      resolved,
    );
  }

  // What the loop asks of us.

  placeCalls(at: Milliseconds): void {
    this.#inboxBytes = 0;
    this.proposals.place(at);
    this.calls.place(at);
    const index = this.#applier.appliedIndex;
    if (index === this.#reportedIndex) return;
    this.#reportedIndex = index;
    this.raft.step({ kind: 'applied', index }, at);
  }

  get callDeadline(): Milliseconds {
    return Math.min(this.proposals.nextDeadline, this.calls.nextDeadline);
  }

  stepped(input: Input): void {
    if (input.kind !== 'snapshotSaved') return;
    this.#snapshots.forgetBefore(input.snapshot).catch(this.fail);
  }

  sendSnapshot(message: InstallSnapshot): void {
    this.#snapshots.send(message);
  }

  notSent(message: Message, at: Milliseconds): void {
    const { kind } = message;
    if (kind === 'forwardProposal') this.proposals.forwardNotSent(message.id, at);
    else if (kind === 'requestReadIndex') {
      this.calls.reads.answered({ kind: 'dropped', id: message.id }, at);
    }
  }

  deliver(effects: Effects, at: Milliseconds): void {
    for (const result of effects.forwarded) this.proposals.onForwarded(result, at);
    for (const result of effects.reads) this.calls.reads.answered(result, at);
    if (effects.restore !== undefined) this.#applier.restore(effects.restore);
    this.#applier.enqueue(effects.committed);
  }

  afterTurn(): void {
    const { term, isLeader, leaderId } = this.raft;
    const last = this.#leadership;
    if (term !== last.term || leaderId !== last.leaderId || isLeader !== last.isLeader) {
      this.#leadershipChanged();
    }
    this.membership.look();
    this.calls.look();
    this.#applier.run();
    this.#leaveIfRemoved();
  }

  diskStalled(isStalled: boolean): void {
    const { log } = this.#parts;
    if (isStalled) log('error', 'the disk does not answer; silent until it does', {});
    else log('info', 'the disk answers again', {});
  }

  /** They may be added later; but a number that is mistyped prefers nobody. */
  #warnOfStrangers(): void {
    const { options, resolved, log } = this.#parts;
    const members = membersOf(this.raft.membership.configuration);
    for (const server of Object.keys(resolved.raft.priorities).map(Number)) {
      if (members.includes(server as NodeId) || options.peers[server] !== undefined) continue;
      log('warn', 'priorities names a server that takes no part', { server });
    }
  }

  /** When all is applied that this server will ever hear of, nothing that still waits comes true. */
  #leaveIfRemoved(): void {
    if (this.#hasLeft || this.appliedIndex < this.raft.commitIndex) return;
    const reason = this.membership.removal;
    if (reason === undefined) return;
    this.#hasLeft = true;
    this.#failCalls(reason);
    this.#onLeft(reason);
  }

  #failCalls(reason: RaftError): void {
    this.proposals.close(reason);
    this.calls.close(reason);
  }

  #leadershipChanged(): void {
    const leadership = this.#currentLeadership();
    this.#leadership = leadership;
    this.#parts.log('info', 'leadership', leadership);
    this.proposals.leaderChanged();
    this.calls.reads.leaderChanged();
    if (!leadership.isLeader) this.#snapshots.stopSending();
    this.#loop.wake();
    for (const listener of this.#listeners) listener(leadership);
  }

  #currentLeadership(): Leadership {
    const { term, leaderId, isLeader } = this.raft;
    return { term, leaderId, isLeader };
  }
}

/** Monotonic, in milliseconds. */
export const now = (): Milliseconds => performance.now();
