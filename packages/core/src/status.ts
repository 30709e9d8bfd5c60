import type { Configuration } from './configuration/configuration.ts';
import type { Mode } from './progress/progress.ts';
import { isSilent, type LeaderNode } from './state.ts';
import type { LogIndex, Milliseconds, NodeId, Term } from './types.ts';

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

/** What a leader knows of one other member. */
export interface FollowerStatus {
  readonly id: NodeId;
  /** Its log is known to be ours, durably, up to here. */
  readonly matchIndex: LogIndex;
  /** What it is sent next. */
  readonly nextIndex: LogIndex;
  /** `probe`: where the logs meet is being asked; `snapshot`: it needs, and gets, a snapshot. */
  readonly mode: Mode['kind'];
  /** How long it has been silent. A new leader counts from its election. */
  readonly silentMs: Milliseconds;
  /** Heard within an election timeout: it counts when the leader asks whether it has a quorum. */
  readonly isActive: boolean;
}

export function followersOf(node: LeaderNode): readonly FollowerStatus[] {
  return [...node.role.progress].map(([id, progress]) => {
    const { matchIndex, nextIndex, mode, lastHeardAt } = progress;
    const silentMs = node.now - lastHeardAt;
    const isActive = !isSilent(node, progress);
    return { id, matchIndex, nextIndex, mode: mode.kind, silentMs, isActive };
  });
}
