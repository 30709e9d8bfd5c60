/**
 * All that one server knows: Figure 2's state, and what is on its way out.
 *
 * The handlers in this package are functions over it. Only this file changes term, vote, role and
 * commitIndex, so each of their rules is checked in one place.
 */

import { type Configuration, isOnlyVoter } from './configuration/configuration.ts';
import type { HardState, SnapshotMeta } from './entry.ts';
import { invariant } from './invariant.ts';
import type { RaftLog } from './log/log.ts';
import type { ResolvedRaftOptions } from './options.ts';
import { Outbox } from './outbox.ts';
import type { Progress } from './progress/progress.ts';
import type { Random } from './random.ts';
import type { FollowerState, LeaderState, Role } from './role.ts';
import type { StepDownReason, TraceSink } from './trace.ts';
import {
  type LogIndex,
  largerIndex,
  type Milliseconds,
  type NodeId,
  smallerIndex,
  type Term,
} from './types.ts';

const NOBODY: readonly NodeId[] = [];

export class NodeState {
  readonly id: NodeId;
  readonly log: RaftLog;
  readonly options: ResolvedRaftOptions;
  readonly trace: TraceSink | undefined;
  readonly outbox = new Outbox();
  readonly #random: Random;

  now: Milliseconds;
  role: Role;
  /** The newest snapshot whose data the driver holds; index 0 for none. */
  snapshot: SnapshotMeta;
  /** With the option `rest`: whom the driver cannot reach, and will say of when it can (rest.ts). */
  unreachable: readonly NodeId[] = NOBODY;
  /** When a current leader was last heard; -Infinity after a start. */
  leaderHeardAt: Milliseconds = -Infinity;
  /** Until then no vote: before a restart we may have promised a leader its lease (hazard 22). */
  readonly votesFrom: Milliseconds;
  /** Term or vote has changed and no write holds it yet. */
  isHardStateDirty = false;
  /** The number of the newest write handed to the driver. */
  lastWrite = 0;
  #currentTerm: Term;
  #votedFor: NodeId | undefined;
  #commitIndex: LogIndex;

  constructor(from: {
    readonly id: NodeId;
    readonly log: RaftLog;
    readonly options: ResolvedRaftOptions;
    readonly random: Random;
    readonly trace: TraceSink | undefined;
    readonly hardState: HardState;
    readonly snapshot: SnapshotMeta;
    readonly appliedIndex: LogIndex;
    readonly now: Milliseconds;
  }) {
    this.id = from.id;
    this.log = from.log;
    this.options = from.options;
    this.trace = from.trace;
    this.#random = from.random;
    this.#currentTerm = from.hardState.term;
    this.#votedFor = from.hardState.votedFor;
    // The stored commitIndex is a hint; the log may end before it if it was written with a tail
    // that the disk lost. A snapshot and a state machine hold only what was committed (§7).
    const known = smallerIndex(from.hardState.commitIndex, from.log.lastIndex);
    this.#commitIndex = largerIndex(largerIndex(known, from.snapshot.index), from.appliedIndex);
    this.snapshot = from.snapshot;
    this.now = from.now;
    const mayHavePromised = from.options.leaseReads && from.hardState.term > 0;
    this.votesFrom = mayHavePromised ? from.now + from.options.electionTimeoutMs : from.now;
    const follower = this.#newFollower(undefined);
    this.role = follower;
    // Nobody else need be asked. One that is about to lose its lead to us may still hold our promise.
    if (isOnlyVoter(this.configuration, this.id)) follower.electionDeadline = this.votesFrom;
  }

  get currentTerm(): Term {
    return this.#currentTerm;
  }

  get votedFor(): NodeId | undefined {
    return this.#votedFor;
  }

  get commitIndex(): LogIndex {
    return this.#commitIndex;
  }

  /** In force from the moment it is in the log (§6). */
  get configuration(): Configuration {
    return this.log.configurations.current;
  }

