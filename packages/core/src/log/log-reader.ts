import type { Batch } from '../entry.ts';
import type { LogIndex } from '../types.ts';

/**
 * Where the core finds entries that it no longer keeps in memory: the driver's log on disk. Called
 * only for a slow follower and after a restart, never while the log's newest entries suffice.
 */
export interface LogReader {
  /**
   * Consecutive entries beginning exactly at `from` and ending at or before `through`, at least one
   * entry and then as many as fit into `maxBytes`. The core asks only for entries that it was told
   * are durable and that no snapshot has replaced.
   */
  read(from: LogIndex, through: LogIndex, maxBytes: number): readonly Batch[];
}

/** For a server that keeps its whole log in memory or starts with an empty one. */
export const NO_LOG_READER: LogReader = {
  read(from: LogIndex): readonly Batch[] {
    throw new RangeError(`entry ${from} was asked of a reader that has none`);
  },
};
