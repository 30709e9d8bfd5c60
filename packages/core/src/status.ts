import type { Configuration } from './configuration/configuration.ts';
import type { LogIndex, NodeId, Term } from './types.ts';

/** What a server shows of itself. Reading it changes nothing. */
export interface RaftStatus {
  readonly id: NodeId;
  readonly role: 'follower' | 'preCandidate' | 'candidate' | 'leader';
  readonly term: Term;
  readonly votedFor: NodeId | undefined;
  readonly leaderId: NodeId | undefined;
  readonly commitIndex: LogIndex;
  readonly appliedIndex: LogIndex;
  readonly lastIndex: LogIndex;
  /** Everything up to here survives a crash of this server. */
  readonly durableIndex: LogIndex;
  /** The first entry that is still in the log. */
  readonly firstIndex: LogIndex;
  readonly snapshotIndex: LogIndex;
  readonly configuration: Configuration;
}
