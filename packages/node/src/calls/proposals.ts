/**
 * From `propose` to its result.
 *
 * Hot: a copy and a promise for each command, the rest once a turn. What is proposed in one turn is
 * copied into one slab and appended as one batch, before anything else happens to the core in that
 * turn: so what `start` says of index and term is exact.
 */

import {
  type ForwardResult,
  INDEX_ZERO,
  indexAfter,
  type LogIndex,
  type Milliseconds,
  type Raft,
  type SnapshotMeta,
} from '@quorate/core';
import {
  type CommandSlab,
  CommandSlabBuilder,
  SESSION_COMMAND_OVERHEAD_BYTES,
} from '@quorate/wire';
import type { ProposeOptions, Started } from '../api.ts';
import { commandProblem } from '../checks.ts';
import { type NotLeaderError, RaftError } from '../errors.ts';
import { Forwarding, type ForwardingLimits } from './forwarding.ts';
import { CALL_OVERHEAD_BYTES, PendingCall } from './pending-call.ts';
import { type AppliedRange, type OnLost, PlacedProposals } from './placed-proposals.ts';

/** A batch is sealed when it holds this much: large enough to be cheap, small enough to stream. */
const MAX_BATCH_BYTES = 262_144;

export interface ProposalLimits extends ForwardingLimits {
  readonly maxCommandBytes: number;
  /** Of commands that were proposed here and are not yet applied here, each call counted in. */
  readonly maxPendingBytes: number;
}

/** What the calls need of the node around them. */
export interface CallHost {
  readonly raft: Raft;
  readonly now: () => Milliseconds;
  /** The time of day, which jumps, but does not stand still while the machine sleeps. */
  readonly wallTime: () => Milliseconds;
  /** A turn is needed. */
  readonly wake: () => void;
  /** For who asks what only a leader may be asked: who leads, and where. */
  readonly notLeader: () => NotLeaderError;
}

export class Proposals<Result> {
  readonly #host: CallHost;
  readonly #raft: Raft;
  readonly #hasRoomFor: (byteLength: number) => boolean;
  readonly #maxCommandBytes: number;
  readonly #maxPendingBytes: number;
  readonly #forwarding: Forwarding<Result>;
  readonly #placed: PlacedProposals<Result>;
  readonly #batch = new CommandSlabBuilder({ allocate: Buffer.allocUnsafeSlow });
  /** One for each command in `#batch`. Undefined: nobody waits. */
  #calls: (PendingCall<Result> | undefined)[] = [];
  /** Bytes of commands of which the log hears with this turn. */
  #sinceTurn = 0;
  /** What `#batch` holds: entries of sessions, or commands. */
  #isOfSessions = false;

  /** @param hasRoomFor Of the log; see `Log.hasRoomFor`. */
  constructor(
    host: CallHost,
    hasRoomFor: (byteLength: number) => boolean,
    limits: ProposalLimits,
    appliedIndex: LogIndex,
  ) {
    this.#host = host;
    this.#raft = host.raft;
    this.#hasRoomFor = hasRoomFor;
    this.#maxCommandBytes = limits.maxCommandBytes;
    this.#maxPendingBytes = limits.maxPendingBytes;
    this.#forwarding = new Forwarding(host.raft, limits);
    const onLost: OnLost<Result> = (call, payload, at) => this.#onLost(call, payload, at);
    this.#placed = new PlacedProposals(onLost, appliedIndex);
  }

