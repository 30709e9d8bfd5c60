/**
 * One turn of the driver: the only place where the pure core meets the world.
 *
 *     socket ─▶ connection ─▶ decode ─▶ inbox ─▶ turn ─▶ core.step … takeEffects
 *                                                 │ 1 send messages
 *                                                 │ 2 write to the log ─ later ─▶ inbox: written
 *                                                 │ 3 send messagesAfterWrite when it is durable
 *                                                 └ 4 apply what is committed
 *
 * Hot: runs once a turn, and handles messages and batches, never entries.
 *
 * One direction: the core never calls out, and nothing calls the core from a callback. Whatever a
 * socket or the disk has to say waits in the inbox for the next turn, so a burst of proposals is one
 * batch, one write and one sync, and all that one read of a socket brings has one answer.
 */

import {
  type Effects,
  type Input,
  type Message,
  type Milliseconds,
  type Raft,
  type Write,
  withOneMore,
} from '@quorate/core';
import type { RaftError } from '../errors.ts';
import type { GroupTransport } from '../peers/transport.ts';
import type { Log, WriteListener } from '../storage/storage.ts';
import type { Scheduler, TurnTaker } from './scheduler.ts';
import { WriteQueue } from './write-queue.ts';

/** Whom the loop serves. Methods, not closures: of thousands of groups each has a host. */
export interface LoopHost {
  readonly raft: Raft;
  readonly log: Log;
  readonly transport: GroupTransport;
  /** A disk that is silent for longer makes this server silent too. */
  readonly stallLimitMs: Milliseconds;
  /** Puts what callers have asked for to the core. First thing in a turn. */
  placeCalls(now: Milliseconds): void;
  /** When `placeCalls` must run though nothing else happens. */
  readonly callDeadline: Milliseconds;
  /** An input was stepped. */
  stepped(input: Input): void;
  /** A message that no connection carries: a snapshot's data has a way of its own. */
  sendSnapshot(message: Extract<Message, { kind: 'installSnapshot' }>): void;
  /** A message has certainly not left. */
  notSent(message: Message, now: Milliseconds): void;
  /** Effects for the callers and the state machine. */
  deliver(effects: Effects, now: Milliseconds): void;
  /** Last thing in a turn: everything for peers and disk is on its way. */
  afterTurn(): void;
  diskStalled(isStalled: boolean): void;
  /** The core or the log has failed; the node must end. */
  fail(error: unknown): void;
}

const NOTHING: never[] = [];

export class RaftLoop implements WriteListener, TurnTaker {
  readonly #host: LoopHost;
  readonly #scheduler: Scheduler;
  readonly #writes = new WriteQueue();
  isQueued = false;
  placedAt: Milliseconds = Infinity;
  #inbox: Input[] = NOTHING;
  #isStopped = false;
  /** The core's deadline has come; it hears of it behind everything that has arrived by now. */
  #isTimeDue = false;
  #isMute = false;

  /** @param scheduler Gives the turns. */
  constructor(host: LoopHost, scheduler: Scheduler) {
    this.#host = host;
    this.#scheduler = scheduler;
  }

  /** A turn is needed. */
  wake(): void {
    if (!this.#isStopped) this.#scheduler.wake(this);
  }

  get deadline(): Milliseconds {
    if (this.#isStopped) return Infinity;
    const { raft, callDeadline } = this.#host;
    return Math.min(raft.nextDeadline, callDeadline);
  }

  get mayWait(): boolean {
    return !this.#host.raft.isLeader;
  }

  timeIsDue(): void {
    this.#isTimeDue = true;
  }

  post(input: Input): void {
    this.#inbox = withOneMore(this.#inbox, input);
    this.wake();
  }

  durable(sequence: number): void {
    this.post({ kind: 'written', sequence });
  }

  failed(error: RaftError): void {
    this.#host.fail(error);
  }

  stop(): void {
    this.#isStopped = true;
    this.#scheduler.forget(this);
  }

  takeTurn(now: Milliseconds): void {
    if (this.#isStopped) return;
    try {
      this.#takeTurn(now);
    } catch (error) {
      this.#host.fail(error);
    }
  }

  endTurn(): void {
    if (this.#isStopped) return;
    try {
      this.#host.afterTurn();
    } catch (error) {
      this.#host.fail(error);
    }
  }

  #takeTurn(now: Milliseconds): void {
    const host = this.#host;
    const { raft } = host;
    host.placeCalls(now);
    this.#stepInbox(now);
    if (this.#isTimeDue) {
      this.#isTimeDue = false;
      raft.step({ kind: 'timePassed' }, now);
    }
    this.#checkDisk(now);
    for (let effects = raft.takeEffects(now); effects; effects = raft.takeEffects(now)) {
      this.#execute(effects, now);
    }
    host.transport.flush();
  }

  #stepInbox(now: Milliseconds): void {
    const host = this.#host;
    const { raft } = host;
    const inbox = this.#inbox;
    this.#inbox = NOTHING;
    for (const input of inbox) {
      raft.step(input, now);
      if (input.kind === 'written') {
        const messages = this.#writes.durable(input.sequence);
        this.#checkDisk(now);
        this.#sendAll(messages, now);
      } else if (input.kind !== 'received') host.stepped(input);
    }
  }

  #execute(effects: Effects, now: Milliseconds): void {
    // Sockets first, then the disk: peers work while we write.
    this.#sendAll(effects.messages, now);
    if (effects.write !== undefined) {
      this.#host.transport.flush();
      this.#write(effects.write, now);
    }
    this.#sendAll(this.#writes.hold(effects.messagesAfterWrite), now);
    this.#host.deliver(effects, now);
  }

  #write(write: Write, now: Milliseconds): void {
    const { sequence } = write;
    if (!this.#host.log.write(write, this)) {
      this.#writes.issued(sequence, now);
      return;
    }
    this.#host.raft.step({ kind: 'written', sequence }, now);
    this.#sendAll(this.#writes.durable(sequence), now);
  }

  #sendAll(messages: readonly Message[], now: Milliseconds): void {
    const host = this.#host;
    const { transport } = host;
    for (const message of messages) {
      if (message.kind === 'installSnapshot') host.sendSnapshot(message);
      else if (this.#isMute || !transport.send(message)) host.notSent(message, now);
    }
  }

  /**
   * A leader whose disk hangs can commit nothing of its own and still keeps its followers patient.
   * So a server whose oldest write is older than an election timeout says nothing at all: the others
   * elect a leader with a working disk, and this one, hearing no answers, steps down by itself.
   */
  #checkDisk(now: Milliseconds): void {
    const isStalled = this.#writes.ageOfOldest(now) > this.#host.stallLimitMs;
    if (isStalled === this.#isMute) return;
    this.#isMute = isStalled;
    this.#host.diskStalled(isStalled);
  }
}
