/** What a host and its groups are opened with. */

import type { NodeId } from '@quorate/core';
import type { LogLine, PeerAddress, RaftNodeOptions } from '../api.ts';

/** As for a server of its own ({@link RaftNodeOptions}), for all groups of a host alike. */
export type RaftHostOptions = Pick<
  RaftNodeOptions<unknown>,
  | 'id'
  | 'clusterId'
  | 'listen'
  | 'transport'
  | 'maxCommandBytes'
  | 'maxPendingBytes'
  | 'maxPendingReads'
  | 'snapshotBytesPerSecond'
> & {
  /** Every host and where the others reach it, this one included. */
  readonly peers: Readonly<Record<number, PeerAddress>>;
  /** Where the log of all groups and their snapshots live. Undefined: in memory only. */
  readonly directory: string | undefined;
  /**
   * Timing and limits, of each group. Idle groups rest by default: give all hosts the same. A follower
   * where nobody waits for it hears of a commit with the next append or heartbeat, as notices of their
   * own would be half of the messages of thousands of groups: `commitNoticeDelayMs` is
   * `heartbeatIntervalMs` by default. Where hosts have thousands of groups, limits of bytes had better
   * be lower.
   */
  readonly raft?: RaftNodeOptions<unknown>['raft'];
  /** One line a noteworthy event; `facts.group` says of which group. @default silence */
  readonly log?: LogLine;
};

/** As for a server of its own ({@link RaftNodeOptions}). */
export type GroupOptions<Result> = Pick<
  RaftNodeOptions<Result>,
  'machine' | 'snapshotEntries' | 'keepEntries' | 'sessions' | 'trace'
> & {
  /**
   * The hosts that vote when the group is new, the same wherever it is opened: two lists would begin two
   * groups under one id. `[]` where it is to be added.
   *
   * @default all hosts
   */
  readonly voters?: readonly number[];
};

/** The compiler refuses a list that lacks one, or has one that is none. */
export const HOST_OPTIONS: Readonly<Record<keyof RaftHostOptions, true>> = {
  id: true,
  clusterId: true,
  peers: true,
  directory: true,
  listen: true,
  transport: true,
  raft: true,
  snapshotBytesPerSecond: true,
  maxCommandBytes: true,
  maxPendingBytes: true,
  maxPendingReads: true,
  log: true,
};

export const GROUP_OPTIONS: Readonly<Record<keyof GroupOptions<unknown>, true>> = {
  machine: true,
  voters: true,
  snapshotEntries: true,
  keepEntries: true,
  sessions: true,
  trace: true,
};

export interface HostStatus {
  readonly id: NodeId;
  readonly clusterId: number;
  /** Open here. */
  readonly groups: number;
  /** Of these, those that are led from here. */
  readonly leads: number;
  /** Of these, those that are idle and cost nothing. */
  readonly atRest: number;
  /** Hosts with an open connection. */
  readonly connectedPeers: readonly NodeId[];
  /** Of the log that all groups share. */
  readonly logBytesOnDisk: number;
}
