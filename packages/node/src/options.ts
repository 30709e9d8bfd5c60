import {
  DEFAULT_RAFT_OPTIONS,
  type RaftOptions,
  type ResolvedRaftOptions,
  resolveOptions,
} from '@quorate/core';
import type { PeerAddress, RaftNodeOptions } from './api.ts';
import { badOption, requireAddress, requireDirectory, requireWhole } from './checks.ts';
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

/** Slower, a few followers at once would wait longer for one chunk than a transfer may stand still. */
const LEAST_SNAPSHOT_BYTES_PER_SECOND = 65_536;

/** @throws {RaftError} `RAFT_BAD_OPTION`, naming the option, the value and what would be right. */
export function checkOptions<Result>(options: RaftNodeOptions<Result>): ResolvedOptions<Result> {
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
  requireWhole('maxCommandBytes', maxCommandBytes, 1);
  requireWhole('maxPendingBytes', maxPendingBytes, 1);
  requireWhole('maxPendingReads', maxPendingReads, 1);
  if (snapshotBytesPerSecond !== 0) {
    const least = LEAST_SNAPSHOT_BYTES_PER_SECOND;
    requireWhole('snapshotBytesPerSecond', snapshotBytesPerSecond, least);
  }
  const sessions = resolveSessionOptions(options.sessions);
  requireWhole('sessions.timeoutMs', sessions.timeoutMs, 1);
  requireWhole('sessions.maxSessions', sessions.maxSessions, 1);
  const raft = resolveRaft(options.raft);
  const pending = { maxPendingBytes, maxPendingReads };
  const limits = { snapshotEntries, keepEntries, maxCommandBytes, snapshotBytesPerSecond };
  return { raft, listen, ...limits, ...pending, sessions };
}

function resolveRaft(options: RaftOptions | undefined): ResolvedRaftOptions {
  try {
    return resolveOptions(options ?? DEFAULT_RAFT_OPTIONS);
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
