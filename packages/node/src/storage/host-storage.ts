/** What a host asks of a disk: one storage for all its groups, which is one for each of them. */

import type { Configuration } from '@quorate/core';
import { RaftError } from '../errors.ts';
import { memoryStorage } from './memory-storage.ts';
import type { Storage } from './storage.ts';

export interface HostStorage {
  /** Hosts that a recovery left out: they never come back under these ids. */
  readonly leftOut: readonly number[];
  /** Groups that have data here, open or not; ascending. */
  groups(): readonly number[];
  /**
   * A group's own storage, as it was left. What its log is given to write goes to the disk with the
   * next `commit`. To close it lets go of nothing but the group.
   *
   * @param initialConfiguration What the group begins with if it is new.
   */
  open(group: number, initialConfiguration: Configuration): Promise<Storage>;
  /** Writes what all groups have asked for since the last time, in one piece. */
  commit(): void;
  readonly bytesOnDisk: number;
  /** What was found and mended while opening. */
  readonly warnings: readonly string[];
  close(): Promise<void>;
}

/** Keeps every group in memory for as long as the host is open. */
export function memoryHostStorage(clusterId: number, nodeId: number): HostStorage {
  const seen = new Set<number>();
  return {
    leftOut: [],
    groups: () => [...seen].sort((a, b) => a - b),
    open: async (group, initialConfiguration) => {
      if (seen.has(group)) {
        const problem = `group ${group} was open before, and what it knew went with its close`;
        const remedy = 'give the host a directory, or the group a new id';
        throw new RaftError('RAFT_BAD_OPTION', `${problem}; ${remedy}`);
      }
      seen.add(group);
      return memoryStorage({ clusterId, nodeId, initialConfiguration });
    },
    commit: () => {},
    bytesOnDisk: 0,
    warnings: [],
    close: async () => {},
  };
}
