/**
 * A new cluster out of what one server has left, when a majority is lost for good.
 *
 * Raft promises that nothing acknowledged is lost while a majority survives. Without one that promise
 * cannot be kept, only limited: what this server stores is kept, and what others may have acknowledged
 * after it is lost. A person must say so: `examineRecovery` tells what would be kept, `recoverCluster`
 * does it and is told the last entry to keep. docs/recovery.md is the page for that person.
 */

import { join } from 'node:path';
import type { EntryId } from '@quorate/core';
import { badOption, requireOptions, requireWhole } from '../checks.ts';
import { RaftError } from '../errors.ts';
import { directoryError } from '../storage/disk-errors.ts';
import { DiskLog } from '../storage/disk-log.ts';
import { type FileSystem, nodeFileSystem } from '../storage/file-system.ts';
import { GROUPS } from '../storage/host-directory.ts';
import {
  drawIncarnation,
  readIdentity,
  type StoredIdentity,
  writeIdentity,
} from '../storage/identity.ts';
import { logDirectory } from '../storage/log-directory.ts';
import { examineLog, initialConfigurationOf } from './examine-log.ts';
import { beginRecoveredCluster } from './first-entry.ts';
import { type KeptLog, keptOf } from './kept-log.ts';
import { requireState } from './kept-state.ts';
import {
  alone,
  identityOf,
  refused,
  requireNewId,
  unused,
  usedClusterIds,
} from './whose-directory.ts';

export interface RecoveryOptions {
  /** Of a server that does not run. */
  readonly directory: string;
  /** Never used before: old members are told from new ones by it. A safe integer, 0 or above. */
  readonly newClusterId: number;
  /**
   * Where an on-disk state machine stands: everything up to there is committed.
   *
   * @default what the log says of commits, and the snapshot
   */
  readonly appliedIndex?: number;
}

const RECOVERY_OPTIONS: Readonly<Record<keyof RecoveryOptions, true>> = {
  directory: true,
  newClusterId: true,
  appliedIndex: true,
};

const MACHINE = 'the state machine';

