/** What a recovery keeps of one log, what it cannot know and what may be lost. */

import { type EntryId, type LogIndex, nextIndex, nextTerm } from '@quorate/core';
import { RaftError } from '../errors.ts';
import type { ExaminedLog } from './examine-log.ts';

/** First and last, both included. */
export interface IndexRange {
  readonly first: LogIndex;
  readonly last: LogIndex;
}

export interface KeptLog {
  /**
   * The end of this server's log. Of several survivors the one whose last entry has the largest term,
   * and of these the largest index, is to be recovered: it has what the others have (§5.4.1).
   */
  readonly lastEntry: EntryId;
  /** Everything up to here is known to be committed. The disk learns of commits late. */
  readonly committedIndex: LogIndex;
  /** The snapshot stands here; 0 without one. */
  readonly snapshotIndex: LogIndex;
  /** Entries that are kept: those in the log. What came before is in the state or its snapshot. */
  readonly kept: IndexRange | undefined;
  /**
   * Of those, entries that are not known to be committed. They may have been acknowledged or not; they
   * are kept, and take effect.
   */
  readonly uncertain: IndexRange | undefined;
  /** Entries after this one are lost, if other servers have acknowledged any. */
  readonly mayBeLostAfter: LogIndex;
  /** What this server was, by the last configuration in its log. Who is no voter may be far behind. */
  readonly role: 'voter' | 'learner' | 'removed';
  /** The entry with which the new cluster begins, with this server as its only voter. */
  readonly firstEntry: EntryId;
}

/**
 * @param appliedIndex Where an on-disk state machine stands; 0: nobody knows.
 * @param whose For errors, "the state machine" of what.
 * @throws {RaftError} `RAFT_STORAGE_CORRUPT` when the log ends before that.
 */
export function keptOf(log: ExaminedLog, appliedIndex: number, whose: string): KeptLog {
  const { lastEntry, firstIndex, hardState, snapshotIndex, role } = log;
  const { index } = lastEntry;
  if (appliedIndex > index) {
    const problem = `${whose} stands at ${appliedIndex}, but the log ends at ${index}`;
    const remedy = 'the log was lost: recover another survivor, or restore a backup';
    throw new RaftError('RAFT_STORAGE_CORRUPT', `${problem}; ${remedy}`);
  }
  const committed = Math.max(hardState.commitIndex, snapshotIndex, appliedIndex) as LogIndex;
  return {
    lastEntry,
    committedIndex: committed,
    snapshotIndex,
    kept: rangeOf(firstIndex, index),
    uncertain: rangeOf(nextIndex(committed), index),
    mayBeLostAfter: index,
    role,
    firstEntry: { term: nextTerm(hardState.term), index: nextIndex(index) },
  };
}

const rangeOf = (first: LogIndex, last: LogIndex): IndexRange | undefined =>
  first <= last ? { first, last } : undefined;