  get hardState(): HardState {
    return { term: this.#currentTerm, votedFor: this.#votedFor, commitIndex: this.#commitIndex };
  }

  get leaderId(): NodeId | undefined {
    if (this.role.kind === 'leader') return this.id;
    return this.role.kind === 'follower' ? this.role.leaderId : undefined;
  }

  /** A new term begins, and with it a vote that nobody has yet (§5.1). */
  enterTerm(term: Term): void {
    invariant(term > this.#currentTerm, 'termNeverRegresses', term, this.#currentTerm);
    this.#currentTerm = term;
    this.#votedFor = undefined;
    this.isHardStateDirty = true;
  }

  /** Spends this term's one vote (§5.2). Repeating it for the same candidate changes nothing. */
  voteFor(candidate: NodeId): void {
    if (this.#votedFor === candidate) return;
    invariant(this.#votedFor === undefined, 'oneVotePerTerm', candidate, this.#votedFor);
    this.#votedFor = candidate;
    this.isHardStateDirty = true;
  }

  commitThrough(index: LogIndex): void {
    invariant(index >= this.#commitIndex, 'commitNeverRegresses', index, this.#commitIndex);
    invariant(index <= this.log.lastIndex, 'committedIsStored', index, this.log.lastIndex);
    this.#commitIndex = index;
    this.trace?.({ kind: 'committed', node: this.id, term: this.#currentTerm, index });
  }

  becomeFollower(leaderId: NodeId | undefined, reason: StepDownReason): void {
    const deadline = this.role.kind === 'leader' ? Infinity : this.role.electionDeadline;
    this.#leaveRole();
    const follower = this.#newFollower(leaderId);
    // To hear of a newer term is neither to hear a leader nor to give a vote (Figure 2, Followers): who
    // started waiting over at each would never run beside others that run more often and cannot win.
    if (reason === 'higher-term' && deadline < Infinity) follower.electionDeadline = deadline;
    this.role = follower;
    const { id: node, currentTerm: term } = this;
    this.trace?.({ kind: 'becameFollower', node, term, leader: leaderId, reason });
  }

  becomePreCandidate(): void {
    this.#leaveRole();
    const electionDeadline = this.now + this.drawElectionTimeout();
    this.role = { kind: 'preCandidate', votes: new Map(), electionDeadline };
    this.trace?.({ kind: 'becamePreCandidate', node: this.id, term: this.#currentTerm });
  }

  becomeCandidate(): void {
    this.#leaveRole();
    const electionDeadline = this.now + this.drawElectionTimeout();
    // The vote for ourselves is in the next write that the driver is handed.
    const ownVoteWrite = this.lastWrite + 1;
    this.role = { kind: 'candidate', votes: new Map(), ownVoteWrite, electionDeadline };
    this.trace?.({ kind: 'becameCandidate', node: this.id, term: this.#currentTerm });
  }

  becomeLeader(leader: LeaderState): void {
    this.#leaveRole();
    this.role = leader;
    this.trace?.({ kind: 'becameLeader', node: this.id, term: this.#currentTerm });
  }

  /** Uniform in [n, 2n), so that votes rarely split (§5.2, §9.3). */
  drawElectionTimeout(): Milliseconds {
    return this.options.electionTimeoutMs * (1 + this.#random());
  }

  #newFollower(leaderId: NodeId | undefined): FollowerState {
    const electionTimeoutMs = this.drawElectionTimeout();
    const electionDeadline = this.now + electionTimeoutMs;
    return {
      kind: 'follower',
      leaderId,
      electionDeadline,
      electionTimeoutMs,
      readsAtLeader: new Set(),
    };
  }

  /** Reads that the old role would have answered are given back, to be asked again. */
  #leaveRole(): void {
    const { role, outbox } = this;
    if (role.kind === 'follower') {
      for (const id of role.readsAtLeader) outbox.answerRead({ kind: 'dropped', id });
    }
    if (role.kind === 'leader') {
      for (const read of [...role.reads.asked, ...role.reads.waiting]) {
        if (read.follower === undefined) outbox.answerRead({ kind: 'dropped', id: read.id });
      }
    }
  }
}

/** A server that is known to lead, so that the leader's rules need not ask again. */
export type LeaderNode = NodeState & { role: LeaderState };

export const isLeader = (node: NodeState): node is LeaderNode => node.role.kind === 'leader';

/** It has not answered us for an election timeout. */
export const isSilent = ({ now, options }: LeaderNode, { lastHeardAt }: Progress): boolean =>
  now >= lastHeardAt + options.electionTimeoutMs;

/** Of two voters the one with more had better lead. */
export const priorityOf = ({ options }: NodeState, id: NodeId): number =>
  options.priorities[id] ?? 0;
