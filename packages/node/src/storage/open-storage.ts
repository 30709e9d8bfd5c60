import type { Configuration } from '@quorate/core';
import type { Storage } from './storage.ts';

export interface OpenStorageOptions {
  readonly directory: string;
  readonly clusterId: number;
  readonly nodeId: number;
  /** In force until the log or a snapshot holds another one. */
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
}

/**
 * Opens or creates a data directory, alone.
 *
 * @throws {RaftError} `RAFT_DIRECTORY_LOCKED`, `RAFT_WRONG_DIRECTORY`, `RAFT_STORAGE_CORRUPT`,
 *   `RAFT_DISK_FAILED`, `RAFT_DISK_FULL`.
 */
export declare function openStorage(options: OpenStorageOptions): Promise<Storage>;
