/**
 * What a server is doing right now (§5.1, Figure 4). State that has a meaning in one role only
 * lives in that role, so a follower has no `votes` to forget to clear and nobody can read a
 * leader's `progress` without first proving that there is a leader.
 *
 * A learner is not a role: it is a follower whose id the configuration lists as a non-voter
 * (dissertation §4.2.1).
 */

import type { Progress } from './progress/progress.ts';
import type { LogIndex, Milliseconds, NodeId } from './types.ts';

export type Role = FollowerState | PreCandidateState | CandidateState | LeaderState;

/** Answers others and watches one timer (§5.1). */
export interface FollowerState {
  readonly kind: 'follower';
  /** Unknown from the start of a term until its leader is first heard. */
  leaderId: NodeId | undefined;
  /** An election starts then, unless the leader is heard before. Infinity: at rest (rest.ts). */
  electionDeadline: Milliseconds;
  /** Drawn once for this spell as a follower (§5.2). */
  readonly electionTimeoutMs: Milliseconds;
  /** Reads that wait for the leader's answer. */
  readonly readsAtLeader: Set<number>;
}

/** Asks whether it would be elected; spends no term and promises nothing (dissertation §9.6). */
export interface PreCandidateState {
  readonly kind: 'preCandidate';
  /** Answers so far, our own included: granted or not. */
  readonly votes: Map<NodeId, boolean>;
  readonly electionDeadline: Milliseconds;
}

/** Asks for votes until it wins, loses, or runs out of time (§5.2). */
export interface CandidateState {
  readonly kind: 'candidate';
  readonly votes: Map<NodeId, boolean>;
  /** The write that makes the vote for itself durable; only then does it count. */
  readonly ownVoteWrite: number;
  readonly electionDeadline: Milliseconds;
}

/** Orders all entries of its term and brings every follower's log to its own (§5.3). */
export interface LeaderState {
  readonly kind: 'leader';
  /** Every other member of the configuration. */
  readonly progress: Map<NodeId, Progress>;
  /** Where this term's entries begin. */
  readonly firstIndexOfTerm: LogIndex;
  readonly reads: LeaderReads;
  /** Of learners that are to vote when they have caught up (dissertation §4.2.1). */
  readonly catchUps: Map<NodeId, CatchUpRound>;
  /** Under way to another server (dissertation §3.10). */
  transfer: LeadershipTransfer | undefined;
  /** Before that no preferred server is offered the lead: it has just been, or we just have it. */
  mayPreferFrom: Milliseconds;
  /** When followers must be told of a commit that no append has carried; Infinity: no need. */
  commitNoticeAt: Milliseconds;
  /** When we last woke; with leases, when there was last anything to do but heartbeats (rest.ts). */
  busyAt: Milliseconds;
  /** All who answer have accepted to rest, and nothing has been said since (rest.ts). */
  isResting: boolean;
}

export interface CatchUpRound {
  /** The end of the leader's log when the round began. */
  readonly through: LogIndex;
  readonly since: Milliseconds;
  /** The round before took no longer than an election timeout. */
  readonly hasCaughtUp: boolean;
}

export interface LeadershipTransfer {
  readonly to: NodeId;
  /** Given up then: the old leader goes on. */
  readonly deadline: Milliseconds;
  /** When the server was last told to run; -Infinity while its log is not ours yet. */
  toldAt: Milliseconds;
}

/** Linearizable reads at the leader (dissertation §6.4). */
export interface LeaderReads {
  /** The newest round: of "do I still lead?", or of what one follower is asked anew (replicate.ts). */
  round: number;
  /** The newest round of "do I still lead?", for which every follower is asked. */
  calledRound: number;
  /** Asked since that round began: they need the next one. */
  waiting: PendingRead[];
  /** Answered when a quorum has answered `askedRound`. */
  asked: PendingRead[];
  askedRound: number;
  /** commitIndex when the round began. */
  readIndex: LogIndex;
  /** When the rounds began that a quorum has not answered yet, and the newest that it has. */
  begun: { readonly round: number; readonly at: Milliseconds }[];
  /** False once we asked another server to run: from then on voters may elect it any time. */
  mayLease: boolean;
}

export interface PendingRead {
  readonly id: number;
  /** Undefined: a read of this server's own. */
  readonly follower: NodeId | undefined;
}
