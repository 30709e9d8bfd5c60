/**
 * One member as its handlers see it: the replicated log to write through, the moment from which a
 * local read is linearizable, and the local state to read from. Failures of the cluster come out in
 * etcd's words.
 */

import type { CallOptions, Leadership, NodeStatus, ProposeOptions } from '@quorate/node';
import { RaftError } from '@quorate/node';
import type { ResponseHeader } from './generated/rpc.ts';
import { type CommandRequest, type CommandResult, encodeCommand } from './machine/command.ts';
import type { EtcdMachine } from './machine/etcd-machine.ts';
import { PendingCalls } from './pending-calls.ts';
import {
  type EtcdStatus,
  noLeader,
  requestTooLarge,
  serverStopped,
  spaceExceeded,
  timedOut,
  timedOutConnectionLost,
  timedOutLeaderFailed,
  tooManyRequests,
} from './status.ts';

/** What a member needs of its RaftNode. */
export interface Consensus {
  propose(command: Uint8Array, options?: ProposeOptions): Promise<CommandResult>;
  read(options?: CallOptions): Promise<unknown>;
  status(): NodeStatus;
  onLeadership(listener: (leadership: Leadership) => void): () => void;
}

export interface MemberSettings {
  readonly clusterId: number;
  readonly memberId: number;
  readonly electionTimeoutMs: number;
  readonly maxRequestBytes: number;
}

export class Member {
  readonly machine: EtcdMachine;
  readonly clusterId: bigint;
  readonly id: bigint;
  readonly #node: Consensus;
  readonly #settings: MemberSettings;
  readonly #pending: PendingCalls;
  /** Kept at hand, because every answer tells the term. */
  #leadership: Leadership;
  /** On the clock of `performance.now`. */
  #leaderSince = -Infinity;
  #leaderWaiters: (() => void)[] = [];
  #isStopped = false;

  constructor(node: Consensus, machine: EtcdMachine, settings: MemberSettings) {
    this.#node = node;
    this.machine = machine;
    this.clusterId = BigInt(settings.clusterId);
    this.id = BigInt(settings.memberId);
    this.#settings = settings;
    this.#pending = new PendingCalls(requestTimeoutMs(settings.electionTimeoutMs));
    node.onLeadership((leadership) => this.#leadershipChanged(leadership));
    const { term, leaderId, role } = node.status();
    this.#leadership = { term, leaderId, isLeader: role === 'leader' };
  }

  status(): NodeStatus {
    return this.#node.status();
  }

  /** @param revision What the answer is about; 0 where etcd leaves it out. */
  header(revision: number): ResponseHeader {
    return {
      clusterId: this.clusterId,
      memberId: this.id,
      revision: BigInt(revision),
      raftTerm: BigInt(this.#leadership.term),
    };
  }

  /**
   * Replicates a command, through the leader wherever that is, and resolves with what applying it
   * here has answered.
   *
   * @throws {EtcdStatus}
   */
  async propose(request: CommandRequest): Promise<CommandResult> {
    const command = encodeCommand(request);
    if (command.length > this.#settings.maxRequestBytes) throw requestTooLarge();
    return this.#wait((options) => this.#node.propose(command, { ...options, forward: true }));
  }

  /**
   * Resolves when the local store shows everything that was committed before the call.
   *
   * @throws {EtcdStatus}
   */
  async linearize(): Promise<void> {
    await this.#wait((options) => this.#node.read(options));
  }

  /** @throws {EtcdStatus} for a client that asked not to wait for a leader. */
  requireLeader(): void {
    if (this.#leadership.leaderId === undefined) throw noLeader();
  }

  /** Resolves when a leader is known. */
  async waitForLeader(signal?: AbortSignal): Promise<void> {
    if (this.#leadership.leaderId !== undefined) return;
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      this.#leaderWaiters.push(resolve);
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  /** Resolves when no request waits, or after that time, or at once if no leader could answer it. */
  async settled(timeoutMs: number): Promise<void> {
    if (this.#leadership.leaderId !== undefined) await this.#pending.settled(timeoutMs);
  }

  /** Fails what waits, and what comes. */
  stop(): void {
    this.#isStopped = true;
    this.#pending.failAll(serverStopped());
  }

  async #wait<T>(start: (options: CallOptions) => Promise<T>): Promise<T> {
    if (this.#isStopped) throw serverStopped();
    // Only what may wait for an election needs a way to be called off: a signal costs microseconds.
    const hasLeader = this.#leadership.leaderId !== undefined;
    const abandon = hasLeader ? undefined : new AbortController();
    const startedAt = performance.now();
    try {
      return await this.#pending.wait(start(abandon ? { signal: abandon.signal } : {}), () => {
        const reason = this.#timeoutReason(startedAt);
        abandon?.abort(reason);
        return reason;
      });
    } catch (error) {
      throw statusOf(error);
    }
  }

  #leadershipChanged(leadership: Leadership): void {
    const { leaderId } = leadership;
    if (leaderId !== undefined && leaderId !== this.#leadership.leaderId) {
      this.#leaderSince = performance.now();
      for (const resolve of this.#leaderWaiters) resolve();
      this.#leaderWaiters = [];
    }
    this.#leadership = leadership;
  }

  /** etcd's guess at why nothing happened in time. */
  #timeoutReason(startedAt: number): EtcdStatus {
    const lostAt = this.#leaderSince - 2 * this.#settings.electionTimeoutMs;
    if (lostAt < startedAt && startedAt < this.#leaderSince) return timedOutLeaderFailed();
    const { leaderId, isLeader } = this.#leadership;
    const { connectedPeers } = this.#node.status();
    const isCutOff = isLeader
      ? connectedPeers.length === 0
      : leaderId !== undefined && !connectedPeers.includes(leaderId);
    return isCutOff ? timedOutConnectionLost() : timedOut();
  }
}

/** etcd's patience: five seconds for disks and networks, and two elections. */
const requestTimeoutMs = (electionTimeoutMs: number): number => 5000 + 2 * electionTimeoutMs;

function statusOf(error: unknown): unknown {
  if (!(error instanceof RaftError)) return error;
  switch (error.code) {
    case 'RAFT_CLOSED':
    case 'RAFT_MACHINE_FAILED':
      return serverStopped(error);
    case 'RAFT_PROPOSAL_DROPPED':
    case 'RAFT_READ_DROPPED':
      return tooManyRequests(error);
    case 'RAFT_DISK_FULL':
      return spaceExceeded(error);
    case 'RAFT_COMMAND_TOO_LARGE':
      return requestTooLarge();
    case 'RAFT_OUTCOME_UNKNOWN':
      return timedOutLeaderFailed(error);
    default:
      return error;
  }
}
