/** The embedding API's shapes. `raft-node.ts` has the class. */

import type {
  ChangeMode,
  Configuration,
  FollowerStatus,
  LogIndex,
  NodeId,
  RaftOptions,
  RaftStatus,
  Term,
  TraceSink,
} from '@quorate/core';
import type { Transport } from './peers/transport.ts';
import type { StateMachine } from './state-machine.ts';
import type { Storage } from './storage/storage.ts';

export interface RaftNodeOptions<Result> {
  /** This server. A safe integer above 0, unique in the cluster, for ever its own. */
  readonly id: number;
  /**
   * The voters of a new cluster and where each is reached, this server included. With `join`, and once
   * something is stored, they only say where others may be. After the first `changeMembership` the log
   * knows who takes part and where; what it says counts, and `peers` fills its gaps.
   */
  readonly peers: Readonly<Record<number, PeerAddress>>;
  /**
   * This server is new in a cluster that exists: with nothing stored it waits until a leader that was
   * told to add it (`changeMembership`) sends it the log. Does nothing once something is stored. Never
   * for a member that lost its disk: it has forgotten its votes, and needs a new id.
   *
   * @default false
   */
  readonly join?: boolean;
  /** Two clusters that should never mix need two names. Stored with the data. */
  readonly clusterId: number;
  /** Where the log and the snapshots live. Undefined: in memory only, lost with the process. */
  readonly directory: string | undefined;
  /** Keeps log and snapshots instead of the directory, which is then not touched. */
  readonly storage?: (identity: StorageIdentity) => Promise<Storage>;
  /**
   * What is replicated.
   *
   * @default none: whoever reads `committed()` applies the log, and `propose` resolves with
   *   undefined when that is done. The log is then never compacted.
   */
  readonly machine?: StateMachine<Result>;
  /** Where to listen for peers. @default peers[id] */
  readonly listen?: PeerAddress;
  /** How messages travel. @default TCP between the addresses in `peers` */
  readonly transport?: Transport;
  /** Timing and limits of the protocol. */
  readonly raft?: RaftOptions;
  /**
   * Applied entries after which the log is compacted; on a full disk it is sooner.
   *
   * @default 100_000 (etcd's snapshot-count)
   */
  readonly snapshotEntries?: number;
  /** Entries kept behind a snapshot for slow followers. @default 5_000 (etcd's) */
  readonly keepEntries?: number;
  /**
   * Bytes in a second that this server, or this host with all its groups, spends on sending snapshots:
   * at least 65_536, or 0 for no limit. More, and a follower that comes back is back sooner; but a
   * transfer competes with appends for network, disk and processor.
   *
   * @default 33_554_432 (32 MiB) — a quarter of a gigabit link, and 1 GB in half a minute.
   */
  readonly snapshotBytesPerSecond?: number;
  /** Client sessions, for commands that apply exactly once. Cost nothing while none is open. */
  readonly sessions?: SessionOptions<Result>;
  /** Largest command, in bytes; at most 33_554_432. @default 1_572_864 (1.5 MiB, etcd's request limit) */
  readonly maxCommandBytes?: number;
  /**
   * Bytes of commands that were proposed here and are not yet applied here, with 256 for each call.
   * Above that `propose` and `start` fail with `RAFT_PROPOSAL_DROPPED`. What the log itself keeps is
   * bounded by `raft.maxUncommittedBytes`; this one holds also when the state machine falls behind.
   *
   * @default 268_435_456 (256 MiB)
   */
  readonly maxPendingBytes?: number;
  /** Reads that may wait at once; the next one fails with `RAFT_READ_DROPPED`. @default 100_000 */
  readonly maxPendingReads?: number;
  /** Called in the middle of a step: note what happened and act on it later. */
  readonly trace?: TraceSink;
  /** One line a noteworthy event (peer lost, torn tail cut, snapshot sent). @default silence */
  readonly log?: LogLine;
}

/** Whose data a storage is to keep, and how the cluster begins if it keeps none yet. */
export interface StorageIdentity {
  readonly clusterId: number;
  readonly nodeId: number;
  readonly initialConfiguration: Configuration;
}

export type LogLine = (level: 'info' | 'warn' | 'error', message: string, facts: object) => void;

export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

export interface CallOptions {
  /** Stops the wait. A proposal itself cannot be recalled and may still commit. */
  readonly signal?: AbortSignal;
}