/** What a recovery keeps, what it cannot know and whom it leaves out. */
export interface RecoveryReport extends KeptLog {
  readonly directory: string;
  readonly nodeId: number;
  readonly oldClusterId: number;
  readonly newClusterId: number;
  /** Members of the old cluster that this directory knows of. None of them can join the new one. */
  readonly leftOut: readonly number[];
  /** What was found while the log was read, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Says what `recoverCluster` would do, and writes nothing: a full disk and one that is read-only can be examined.
 *
 * @throws {RaftError} `RAFT_WRONG_DIRECTORY` when no server's data are there, `RAFT_DIRECTORY_LOCKED`
 *   while it runs, `RAFT_STORAGE_CORRUPT`, `RAFT_RECOVERY_REFUSED`, `RAFT_BAD_DIRECTORY`, `RAFT_BAD_OPTION`.
 */
export async function examineRecovery(options: RecoveryOptions): Promise<RecoveryReport> {
  requireOptions('examineRecovery', options, RECOVERY_OPTIONS);
  return unused(options.directory, () => examineDirectory(nodeFileSystem, options));
}

/**
 * Makes the server of this directory the only member of a new cluster, with everything in its log and
 * its state. Others join it as new servers, with empty directories and ids that were never used; also
 * those whose data have survived. A crash leaves the old server or the new one.
 *
 * @param options.keepThrough The last entry to keep, as `examineRecovery` has reported it.
 * @throws {RaftError} as `examineRecovery`; `RAFT_RECOVERY_REFUSED` also when the log does not end there.
 */
export async function recoverCluster(
  options: RecoveryOptions & { readonly keepThrough: EntryId },
): Promise<RecoveryReport> {
  requireOptions('recoverCluster', options, { ...RECOVERY_OPTIONS, keepThrough: true });
  return alone(options.directory, () => recoverDirectory(nodeFileSystem, options));
}

/** The cluster that a directory's server was recovered into, and who was left out of it. */
export interface RecoveredCluster {
  readonly clusterId: number;
  readonly leftOut: readonly number[];
}

/**
 * Undefined when the directory was never recovered, and when no server's data are there. Reads one small
 * file, and works while the server runs.
 *
 * @throws {RaftError} `RAFT_STORAGE_CORRUPT`, `RAFT_BAD_DIRECTORY`, `RAFT_DISK_FAILED`
 */
export async function recoveredCluster(directory: string): Promise<RecoveredCluster | undefined> {
  try {
    const { clusterId, recovery } = (await readIdentity(nodeFileSystem, directory)) ?? {};
    if (clusterId === undefined || recovery === undefined) return undefined;
    return { clusterId, leftOut: recovery.leftOut };
  } catch (error) {
    if (error instanceof RaftError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw directoryError(error, directory);
  }
}

/** `examineRecovery` for whoever has the directory to himself. */
export async function examineDirectory(
  fileSystem: FileSystem,
  options: RecoveryOptions,
): Promise<RecoveryReport> {
  const identity = await identityOf(fileSystem, options.directory);
  requireNewId(options.newClusterId, identity);
  const { directory, newClusterId, appliedIndex = 0 } = options;
  requireWhole('appliedIndex', appliedIndex, 0);
  await requireServer(fileSystem, directory);
  const log = await examineLog(fileSystem, directory, identity);
  const { nodeId, clusterId: oldClusterId } = identity;
  const { others: leftOut, warnings } = log;
  const snapshots = join(directory, 'snapshots');
  await requireState(fileSystem, snapshots, log, options.appliedIndex, MACHINE);
  const kept = keptOf(log, appliedIndex, MACHINE);
  return { directory, nodeId, oldClusterId, newClusterId, ...kept, leftOut, warnings };
}

/** `recoverCluster` for whoever has the directory to himself. */
export async function recoverDirectory(
  fileSystem: FileSystem,
  options: RecoveryOptions & { readonly keepThrough: EntryId },
): Promise<RecoveryReport> {
  const { directory, newClusterId, keepThrough } = options;
  const report = await examineDirectory(fileSystem, options);
  requireLast(keepThrough, report);
  const identity = await identityOf(fileSystem, directory);
  // An earlier recovery that a crash interrupted comes first.
  await finishRecovery(fileSystem, directory, identity);
  const { firstEntry, leftOut } = report;
  const recovered: StoredIdentity = {
    ...identity,
    clusterId: newClusterId,
    incarnation: drawIncarnation(),
    recovery: { formerClusterIds: usedClusterIds(identity), ...firstEntry, leftOut },
  };
  await writeIdentity(fileSystem, directory, recovered);
  await finishRecovery(fileSystem, directory, recovered);
  return report;
}

async function finishRecovery(
  fileSystem: FileSystem,
  directory: string,
  identity: StoredIdentity,
): Promise<void> {
  const { log, recovered } = await DiskLog.open({
    fileSystem,
    directory: logDirectory(directory),
    salt: identity.salt,
    initialConfiguration: initialConfigurationOf(identity),
  });
  try {
    await beginRecoveredCluster(identity, log, recovered.shape);
  } finally {
    await log.close();
  }
}

/** A host's groups share a log, and each needs an entry of its own: recover-host.ts. */
async function requireServer(fileSystem: FileSystem, directory: string): Promise<void> {
  const names = await fileSystem.list(directory);
  if (!names.includes(GROUPS)) return;
  const problem = `${directory} holds a host of groups, not a server of its own`;
  throw refused(`${problem}; use examineHostRecovery and recoverHost`);
}

function requireLast(keepThrough: EntryId, { lastEntry }: RecoveryReport): void {
  if (typeof keepThrough?.index !== 'number' || typeof keepThrough.term !== 'number') {
    throw badOption('keepThrough is no entry', 'give the lastEntry of the examination');
  }
  if (keepThrough.index === lastEntry.index && keepThrough.term === lastEntry.term) return;
  const asked = `${keepThrough.index} of term ${keepThrough.term}`;
  const found = `${lastEntry.index} of term ${lastEntry.term}`;
  throw refused(`the log ends with entry ${found}, not with ${asked}; examine it again`);
}
