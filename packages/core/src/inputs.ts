import type { ChangeRefusal } from './configuration/change.ts';
import type { Payload, SnapshotMeta } from './entry.ts';
import type { Message } from './messages.ts';
import type { LogIndex, NodeId, Term } from './types.ts';

/**
 * Everything that can happen to a server. `raft.step(input, now)` is the only way in, besides
 * `raft.propose`, which is an input with an answer.
 */
export type Input =
  /** `raft.nextDeadline` is due. Harmless when early. */
  | { readonly kind: 'timePassed' }
  | { readonly kind: 'received'; readonly message: Message }
  /** `Write.sequence` is durable, and so are all before it. */
  | { readonly kind: 'written'; readonly sequence: number }
  /** The state machine stands at `index`. */
  | { readonly kind: 'applied'; readonly index: LogIndex }
  /**
   * A linearizable read was asked for. Answered by `Effects.reads` with the same id, which must be
   * new for ever: an answer that was on its way when this server crashed must fit no later question.
   */
  | { readonly kind: 'readRequested'; readonly id: number }
  /**
   * Commands for whoever leads. Answered, if at all, by `Effects.forwarded` with the same id, which
   * must be new for ever, as above.
   */
  | { readonly kind: 'forwardRequested'; readonly id: number; readonly payload: Payload }
  /**
   * A snapshot of the applied state is durable. Entries up to `index` are no longer needed, except
   * the last `keepEntries` of them, which spare a slow follower the snapshot.
   */
  | {
      readonly kind: 'snapshotSaved';
      readonly snapshot: SnapshotMeta;
      readonly keepEntries: number;
    }
  /** The transfer that an `installSnapshot` message began is over, well or badly. */
  | { readonly kind: 'snapshotSent'; readonly to: NodeId; readonly isDelivered: boolean }
  /**
   * Messages to this peer were lost: its connection broke or its queue was full. A follower that
   * hears this of its leader looks for another one soon.
   */
  | { readonly kind: 'peerUnreachable'; readonly peer: NodeId }
  /** This peer is there again: comes behind each `peerUnreachable`. Needed only for groups at rest (rest.ts). */
  | { readonly kind: 'peerReachable'; readonly peer: NodeId };

/** The answer to `raft.propose`. */
export type Proposed =
  /** The commands stand at `firstIndex` and following, in this term; not yet committed. */
  | { readonly kind: 'appended'; readonly firstIndex: LogIndex; readonly term: Term }
  | { readonly kind: 'refused'; readonly reason: ProposalRefusal };

export type ProposalRefusal = 'not-leader' | 'too-much-uncommitted' | 'transferring';

/** The answer to `raft.changeMembership`. */
export type ChangeAnswer =
  /** The change begins with the configuration at `index`; not yet committed. */
  | { readonly kind: 'appended'; readonly index: LogIndex; readonly term: Term }
  | { readonly kind: 'refused'; readonly reason: ChangeRefusal };

/** The answer to `raft.transferLeadership`. */
export type TransferAnswer =
  /** Until it is done or an election timeout has passed, proposals are refused. */
  | { readonly kind: 'begun'; readonly to: NodeId }
  | { readonly kind: 'refused'; readonly reason: TransferRefusal };

export type TransferRefusal =
  | 'not-leader'
  | 'not-a-voter'
  | 'leads-already'
  /** Nobody was named, and no voter holds all that is committed and has just been heard. */
  | 'nobody-follows';
