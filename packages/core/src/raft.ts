/**
 * One server of a Raft cluster, without a clock, a disk or a network.
 *
 * Inputs change the state; effects say what must be done about it. The same inputs, with the same
 * times and dice, give the same effects bit for bit. This file only dispatches: each rule lives in
 * the file that bears its name, and docs/paper-map.md lists them.
 */

import { ApplyQueue } from './apply-queue.ts';
import type { ChangeMode } from './configuration/change.ts';
import type { Membership, ServerAddress } from './configuration/configuration.ts';
import type { Effects, Write } from './effects.ts';
import {
  onLeaderUnreachable,
  onOwnVoteWritten,
  onPreVoteReply,
  onRequestVoteReply,
  startElection,
} from './election.ts';
import type { Payload, SnapshotMeta } from './entry.ts';
import { fingerprintOf, type RoundMarks, roundMarksOf } from './fingerprint.ts';
import { onAppendEntries, onInstallSnapshot } from './follower.ts';
import { onForwardProposal, onForwardReply, onForwardRequested } from './forward.ts';
import type { ChangeAnswer, Input, Proposed, TransferAnswer } from './inputs.ts';
import { invariant } from './invariant.ts';
import { changeMembership, settleConfiguration, stepDownIfRemoved } from './leader/change.ts';
import { advanceLeaderCommit } from './leader/commit.ts';
import { checkQuorum, propose, quorumDeadline, refusalOf } from './leader/leader.ts';
import { answerReads, startReadRound } from './leader/read.ts';
import {
  onAppendAccepted,
  onAppendRejected,
  onPeerUnreachable,
  onSnapshotSent,
  sendAppends,
  sendDeadline,
} from './leader/replicate.ts';
import {
  driveTransfer,
  onTimeoutNow,
  preferHigherPriority,
  transferDeadline,
  transferLeadership,
} from './leader/transfer.ts';
import { RaftLog } from './log/log.ts';
import type { LogReader } from './log/log-reader.ts';
import { type MembershipState, MembershipView } from './membership-state.ts';
import type { Message } from './messages.ts';
import { type RaftOptions, resolveOptions } from './options.ts';
import type { Random } from './random.ts';
import { onReadIndexReply, onReadRequested, onRequestReadIndex } from './read-requests.ts';
import {
  forgetUnreachable,
  isAtRest,
  noteBusiness,
  noteUnreachable,
  onPeerReachable,
  onRest,
  onRestAccepted,
  settleRest,
  wake,
  wakeByMessage,
} from './rest.ts';
import { isLeader, NodeState } from './state.ts';
import { type FollowerStatus, followersOf, type RaftStatus } from './status.ts';
import type { StoredState } from './stored.ts';
import { passesTermGate } from './term-gate.ts';
import type { TraceSink } from './trace.ts';
import { type LogIndex, largerIndex, type Milliseconds, type NodeId, type Term } from './types.ts';

export interface RaftConfig {
  readonly id: NodeId;
  readonly stored: StoredState;
  /** Where the state machine stands already: entries up to here are not handed out again. */
  readonly appliedIndex: LogIndex;
  readonly now: Milliseconds;
  /** Spreads the election timeouts; nothing else is left to chance. */
  readonly random: Random;
  readonly reader: LogReader;
  readonly options?: RaftOptions;
  readonly trace?: TraceSink;
}

export class Raft {
  readonly #node: NodeState;
  readonly #applies: ApplyQueue;
  readonly #membership = new MembershipView();

  /** @throws {RangeError} for options out of range, naming them. */
  constructor(config: RaftConfig) {
    const { id, stored, appliedIndex, now, random, reader, trace } = config;
    const options = resolveOptions(config.options);
    const log = new RaftLog(stored, reader, options.maxTailBytes);
    const { hardState, snapshot } = stored;
    const from = { id, log, options, random, trace, hardState, snapshot, appliedIndex, now };
    this.#node = new NodeState(from);
    this.#applies = new ApplyQueue(appliedIndex, options.maxApplyBytes);
    const { currentTerm: term } = this.#node;
    trace?.({ kind: 'becameFollower', node: id, term, leader: undefined, reason: 'started' });
  }

