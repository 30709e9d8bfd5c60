import { join } from 'node:path';
import type { Configuration } from '@quorate/core';
import { RaftError } from '../errors.ts';
import { beginRecoveredHost } from '../recovery/first-entries.ts';
import { nodeFileSystem } from './file-system.ts';
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
  { directory, clusterId, nodeId, hosts, onFailure }: OpenHostStorageOptions,
  release: () => Promise<void>,
): Promise<HostStorage> {
  const names = await nodeFileSystem.list(directory);
  if (names.includes('log')) {
    const problem = `${directory} holds a server of its own, not a host of groups`;
    throw new RaftError('RAFT_WRONG_DIRECTORY', `${problem}; give the host another directory`);
  }
  const isUsed = names.includes(GROUPS);
  const wanted = { clusterId, nodeId, initialVoters: hosts };
  const identity = await claimIdentity(nodeFileSystem, directory, wanted, isUsed);
  const removed = await RemovedGroups.open(nodeFileSystem, directory);
  const isRemoved = (group: number) => removed.has(group);
  const { log, warnings } = await SharedLog.open({
    directory: sharedLogDirectory(directory),
    salt: identity.salt,
    isRemoved,
    onFailure,
  });
  await beginRecoveredHost(identity, log);
  const snapshots = groupSnapshotsDirectory(directory);
  await nodeFileSystem.makeDirectory(snapshots);
  const snapshotsOf = (group: number | string) => join(snapshots, String(group));
  const withSnapshots = new Set(await nodeFileSystem.list(snapshots));
  for (const name of withSnapshots) {
    // A crash came between the removal and this.
    if (isRemoved(Number(name))) await nodeFileSystem.removeDirectory(snapshotsOf(name));
  }
  return {
    leftOut: identity.recovery?.leftOut ?? [],
    groups: () => log.groups(),
    has: (group) => log.has(group),
    open: async (group, initialConfiguration, isChosen) => {
      if (isRemoved(group)) throw groupRemoved(group);
      const isThere = withSnapshots.has(String(group));
      const of = { group, initialConfiguration, isChosen, identity, isThere };
      return openGroup(log, snapshotsOf(group), of);
    },
    begunWith: (group) => log.stateOf(group).beginning.voters,
    remove: async (group) => {
      if (!isRemoved(group) && !log.has(group)) throw noSuchGroup(group);
      await removed.add(group);
      await log.forget(group);
      await nodeFileSystem.removeDirectory(snapshotsOf(group));
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
  },
): Promise<Storage> {
  const state = shared.stateOf(of.group);
  const mayBegin = state.isNew || (of.isChosen && state.isUntouched);
  if (mayBegin) shared.begin(state, of.initialConfiguration);
  const stored = state.shape.toStoredState();
  const log = new GroupLog(shared, state);
  const open = () => openSnapshots(directory, stored);
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