  /**
   * @param isOfSessions `command` is an entry of a session.
   * @throws {RaftError} `RAFT_COMMAND_TOO_LARGE`, `RAFT_PROPOSAL_DROPPED`, `RAFT_DISK_FULL`.
   */
  start(command: Uint8Array, isOfSessions = false): Started {
    const { term, isLeader } = this.#raft;
    if (!isLeader) return { index: INDEX_ZERO, term, isLeader };
    const refusal = this.#refusalOf(command, isOfSessions);
    if (refusal !== undefined) throw refusal;
    if (!this.#raft.isAccepting) throw this.#refused();
    const index = indexAfter(this.#raft.lastIndex, this.#calls.length + 1);
    this.#append(command, undefined, isOfSessions);
    return { index, term, isLeader };
  }

  /** @param isOfSessions `command` is an entry of a session. */
  propose(
    command: Uint8Array,
    { signal, forward = false }: ProposeOptions,
    isOfSessions = false,
  ): Promise<Result> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const refusal = this.#refusalOf(command, isOfSessions);
    if (refusal !== undefined) return Promise.reject(refusal);
    const { isLeader } = this.#raft;
    if (!isLeader && !forward) return Promise.reject(this.#host.notLeader());
    const isDropped = isLeader && !this.#raft.isAccepting;
    if (isDropped && !(forward && this.#isHandingOver)) return Promise.reject(this.#refused());

    return new Promise((resolve, reject) => {
      const call = new PendingCall(resolve, reject, signal, forward);
      if (isLeader && !isDropped) {
        this.#append(command, call, isOfSessions);
      } else {
        // A copy, which `slice` of a Buffer is not.
        this.#forwarding.add({ call, command: new Uint8Array(command), isOfSessions });
        this.#host.wake();
      }
    });
  }

  /** First thing in a turn: everything that was proposed since the last one goes into the core. */
  place(now: Milliseconds): void {
    this.#sinceTurn = 0;
    if (this.#calls.length > 0) this.#seal(now);
    this.#forwarding.place(now);
  }

  /** Held for those who wait, and for commands that were started. */
  get pendingBytes(): number {
    const unsealed = this.#batch.byteLength + this.#calls.length * CALL_OVERHEAD_BYTES;
    return unsealed + this.#forwarding.bytes + this.#placed.bytes;
  }

  get nextDeadline(): Milliseconds {
    return this.#forwarding.nextDeadline;
  }

  /** Who leads has changed. What waited for a leader is proposed anew. */
  leaderChanged(): void {
    this.#forwarding.retryNow();
    if (!this.#raft.isLeader) return;
    for (const { call, command, isOfSessions } of this.#forwarding.takeWaiting()) {
      if (!call.isAbandoned) this.#append(command, call, isOfSessions);
    }
  }

  onForwarded(result: ForwardResult, now: Milliseconds): void {
    const group = this.#forwarding.answered(result, now);
    if (group === undefined) return;
    this.#placed.add(group);
    const { appliedIndex, appliedTerm } = this.#placed;
    // The entries may have overtaken the answer, and their results are gone; or others have.
    if (group.firstIndex <= appliedIndex || group.term < appliedTerm) this.skippedTo(appliedIndex);
  }

  /** The request with this id has certainly not left this server. */
  forwardNotSent(id: number, now: Milliseconds): void {
    this.#forwarding.notSent(id, now);
  }

  /** @param results Holds the result of the entry at `range.firstIndex` at position `resultsFrom`. */
  applied(range: AppliedRange, results: readonly Result[], resultsFrom: number): void {
    this.#placed.applied(range, results, resultsFrom);
  }

  /** A snapshot has taken the state's place. */
  restored({ index, term }: Pick<SnapshotMeta, 'index' | 'term'>): void {
    this.skippedTo(index);
    this.#placed.reachedTerm(term);
  }

  /** The state stands at `index` and gave no results on the way. */
  skippedTo(index: LogIndex): void {
    this.#placed.skippedTo(index, () => outcomeUnknown('the result was not seen here'));
  }

  /** The node ends. */
  close(reason: RaftError): void {
    const unknown = () => outcomeUnknown('the node ended meanwhile', reason);
    for (const call of this.#calls) call?.fail(reason);
    this.#calls = [];
    this.#forwarding.failAll(() => reason, unknown);
    this.#placed.skippedTo(Number.MAX_SAFE_INTEGER as LogIndex, unknown);
  }

  #append(command: Uint8Array, call: PendingCall<Result> | undefined, isOfSessions: boolean): void {
    // A batch is of one kind, so that commands without a session carry nothing for it.
    if (isOfSessions !== this.#isOfSessions) {
      if (this.#calls.length > 0) this.#seal(this.#host.now());
      this.#isOfSessions = isOfSessions;
    }
    this.#batch.append(command);
    this.#sinceTurn += command.length;
    this.#calls.push(call);
    if (this.#batch.byteLength >= MAX_BATCH_BYTES) this.#seal(this.#host.now());
    this.#host.wake();
  }

  #seal(now: Milliseconds): void {
    const payload = this.#batch.seal(this.#isOfSessions);
    const calls = this.#calls;
    this.#calls = [];
    const proposed = this.#raft.propose(payload, now);
    if (proposed.kind === 'appended') {
      const { firstIndex, term } = proposed;
      this.#placed.add({ firstIndex, term, payload, calls });
      return;
    }
    for (const [at, call] of calls.entries()) {
      if (call?.isRepeatable && this.#isHandingOver) this.#repeat(call, payload, at);
      else call?.fail(this.#refused());
    }
  }

  #refusalOf(command: Uint8Array, isOfSessions: boolean): RaftError | undefined {
    const problem = commandProblem(command);
    if (problem !== undefined) return problem;
    const { length } = command;
    const commandBytes = length - (isOfSessions ? SESSION_COMMAND_OVERHEAD_BYTES : 0);
    if (commandBytes > this.#maxCommandBytes) {
      const sizes = `${commandBytes} bytes exceed the ${this.#maxCommandBytes} of maxCommandBytes`;
      const remedy = 'split the command or store large data elsewhere';
      return new RaftError('RAFT_COMMAND_TOO_LARGE', `${sizes}; ${remedy}`);
    }
    if (!this.#hasRoomFor(this.#sinceTurn + length)) {
      const reason = 'the disk is full, and what is left is kept for votes and compaction';
      return new RaftError('RAFT_DISK_FULL', `${reason}; make room on it`);
    }
    if (this.pendingBytes + length + CALL_OVERHEAD_BYTES > this.#maxPendingBytes) {
      return this.#dropped('maxPendingBytes of commands wait to be applied here');
    }
    return undefined;
  }

  get #isHandingOver(): boolean {
    return this.#raft.transferTarget !== undefined;
  }

  /** Why the core does not take it. */
  #refused(): RaftError {
    if (this.#isHandingOver) return this.#dropped('the lead is being handed over');
    return this.#dropped('maxUncommittedBytes of commands wait to be committed');
  }

  #dropped(reason: string): RaftError {
    return new RaftError('RAFT_PROPOSAL_DROPPED', `${reason}; back off, then retry`);
  }

  /** Another entry was committed in its place. */
  #onLost(call: PendingCall<Result>, payload: CommandSlab, at: number): void {
    if (call.isRepeatable) {
      this.#repeat(call, payload, at);
      return;
    }
    const reason = 'another entry was committed in its place, so this command never will be';
    call.fail(new RaftError('RAFT_PROPOSAL_LOST', `${reason}; propose it again`));
  }

  #repeat(call: PendingCall<Result>, payload: CommandSlab, at: number): void {
    const [command] = payload.slice(at, at + 1);
    if (call.isAbandoned || command === undefined) return;
    const { isOfSessions } = payload;
    if (this.#raft.isLeader && !this.#isHandingOver) this.#append(command, call, isOfSessions);
    else this.#forwarding.add({ call, command, isOfSessions });
    this.#host.wake();
  }
}

function outcomeUnknown(reason: string, cause?: RaftError): RaftError {
  const message = `${reason}; look whether the command took effect before you retry`;
  return new RaftError('RAFT_OUTCOME_UNKNOWN', message, { cause });
}