  /** Takes one input. `now` must never go back. */
  step(input: Input, now: Milliseconds): void {
    this.#advanceTime(now);
    const node = this.#node;
    switch (input.kind) {
      case 'timePassed':
        onTimePassed(node);
        break;
      case 'received':
        onMessage(node, input.message);
        break;
      case 'written':
        node.log.written(input.sequence, node.commitIndex);
        onOwnVoteWritten(node, input.sequence);
        break;
      case 'applied':
        this.#applies.applied(input.index);
        break;
      case 'readRequested':
        if (!isLeader(node)) wake(node);
        onReadRequested(node, input.id);
        break;
      case 'forwardRequested':
        wake(node);
        onForwardRequested(node, input.id, input.payload);
        break;
      case 'snapshotSaved':
        onSnapshotSaved(node, input.snapshot, input.keepEntries);
        break;
      case 'snapshotSent':
        if (isLeader(node)) onSnapshotSent(node, input.to, input.isDelivered);
        break;
      case 'peerUnreachable':
        noteUnreachable(node, input.peer);
        if (isLeader(node)) onPeerUnreachable(node, input.peer);
        else onLeaderUnreachable(node, input.peer);
        break;
      case 'peerReachable':
        onPeerReachable(node, input.peer);
        break;
    }
  }

