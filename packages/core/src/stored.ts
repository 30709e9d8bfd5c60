import type { Configuration } from './configuration/configuration.ts';
import type { HardState, SnapshotMeta } from './entry.ts';
import { type EntryId, INDEX_ZERO, type LogIndex, TERM_ZERO, type Term } from './types.ts';

/**
 * What a server finds on its disk when it starts. The log's commands stay on the disk; the core
 * needs only its shape.
 */
export interface StoredState {
  readonly hardState: HardState;
  /** Index 0 and the initial configuration for a server that never took a snapshot. */
  readonly snapshot: SnapshotMeta;
  /** The entry just before the first stored one; at or below the snapshot, (0, 0) for a whole log. */
  readonly base: EntryId;
  readonly lastIndex: LogIndex;
  /** Where each term begins in the log after `base`, ascending. Empty for an empty log. */
  readonly terms: readonly TermStart[];
  /** The configurations in the log after the snapshot, ascending. */
  readonly configurations: readonly ConfigurationAt[];
}

export interface TermStart {
  readonly term: Term;
  readonly firstIndex: LogIndex;
}

export interface ConfigurationAt {
  readonly index: LogIndex;
  readonly configuration: Configuration;
}

/** A server that has never stored anything, in a cluster that begins with this configuration. */
export function emptyStoredState(configuration: Configuration): StoredState {
  const base = { index: INDEX_ZERO, term: TERM_ZERO };
  return {
    hardState: { term: TERM_ZERO, votedFor: undefined, commitIndex: INDEX_ZERO },
    snapshot: { ...base, configuration },
    base,
    lastIndex: INDEX_ZERO,
    terms: [],
    configurations: [],
  };
}
