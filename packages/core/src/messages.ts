/**
 * Everything one server may say to another. `kind` picks the fields, and every field a kind lists
 * is always present: no message has a field whose meaning depends on another field.
 *
 * Field order is fixed (kind, from, to, term, then the rest) so that V8 gives each kind one shape.
 */

import type { Batch, Payload, SnapshotMeta } from './entry.ts';
import type { LogIndex, NodeId, Term } from './types.ts';

export type Message =
  | RequestPreVote
  | PreVoteReply
  | RequestVote
  | RequestVoteReply
  | AppendEntries
  | AppendAccepted
  | AppendRejected
  | InstallSnapshot
  | RequestReadIndex
  | ReadIndexReply
  | ForwardProposal
  | ForwardReply
  | TimeoutNow
  | Rest
  | RestAccepted
  | WakeUp;

interface Envelope {
  readonly from: NodeId;
  readonly to: NodeId;
  /** The sender's current term; for the two pre-vote kinds see there. */
  readonly term: Term;
}

/** "Would you vote for me?" Spends no term (dissertation §9.6). */
export interface RequestPreVote extends Envelope {
  readonly kind: 'requestPreVote';
  /** Here: the term the sender would run in, one above its own. */
  readonly term: Term;
  readonly lastLogIndex: LogIndex;
  readonly lastLogTerm: Term;
}

export interface PreVoteReply extends Envelope {
  readonly kind: 'preVoteReply';
  /** Here: granted, the term that was asked for; refused, the voter's own current term. */
  readonly term: Term;
  readonly isGranted: boolean;
}

/** A candidate asks for a vote (§5.2). */
export interface RequestVote extends Envelope {
  readonly kind: 'requestVote';
  readonly lastLogIndex: LogIndex;
  readonly lastLogTerm: Term;
  /** True when the old leader told us to run (dissertation §3.10); lifts the live-leader check. */
  readonly isLeadershipTransfer: boolean;
}

/** The voter's answer, sent only after its vote is durable (§5.2). */
export interface RequestVoteReply extends Envelope {
  readonly kind: 'requestVoteReply';
  readonly isGranted: boolean;
}

/** The leader replicates entries; without any it is a heartbeat and is checked like any other (§5.3). */
export interface AppendEntries extends Envelope {
  readonly kind: 'appendEntries';
  readonly prevLogIndex: LogIndex;
  readonly prevLogTerm: Term;
  readonly leaderCommit: LogIndex;
  /**
   * Grows with every round in which the leader asks "do I still lead?". The reply repeats it, which
   * answers every read that was waiting when the round began (dissertation §6.4).
   */
  readonly round: number;
  /** Consecutive, beginning at `prevLogIndex + 1`. */
  readonly batches: readonly Batch[];
}

/** "My log is durable and equal to yours up to `matchIndex`." */
export interface AppendAccepted extends Envelope {
  readonly kind: 'appendAccepted';
  readonly matchIndex: LogIndex;
  readonly round: number;
}

/** "I have no entry (prevLogIndex, prevLogTerm), or your term is over." Promises nothing about the disk. */
export interface AppendRejected extends Envelope {
  readonly kind: 'appendRejected';
  /** Repeated from the request, so that the leader can tell a late refusal from a new one. */
  readonly prevLogIndex: LogIndex;
  /** Our last entry that could match: at or below prevLogIndex, of a term not above prevLogTerm. */
  readonly hintIndex: LogIndex;
  readonly hintTerm: Term;
  readonly round: number;
}

/**
 * The follower needs entries that the leader has thrown away (§7). The message names the snapshot;
 * the driver delivers it together with the data, which it may send on a stream of its own, and it
 * may send a newer snapshot than the one named. Answered by `appendAccepted` once installed.
 */
export interface InstallSnapshot extends Envelope {
  readonly kind: 'installSnapshot';
  readonly snapshot: SnapshotMeta;
}

/** A follower asks how far it must have applied before it may serve a read (dissertation §6.4). */
export interface RequestReadIndex extends Envelope {
  readonly kind: 'requestReadIndex';
  /** The asker's own number for the question. */
  readonly id: number;
}

export interface ReadIndexReply extends Envelope {
  readonly kind: 'readIndexReply';
  readonly id: number;
  readonly readIndex: LogIndex;
}

/** A follower passes its clients' commands to the leader. */
export interface ForwardProposal extends Envelope {
  readonly kind: 'forwardProposal';
  /** The asker's own number for the proposal. */
  readonly id: number;
  readonly payload: Payload;
}

/** Where the commands stand in the leader's log; whether they commit is seen there. */
export interface ForwardReply extends Envelope {
  readonly kind: 'forwardReply';
  readonly id: number;
  /** 0: refused, nothing was appended. */
  readonly firstIndex: LogIndex;
}

/** The leader hands over: run for election at once, without asking first (dissertation §3.10). */
export interface TimeoutNow extends Envelope {
  readonly kind: 'timeoutNow';
}

/** The leader has nothing to say: no heartbeats follow, and no timer need run (rest.ts). */
export interface Rest extends Envelope {
  readonly kind: 'rest';
  /** The leader's last entry, and its commitIndex. */
  readonly index: LogIndex;
  readonly logTerm: Term;
}

/** "I rest." */
export interface RestAccepted extends Envelope {
  readonly kind: 'restAccepted';
  readonly index: LogIndex;
}

/** A follower at rest has been woken by somebody who misses the leader, or a learner misses it. */
export interface WakeUp extends Envelope {
  readonly kind: 'wakeUp';
}