  /** A client's commands, for the leader's log (Figure 2, Leaders). Answers at once, promises nothing. */
  propose(payload: Payload, now: Milliseconds): Proposed {
    this.#advanceTime(now);
    return propose(this.#node, payload);
  }

  /**
   * Any set of voters and learners to any other (§6). Answers at once: the change is done when the
   * configuration in `membership` is the target's and committed.
   *
   * @param addresses Of newcomers, and of members that have moved.
   */
  changeMembership(
    target: Membership,
    now: Milliseconds,
    mode: ChangeMode = 'at-once',
    addresses: readonly ServerAddress[] = [],
  ): ChangeAnswer {
    this.#advanceTime(now);
    wake(this.#node);
    return changeMembership(this.#node, target, addresses, mode);
  }

  /**
   * Asks another voter to lead instead (dissertation §3.10). Whether it does, `leaderId` tells; that
   * it was given up, `transferTarget`.
   *
   * @param to Undefined: whoever is best placed.
   */
  transferLeadership(to: NodeId | undefined, now: Milliseconds): TransferAnswer {
    this.#advanceTime(now);
    wake(this.#node);
    return transferLeadership(this.#node, to);
  }

  /**
   * What must be done now; undefined when nothing must. Call it after stepping all inputs of a
   * turn, and until it answers undefined.
   */
  takeEffects(now: Milliseconds): Effects | undefined {
    this.#advanceTime(now);
    const node = this.#node;
    if (isLeader(node)) {
      noteBusiness(node);
      advanceLeaderCommit(node);
      settleConfiguration(node);
      answerReads(node);
      startReadRound(node);
      answerReads(node);
      settleRest(node);
      sendAppends(node);
      preferHigherPriority(node);
      driveTransfer(node);
      stepDownIfRemoved(node);
    }
    const { outbox } = node;
    outbox.sealAcknowledgement(node.id);
    const { restore } = outbox;
    if (restore !== undefined) this.#applies.restored(restore.index);
    const write = takeWrite(node);
    const committed = this.#applies.take(node.log, node.commitIndex);
    if (write === undefined && committed.length === 0 && outbox.isEmpty) return undefined;
    return outbox.take(write, committed);
  }

  /** When `timePassed` is due, on the clock of `now`. */
  get nextDeadline(): Milliseconds {
    const node = this.#node;
    if (isLeader(node)) {
      return Math.min(sendDeadline(node), quorumDeadline(node), transferDeadline(node));
    }
    return node.role.kind === 'leader' ? Infinity : node.role.electionDeadline;
  }

  /** Idle, silent and without a deadline (rest.ts). */
  get isAtRest(): boolean {
    return isAtRest(this.#node);
  }

  get isLeader(): boolean {
    return this.#node.role.kind === 'leader';
  }

  /** `propose` would append, whatever the payload: true until the next step or proposal. */
  get isAccepting(): boolean {
    return refusalOf(this.#node) === undefined;
  }

  get term(): Term {
    return this.#node.currentTerm;
  }

  get leaderId(): NodeId | undefined {
    return this.#node.leaderId;
  }

  get lastIndex(): LogIndex {
    return this.#node.log.lastIndex;
  }

  get commitIndex(): LogIndex {
    return this.#node.commitIndex;
  }

  /** Who is asked to lead instead of us, while that is under way. */
  get transferTarget(): NodeId | undefined {
    return isLeader(this.#node) ? this.#node.role.transfer?.to : undefined;
  }

  /** Who takes part. The same object until something about it changes. */
  get membership(): MembershipState {
    return this.#membership.of(this.#node);
  }

  /** What a leader knows of every other member; empty on other servers. */
  followers(): readonly FollowerStatus[] {
    return isLeader(this.#node) ? followersOf(this.#node) : [];
  }

  /** Of an entry from the base of the log to its end; undefined for any other. */
  termAt(index: LogIndex): Term | undefined {
    const { log } = this.#node;
    return index >= log.base.index && index <= log.lastIndex ? log.termAt(index) : undefined;
  }

  /** What a snapshot of the state at `index` must say of itself. `index` must be in the log. */
  snapshotMetaAt(index: LogIndex): SnapshotMeta {
    const { log } = this.#node;
    return { index, term: log.termAt(index), configuration: log.configurations.at(index) };
  }

  status(): RaftStatus {
    const node = this.#node;
    return {
      id: node.id,
      role: node.role.kind,
      term: node.currentTerm,
      votedFor: node.votedFor,
      leaderId: node.leaderId,
      commitIndex: node.commitIndex,
      appliedIndex: this.#applies.appliedIndex,
      lastIndex: node.log.lastIndex,
      durableIndex: node.log.durableIndex,
      firstIndex: node.log.firstIndex,
      snapshotIndex: node.snapshot.index,
      configuration: node.configuration,
    };
  }

  /** For checkers that must recognise a state; see fingerprint.ts for what it leaves out. */
  fingerprint(): string {
    return fingerprintOf(this.#node, this.#applies.appliedIndex);
  }

  /** Undefined unless we lead and `follower` is a member. */
  roundMarks(follower: NodeId): RoundMarks | undefined {
    return isLeader(this.#node) ? roundMarksOf(this.#node, follower) : undefined;
  }

  #advanceTime(now: Milliseconds): void {
    invariant(now >= this.#node.now, 'timeIsMonotonic', now, this.#node.now);
    this.#node.now = now;
  }
}

/** Heartbeats need no case of their own: they leave with the next effects when they are due. */
function onTimePassed(node: NodeState): void {
  if (isLeader(node)) checkQuorum(node);
  else if (node.role.kind !== 'leader' && node.now >= node.role.electionDeadline) {
    startElection(node);
  }
}

function onMessage(node: NodeState, message: Message): void {
  forgetUnreachable(node, message.from);
  wakeByMessage(node, message);
  if (!passesTermGate(node, message)) return;
  switch (message.kind) {
    case 'preVoteReply':
      onPreVoteReply(node, message);
      break;
    case 'requestVoteReply':
      onRequestVoteReply(node, message);
      break;
    case 'appendEntries':
      onAppendEntries(node, message);
      break;
    case 'appendAccepted':
      if (isLeader(node)) onAppendAccepted(node, message);
      break;
    case 'appendRejected':
      if (isLeader(node)) onAppendRejected(node, message);
      break;
    case 'installSnapshot':
      onInstallSnapshot(node, message);
      break;
    case 'requestReadIndex':
      onRequestReadIndex(node, message);
      break;
    case 'readIndexReply':
      onReadIndexReply(node, message);
      break;
    case 'forwardProposal':
      onForwardProposal(node, message);
      break;
    case 'forwardReply':
      onForwardReply(node, message);
      break;
    case 'timeoutNow':
      onTimeoutNow(node, message);
      break;
    case 'rest':
      onRest(node, message);
      break;
    case 'restAccepted':
      if (isLeader(node)) onRestAccepted(node, message);
      break;
  }
}

/** The driver has saved the applied state: the log before it may go (§7). */
function onSnapshotSaved(node: NodeState, snapshot: SnapshotMeta, keepEntries: number): void {
  if (snapshot.index <= node.snapshot.index) return;
  node.snapshot = snapshot;
  node.log.configurations.snapshotTaken(snapshot);
  const through = largerIndex((snapshot.index - keepEntries) as LogIndex, node.log.base.index);
  node.log.compactThrough(through);
  const { id, currentTerm: term } = node;
  node.trace?.({ kind: 'compacted', node: id, term, firstIndex: node.log.firstIndex });
}

/** Everything that must be durable and is in no write yet. */
function takeWrite(node: NodeState): Write | undefined {
  const snapshot = node.outbox.restore;
  const { log } = node;
  if (!node.isHardStateDirty && !log.hasUnwritten && snapshot === undefined) return undefined;
  node.lastWrite += 1;
  const sequence = node.lastWrite;
  node.isHardStateDirty = false;
  const batches = log.takeUnwritten(sequence);
  return { sequence, hardState: node.hardState, batches, snapshot };
}
