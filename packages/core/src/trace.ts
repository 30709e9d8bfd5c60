import type { Configuration } from './configuration/configuration.ts';
import type { LogIndex, NodeId, Term } from './types.ts';
import type { VoteVerdict } from './vote.ts';

/**
 * What the core decided, and by which rule. The core has no logger: it states facts, and each
 * consumer words them as it likes. The driver turns them into log lines and counters, a scenario
 * test matches them, and the visualizer shows them beside the message that caused them.
 */
export type TraceEvent =
  | {
      readonly kind: 'becameFollower';
      readonly node: NodeId;
      readonly term: Term;
      readonly leader: NodeId | undefined;
      readonly reason: StepDownReason;
    }
  | { readonly kind: 'becamePreCandidate'; readonly node: NodeId; readonly term: Term }
  | { readonly kind: 'becameCandidate'; readonly node: NodeId; readonly term: Term }
  | { readonly kind: 'becameLeader'; readonly node: NodeId; readonly term: Term }
  | {
      readonly kind: 'voted';
      readonly node: NodeId;
      readonly term: Term;
      readonly candidate: NodeId;
      readonly isPreVote: boolean;
      readonly verdict: VoteVerdict;
    }
  | {
      readonly kind: 'appended';
      readonly node: NodeId;
      readonly term: Term;
      readonly firstIndex: LogIndex;
      readonly lastIndex: LogIndex;
    }
  | {
      readonly kind: 'truncated';
      readonly node: NodeId;
      readonly term: Term;
      readonly fromIndex: LogIndex;
    }
  | {
      readonly kind: 'rejectedAppend';
      readonly node: NodeId;
      readonly term: Term;
      readonly leader: NodeId;
      readonly prevLogIndex: LogIndex;
      readonly hintIndex: LogIndex;
    }
  | {
      readonly kind: 'backtracked';
      readonly node: NodeId;
      readonly term: Term;
      readonly follower: NodeId;
      readonly nextIndex: LogIndex;
    }
  | {
      readonly kind: 'committed';
      readonly node: NodeId;
      readonly term: Term;
      readonly index: LogIndex;
    }
  | {
      readonly kind: 'snapshotNeeded';
      readonly node: NodeId;
      readonly term: Term;
      readonly follower: NodeId;
      readonly snapshotIndex: LogIndex;
    }
  | {
      readonly kind: 'snapshotInstalled';
      readonly node: NodeId;
      readonly term: Term;
      readonly snapshotIndex: LogIndex;
    }
  | {
      readonly kind: 'compacted';
      readonly node: NodeId;
      readonly term: Term;
      readonly firstIndex: LogIndex;
    }
  | {
      readonly kind: 'configurationAppended';
      readonly node: NodeId;
      readonly term: Term;
      readonly index: LogIndex;
      readonly configuration: Configuration;
    }
  | {
      readonly kind: 'transferred';
      readonly node: NodeId;
      readonly term: Term;
      readonly to: NodeId;
    }
  /** It refused an entry that it had acknowledged: its disk does not keep what it promises. */
  | {
      readonly kind: 'followerLostEntries';
      readonly node: NodeId;
      readonly term: Term;
      readonly follower: NodeId;
      /** What it had acknowledged, and where its log can end now at most. */
      readonly matchIndex: LogIndex;
      readonly hintIndex: LogIndex;
    }
  | { readonly kind: 'rested'; readonly node: NodeId; readonly term: Term }
  | { readonly kind: 'woke'; readonly node: NodeId; readonly term: Term }
  | {
      readonly kind: 'readConfirmed';
      readonly node: NodeId;
      readonly term: Term;
      readonly readIndex: LogIndex;
      readonly by: ReadAuthority;
    };

/** How a leader knows that it still led when a read was asked for: it has just asked, or a lease says so. */
export type ReadAuthority = 'round' | 'lease';

/** Why a server is a follower now. */
export type StepDownReason =
  | 'started'
  | 'higher-term'
  | 'leader-of-this-term'
  | 'lost-pre-vote'
  | 'lost-election'
  | 'lost-quorum'
  | 'not-a-voter'
  | 'voted'
  | 'removed';

/** Called synchronously during `step`. Must not call back into the core. */
export type TraceSink = (event: TraceEvent) => void;
