/** What the records of a shared log amount to, group by group. */

import type { LogIndex, LogReader } from '@quorate/core';
import { CommandSlab, FrameError } from '@quorate/wire';
import { RaftError } from '../../errors.ts';
import { corruptLog } from '../disk-errors.ts';
import { partsOf } from './group-parts.ts';
import { GroupState } from './group-state.ts';

/** Read at once. */
const REPLAY_BYTES = 4_194_304;

export interface ReplayOptions {
  /** Of the log below. */
  readonly reader: LogReader;
  /** The last record that is gone, and the last one that is there. */
  readonly base: number;
  readonly lastRecord: number;
  /** For errors. */
  readonly directory: string;
  /** Of which nothing counts any more; some of it may be gone. */
  readonly isRemoved: (group: number) => boolean;
  /** Each record, and its length. */
  readonly found?: (record: number, byteLength: number) => void;
}

/** @throws {RaftError} `RAFT_STORAGE_CORRUPT` */
export function replayGroups(options: ReplayOptions): Map<number, GroupState> {
  const { reader, base, lastRecord, directory, found = () => {} } = options;
  const states = new Map<number, GroupState>();
  for (let next = base + 1; next <= lastRecord; ) {
    for (const batch of reader.read(next as LogIndex, lastRecord as LogIndex, REPLAY_BYTES)) {
      const record = batch.firstIndex as number;
      found(record, batch.byteLength);
      replayRecord(states, record, contentOf(batch), options);
      next = record + 1;
    }
  }
  for (const { id, shape } of states.values()) {
    if (shape.dropThroughBase()) continue;
    throw corruptLog(directory, 0, `the beginning of group ${id} is missing`);
  }
  return states;
}

function replayRecord(
  states: Map<number, GroupState>,
  record: number,
  content: Uint8Array,
  { base, directory, isRemoved }: ReplayOptions,
): void {
  try {
    for (const part of partsOf(content)) {
      if (isRemoved(part.group)) continue;
      const known = states.get(part.group);
      const state = known ?? new GroupState(part.group, base > 0);
      if (known === undefined) states.set(part.group, state);
      state.replay(part, record);
    }
  } catch (error) {
    if (!(error instanceof FrameError || error instanceof RangeError)) throw error;
    throw corruptLog(`${directory}, record ${record}`, 0, error.message);
  }
}

/** The only command of a record. */
export function contentOf(batch: ReturnType<LogReader['read']>[number] | undefined): Uint8Array {
  if (batch?.kind === 'commands' && batch.payload instanceof CommandSlab) {
    const [content] = batch.payload;
    if (content !== undefined) return content;
  }
  throw new RaftError('RAFT_STORAGE_CORRUPT', 'a record of the shared log holds no groups');
}
