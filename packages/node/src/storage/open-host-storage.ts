import { join } from 'node:path';
import type { Configuration } from '@quorate/core';
import { RaftError } from '../errors.ts';
import { beginRecoveredHost } from '../recovery/first-entries.ts';
import { type FileSystem, nodeFileSystem, orClose } from './file-system.ts';
import { GROUPS, groupSnapshotsDirectory, sharedLogDirectory } from './host-directory.ts';
import { groupRemoved, type HostStorage, noSuchGroup } from './host-storage.ts';
import { claimIdentity } from './identity.ts';
import { LazySnapshots } from './lazy-snapshots.ts';
import { openAlone } from './open-alone.ts';
import { openSnapshots } from './open-storage.ts';
import { RemovedGroups } from './removed-groups.ts';
import { GroupLog } from './shared/group-log.ts';
import { SharedLog } from './shared/shared-log.ts';
import type { Identity, Storage } from './storage.ts';

export interface OpenHostStorageOptions {
  readonly directory: string;
  readonly clusterId: number;
  readonly nodeId: number;
  /** All of them, ascending: noted in a new directory, for people. */
  readonly hosts: readonly number[];
  /** The disk has failed, and with it all groups. Called once. */
  readonly onFailure: (error: RaftError) => void;
  /** Where all of it is, but for the lock. @default nodeFileSystem */
  readonly fileSystem?: FileSystem;
}

/**
 * Opens or creates the data directory of a host, alone.
 *
 * @throws {RaftError} `RAFT_DIRECTORY_LOCKED`, `RAFT_WRONG_DIRECTORY`, `RAFT_STORAGE_CORRUPT`,
 *   `RAFT_BAD_DIRECTORY`, `RAFT_DISK_FAILED`, `RAFT_DISK_FULL`.
 */
export function openHostStorage(options: OpenHostStorageOptions): Promise<HostStorage> {
  return openAlone(options.directory, (release) => openLocked(options, release));
}

async function openLocked(
  options: OpenHostStorageOptions,
  release: () => Promise<void>,
): Promise<HostStorage> {
  const { directory, clusterId, nodeId, hosts, onFailure } = options;
  const { fileSystem = nodeFileSystem } = options;
  const names = await fileSystem.list(directory);
  if (names.includes('log')) {
    const problem = `${directory} holds a server of its own, not a host of groups`;
    throw new RaftError('RAFT_WRONG_DIRECTORY', `${problem}; give the host another directory`);
  }
  const isUsed = names.includes(GROUPS);
  const wanted = { clusterId, nodeId, initialVoters: hosts };
  const identity = await claimIdentity(fileSystem, directory, wanted, isUsed);
  const removed = await RemovedGroups.open(fileSystem, directory);
  const isRemoved = (group: number) => removed.has(group);
  const { log, warnings } = await SharedLog.open({
    directory: sharedLogDirectory(directory),
    salt: identity.salt,
    isRemoved,
    onFailure,
    fileSystem,
  });
  const snapshots = groupSnapshotsDirectory(directory);
  const snapshotsOf = (group: number | string) => join(snapshots, String(group));
  const withSnapshots = await orClose(log, async () => {
    await beginRecoveredHost(identity, log);
    await fileSystem.makeDirectory(snapshots);
    const names = await fileSystem.list(snapshots);
    for (const name of names) {
      // A crash came between the removal and this.
      if (isRemoved(Number(name))) await fileSystem.removeDirectory(snapshotsOf(name));
    }
    return new Set(names);
  });
  return {
    leftOut: identity.recovery?.leftOut ?? [],
    groups: () => log.groups(),
    has: (group) => log.has(group),
    open: async (group, initialConfiguration, isChosen) => {
      if (isRemoved(group)) throw groupRemoved(group);
      const isThere = withSnapshots.has(String(group));
      const of = { group, initialConfiguration, isChosen, identity, isThere, fileSystem };
      return openGroup(log, snapshotsOf(group), of);
    },
    begunWith: (group) => log.stateOf(group).beginning.voters,
    remove: async (group) => {
      if (!isRemoved(group) && !log.has(group)) throw noSuchGroup(group);
      await removed.add(group);
      await log.forget(group);
      await fileSystem.removeDirectory(snapshotsOf(group));
    },
    commit: () => log.commit(),
    get bytesOnDisk() {
      return log.bytesOnDisk;
    },
    warnings,
    async close() {
      try {
        await removed.settled();
        await log.close();
      } finally {
        await release();
      }
    },
  };
}

async function openGroup(
  shared: SharedLog,
  directory: string,
  of: {
    readonly group: number;
    readonly initialConfiguration: Configuration;
    readonly isChosen: boolean;
    readonly identity: Identity;
    /** There may be snapshots. */
    readonly isThere: boolean;
    readonly fileSystem: FileSystem;
  },
): Promise<Storage> {
  const state = shared.stateOf(of.group);
  const mayBegin = state.isNew || (of.isChosen && state.isUntouched);
  if (mayBegin) shared.begin(state, of.initialConfiguration);
  const stored = state.shape.toStoredState();
  const log = new GroupLog(shared, state);
  const open = () => openSnapshots(of.fileSystem, directory, stored);
  const hasSnapshot = of.isThere || stored.snapshot.index > 0;
  return {
    log,
    snapshots: hasSnapshot ? await open() : new LazySnapshots(open),
    stored,
    identity: of.identity,
    warnings: [],
    close: () => log.close(),
  };
}
