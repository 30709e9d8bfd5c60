/** What a host asks of a disk: one storage for all its groups, which is one for each of them. */

import type { Configuration, NodeId } from '@quorate/core';
import { RaftError } from '../errors.ts';
import { memoryStorage } from './memory-storage.ts';
import { RemovedGroups } from './removed-groups.ts';
import type { Storage } from './storage.ts';

export interface HostStorage {
  /** Hosts that a recovery left out: they never come back under these ids. */
  readonly leftOut: readonly number[];
  /** Groups that have data here, open or not; ascending. */
  groups(): readonly number[];
  /** It has data here: with whom it began is settled. */
  has(group: number): boolean;
  /**
   * A group's own storage, as it was left. What its log is given to write goes to the disk with the
   * next `commit`. To close it lets go of nothing but the group.
   *
   * @param initialConfiguration What the group begins with if it is new.
   * @param isChosen It also takes the place of another one, if the group has heard and promised nothing yet.
   * @throws {RaftError} `RAFT_GROUP_REMOVED`, `RAFT_STORAGE_CORRUPT`
   */
  open(group: number, initialConfiguration: Configuration, isChosen: boolean): Promise<Storage>;
  /** The voters with which a group that is open began; none if that is not known. */
  begunWith(group: number): readonly NodeId[];
  /**
   * Drops all that is kept of a group, which is not open, for ever. Resolves when that is durable; again
   * and again for the same one.
   *
   * @throws {RaftError} `RAFT_BAD_OPTION` when nothing is kept of it, `RAFT_DISK_FAILED`, `RAFT_DISK_FULL`.
   */
  remove(group: number): Promise<void>;
  /** Writes what all groups have asked for since the last time, in one piece. */
  commit(): void;
  readonly bytesOnDisk: number;
  /** What was found and mended while opening. */
  readonly warnings: readonly string[];
  close(): Promise<void>;
}

/** Keeps every group in memory for as long as the host is open. */
export function memoryHostStorage(clusterId: number, nodeId: number): HostStorage {
  const seen = new Map<number, readonly NodeId[]>();
  const removed = RemovedGroups.inMemory();
  return {
    leftOut: [],
    groups: () => [...seen.keys()].sort((a, b) => a - b),
    has: (group) => seen.has(group),
    open: async (group, initialConfiguration) => {
      if (removed.has(group)) throw groupRemoved(group);
      if (seen.has(group)) {
        const problem = `group ${group} was open before, and what it knew went with its close`;
        const remedy = 'give the host a directory, or the group a new id';
        throw new RaftError('RAFT_BAD_OPTION', `${problem}; ${remedy}`);
      }
      seen.set(group, initialConfiguration.voters);
      return memoryStorage({ clusterId, nodeId, initialConfiguration });
    },
    begunWith: (group) => seen.get(group) ?? [],
    remove: async (group) => {
      if (!seen.has(group) && !removed.has(group)) throw noSuchGroup(group);
      await removed.add(group);
      seen.delete(group);
    },
    commit: () => {},
    bytesOnDisk: 0,
    warnings: [],
    close: async () => {},
  };
}

export function groupRemoved(group: number): RaftError {
  const problem = `group ${group} was removed from this host, with its votes and what it acknowledged`;
  const remedy = 'open it on another host, or begin a group under a new id';
  return new RaftError('RAFT_GROUP_REMOVED', `${problem}; ${remedy}`);
}

export function noSuchGroup(group: number): RaftError {
  const remedy = 'storedGroups lists those that can be removed';
  return new RaftError('RAFT_BAD_OPTION', `this host keeps nothing of group ${group}; ${remedy}`);
}
