import { join } from 'node:path';
import { type Configuration, configurationOf, type StoredState } from '@quorate/core';
import { RaftError } from '../errors.ts';
import { beginRecoveredCluster } from '../recovery/first-entry.ts';
import { DiskLog } from './disk-log.ts';
import { DiskSnapshotStore } from './disk-snapshots.ts';
import { type FileSystem, nodeFileSystem, orClose } from './file-system.ts';
import { claimIdentity } from './identity.ts';
import { logDirectory } from './log-directory.ts';
import { openAlone } from './open-alone.ts';
import type { Storage } from './storage.ts';

export interface OpenStorageOptions {
  readonly directory: string;
  readonly clusterId: number;
  readonly nodeId: number;
  /** Kept when the directory is first used; in force until the log or a snapshot holds another one. */
  readonly initialConfiguration: Configuration;
  /** Size of a full-grown log file. The first ones are smaller. @default 67_108_864 (64 MiB) */
  readonly segmentBytes?: number;
  /**
   * Largest write that is made synchronously when nothing else is on its way to the disk: the
   * fastest there is for one small write, but it blocks the event loop meanwhile. 0 never blocks.
   *
   * @default 131_072 (128 KiB)
   */
  readonly syncWriteBytes?: number;
  /** See `DiskLogOptions`. @default 0 */
  readonly machineReserveBytes?: number;
  /** Where all of it is, but for the lock. @default nodeFileSystem */
  readonly fileSystem?: FileSystem;
}

/**
 * Opens or creates a data directory, alone.
 *
 * @throws {RaftError} `RAFT_DIRECTORY_LOCKED`, `RAFT_WRONG_DIRECTORY`, `RAFT_STORAGE_CORRUPT`,
 *   `RAFT_BAD_DIRECTORY`, `RAFT_DISK_FAILED`, `RAFT_DISK_FULL`.
 */
export function openStorage(options: OpenStorageOptions): Promise<Storage> {
  return openAlone(options.directory, (release) => openLocked(options, release));
}

async function openLocked(
  { directory, clusterId, nodeId, fileSystem = nodeFileSystem, ...rest }: OpenStorageOptions,
  release: () => Promise<void>,
): Promise<Storage> {
  const names = await fileSystem.list(directory);
  if (names.includes('groups')) {
    const problem = `${directory} holds a host of groups, not a server of its own`;
    throw new RaftError('RAFT_WRONG_DIRECTORY', `${problem}; give this server another directory`);
  }
  const isUsed = names.includes('log') || names.includes('snapshots');
  const initialVoters = rest.initialConfiguration.voters;
  const wanted = { clusterId, nodeId, initialVoters };
  const identity = await claimIdentity(fileSystem, directory, wanted, isUsed);

  const { log, recovered } = await DiskLog.open({
    ...rest,
    fileSystem,
    // Not what is said now: once a server has begun, who votes is changed by the log alone.
    initialConfiguration: configurationOf(identity.initialVoters),
    directory: logDirectory(directory),
    salt: identity.salt,
  });
  const { stored, snapshots } = await orClose(log, async () => {
    await beginRecoveredCluster(identity, log, recovered.shape);
    const found = recovered.shape.toStoredState();
    const path = join(directory, 'snapshots');
    return { stored: found, snapshots: await openSnapshots(fileSystem, path, found) };
  });
  return {
    log,
    snapshots,
    stored,
    identity,
    warnings: recovered.warnings,
    async close() {
      try {
        await log.close();
      } finally {
        await release();
      }
    },
  };
}

/**
 * The log says which snapshot counts. A newer file was finished just before a crash and the log
 * never heard of it; an older one should have been removed.
 */
export async function openSnapshots(
  fileSystem: FileSystem,
  directory: string,
  stored: StoredState,
): Promise<DiskSnapshotStore> {
  const snapshots = await DiskSnapshotStore.open(fileSystem, directory);
  await snapshots.removeNewerThan(stored.snapshot.index);
  if (snapshots.latest()?.index === stored.snapshot.index) {
    await snapshots.removeOlderThan(stored.snapshot, []);
  }
  return snapshots;
}
