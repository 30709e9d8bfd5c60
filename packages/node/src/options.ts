import {
  DEFAULT_RAFT_OPTIONS,
  type RaftOptions,
  type ResolvedRaftOptions,
  resolveOptions,
} from '@quorate/core';
import type { PeerAddress, RaftNodeOptions } from './api.ts';
import {
  badOption,
  requireAddress,
  requireDirectory,
  requireOptions,
  requireType,
  requireWhole,
} from './checks.ts';
import { type ResolvedSessionOptions, resolveSessionOptions } from './sessions/options.ts';
import type { StateMachine } from './state-machine.ts';

/** Options with every default filled in. */
export interface ResolvedOptions<Result> {
  readonly raft: ResolvedRaftOptions;
  readonly listen: PeerAddress;
  readonly snapshotEntries: number;
  readonly keepEntries: number;
  readonly maxCommandBytes: number;
  readonly maxPendingBytes: number;
  readonly maxPendingReads: number;
  readonly snapshotBytesPerSecond: number;
  readonly sessions: ResolvedSessionOptions<Result>;
}

export const DEFAULT_SNAPSHOT_ENTRIES = 100_000;
export const DEFAULT_KEEP_ENTRIES = 5_000;
export const DEFAULT_MAX_COMMAND_BYTES = 1_572_864;
export const DEFAULT_MAX_PENDING_BYTES = 268_435_456;
export const DEFAULT_MAX_PENDING_READS = 100_000;
export const DEFAULT_SNAPSHOT_BYTES_PER_SECOND = 33_554_432;

/** What `maxCommandBytes` is at most. Twice that may wait for a leader; a larger one would never get to it. */
export const LARGEST_COMMAND_BYTES = 33_554_432;

/** Slower, a few followers at once would wait longer for one chunk than a transfer may stand still. */
const LEAST_SNAPSHOT_BYTES_PER_SECOND = 65_536;

/** The compiler refuses a list that lacks one, or has one that is none. */
const NODE_OPTIONS: Readonly<Record<keyof RaftNodeOptions<unknown>, true>> = {
  id: true,
  clusterId: true,
  peers: true,
  directory: true,
  join: true,
  storage: true,
  machine: true,
  listen: true,
  transport: true,
  raft: true,
  snapshotEntries: true,
  keepEntries: true,
  snapshotBytesPerSecond: true,
  sessions: true,
  maxCommandBytes: true,
  maxPendingBytes: true,
  maxPendingReads: true,
  trace: true,
  log: true,
};

/** @throws {RaftError} `RAFT_BAD_OPTION`, naming the option, the value and what would be right. */
export function checkOptions<Result>(options: RaftNodeOptions<Result>): ResolvedOptions<Result> {
  requireOptions('RaftNode.open', options, NODE_OPTIONS);
  const { id, peers, clusterId } = options;
  requireWhole('id', id, 1);
  requireWhole('clusterId', clusterId, 0);
  for (const [peer, address] of Object.entries(peers ?? {})) {
    requireWhole(`the peer id ${peer}`, Number(peer), 1);
    requireAddress(`peer ${peer}`, address);
  }
  const itself = peers?.[id];
  if (itself === undefined) {
    throw badOption(`peers does not list server ${id} itself`, 'add it with its own address');
  }
  const { listen = itself } = options;
  requireAddress('listen', listen);
  if (options.directory !== undefined) requireDirectory(options.directory);
  requireType('join', options.join, 'boolean');
  for (const name of ['storage', 'trace', 'log'] as const) {
    requireType(name, options[name], 'function');
  }
  requireType('transport', options.transport, 'object');
  requireMachine(options.machine);
  const {
    snapshotEntries = DEFAULT_SNAPSHOT_ENTRIES,
    keepEntries = DEFAULT_KEEP_ENTRIES,
    maxCommandBytes = DEFAULT_MAX_COMMAND_BYTES,
    maxPendingBytes = DEFAULT_MAX_PENDING_BYTES,
    maxPendingReads = DEFAULT_MAX_PENDING_READS,
    snapshotBytesPerSecond = DEFAULT_SNAPSHOT_BYTES_PER_SECOND,
  } = options;
  requireWhole('snapshotEntries', snapshotEntries, 1);
  requireWhole('keepEntries', keepEntries, 0);
  requireWhole('maxCommandBytes', maxCommandBytes, 1, LARGEST_COMMAND_BYTES);
  requireWhole('maxPendingBytes', maxPendingBytes, 1);
  requireWhole('maxPendingReads', maxPendingReads, 1);
  if (snapshotBytesPerSecond !== 0) {
    const least = LEAST_SNAPSHOT_BYTES_PER_SECOND;
    requireWhole('snapshotBytesPerSecond', snapshotBytesPerSecond, least);
  }
  const sessions = resolveSessionOptions(options.sessions);
  const raft = resolveRaft(options.raft);
  const pending = { maxPendingBytes, maxPendingReads };
  const limits = {
    // A log that is read by `committed()` has no state to save.
    snapshotEntries: options.machine === undefined ? Infinity : snapshotEntries,
    ...{ keepEntries, maxCommandBytes, snapshotBytesPerSecond },
  };
  return { raft, listen, ...limits, ...pending, sessions };
}

function resolveRaft(options: RaftOptions | undefined): ResolvedRaftOptions {
  if (options === undefined) return DEFAULT_RAFT_OPTIONS;
  requireOptions('raft', options, DEFAULT_RAFT_OPTIONS);
  try {
    return resolveOptions(options);
  } catch (error) {
    throw badOption((error as Error).message, 'correct it in raft');
  }
}

function requireMachine<Result>(machine: StateMachine<Result> | undefined): void {
  if (machine === undefined) return;
  for (const name of ['open', 'apply', 'snapshot', 'restore'] as const) {
    if (typeof machine?.[name] === 'function') continue;
    throw badOption(`the machine has no ${name}()`, 'add it; a copy of a machine by ... has none');
  }
}