export interface ReadOptions extends CallOptions {
  /**
   * Accepts a state that shows everything which was committed this long before the call, in
   * milliseconds, at least 0. Answered at once if this server can prove it by the last answer to a
   * question of its own, so in steady use without a message for each read, and also for a while
   * after it was cut off.
   *
   * @default none: the state must show everything that was committed when the call began
   */
  readonly maxStalenessMs?: number;
  /**
   * What to do when local state may be older than that: ask the leader and wait, or fail with
   * `RAFT_TOO_OLD`.
   *
   * @default 'ask'
   */
  readonly ifOlder?: 'ask' | 'fail';
}

/** Who shall take part, by id. All who are not named leave. */
export interface MembershipTarget {
  readonly voters: readonly number[];
  /** Receive the log and have no vote. @default none */
  readonly learners?: readonly number[];
}

export interface ChangeMembershipOptions extends CallOptions {
  /** Where newcomers are reached, and members that have moved. Not for a group, which has its hosts'. */
  readonly addresses?: Readonly<Record<number, PeerAddress>>;
  /**
   * When those who have no vote yet get it.
   *
   * - `when-caught-up`: they learn the log first, and vote together as soon as a round of replication
   *   to each took no longer than an election timeout. Commits never wait for a newcomer's disk.
   * - `at-once`: refused unless the servers that answer now, and hold the log, can commit the change.
   * - `forced`: not refused even then. If it cannot be committed, nothing can until it is.
   *
   * @default 'when-caught-up'
   */
  readonly newVoters?: ChangeMode;
}

export interface CloseOptions {
  /**
   * A leader first asks another voter to lead, so that nobody waits for an election. Takes a few
   * messages, at most an election timeout. False: ends at once.
   *
   * @default true
   */
  readonly handOver?: boolean;
}

export interface ProposeOptions extends CallOptions {
  /**
   * Lets a follower pass the command to the leader and wait for it here, and proposes again what
   * was surely not applied: an election then costs the caller time, not an error.
   *
   * @default false
   */
  readonly forward?: boolean;
}

/**
 * What `openSession` asks for, and how results are kept for a repeated command. All servers of a
 * cluster must encode a result in the same way.
 */
export interface SessionOptions<Result> {
  /**
   * A session that shows no life for so long ends. Counts only while somebody leads; a session that
   * is idle renews itself.
   *
   * @default 3_600_000 (one hour)
   */
  readonly timeoutMs?: number;
  /** When so many are open in the cluster, a new one ends the one that was idle longest. @default 4_096 */
  readonly maxSessions?: number;
  /** A result as bytes that never change. @default its JSON */
  encodeResult?(result: Result): Uint8Array;
  /** The inverse: every result of a session comes through both, the first time too. @default from JSON */
  decodeResult?(bytes: Uint8Array): Result;
}

/** The lab's contract of `Start`: an answer at once, a promise of nothing. */
export interface Started {
  /** Where the command will stand if it is ever committed; 0 when this server does not lead. */
  readonly index: LogIndex;
  readonly term: Term;
  readonly isLeader: boolean;
}

export interface NodeStatus extends RaftStatus {
  readonly clusterId: number;
  readonly membership: ClusterMembership;
  /** What a leader knows of every other member; empty on other servers. */
  readonly followers: readonly FollowerStatus[];
  /** Who is asked to lead instead of this server, while that is under way. */
  readonly transferTarget: NodeId | undefined;
  /** Peers with an open connection. */
  readonly connectedPeers: readonly NodeId[];
  readonly logBytesOnDisk: number;
  /** See `maxPendingBytes`. */
  readonly pendingBytes: number;
}

/** Who leads, as far as this server knows. */
export interface Leadership {
  readonly term: Term;
  /** Undefined while no leader is known. */
  readonly leaderId: NodeId | undefined;
  readonly isLeader: boolean;
}

/**
 * Who takes part, as far as this server's log tells. In force is the newest configuration in it,
 * committed or not (§6).
 */
export interface ClusterMembership extends Omit<Configuration, 'addresses'> {
  /** Where members are reached: as the log says, or as this server's `peers` do. */
  readonly addresses: Readonly<Record<number, PeerAddress>>;
  /** Where the configuration stands in the log; 0 for the one that a new cluster begins with. */
  readonly index: LogIndex;
  readonly isCommitted: boolean;
  readonly standing: Standing;
}

/**
 * What a server is in its cluster. `waiting`: it has not been added yet, as far as it knows. `leaving`: a
 * change that leaves it out is in force and not committed, so it may yet be undone. `removed`: it left for
 * good, as the log or its peers say.
 */
export type Standing = 'voter' | 'learner' | 'waiting' | 'leaving' | 'removed';
