import type { LogIndex, Milliseconds } from '../types.ts';
import { INDEX_ZERO, largerIndex, nextIndex } from '../types.ts';
import type { Inflight } from './inflight.ts';

/**
 * What the leader knows about one follower, and how it may send to it.
 *
 *      probe ──accepted──▶ replicate ──rejected or lost──▶ probe
 *        │                     │                            ▲
 *        └──entries compacted──┴──▶ snapshot ──sent─────────┘
 */
export interface Progress {
  /**
   * Highest index known to be durable on the follower. Never falls within a term (Figure 2), unless
   * the follower's disk has lost what was durable.
   */
  matchIndex: LogIndex;
  /** The next entry to send (Figure 2); always above matchIndex. */
  nextIndex: LogIndex;
  mode: Mode;
  /** The highest commitIndex that a message to it has carried. */
  sentCommit: LogIndex;
  /** A client of it waits until it knows that this is committed; 0: none does. */
  awaitedCommit: LogIndex;
  /** The newest round (see `AppendEntries.round`) that a message to it has carried. */
  sentRound: number;
  /** The newest round it has answered. */
  answeredRound: number;
  /** Refusals of an earlier round are late: what they refuse was sent before we asked anew. */
  fromRound: number;
  /** When we last sent it anything that keeps it patient. */
  lastSentAt: Milliseconds;
  /** When we last heard from it in this term (dissertation §6.2). */
  lastHeardAt: Milliseconds;
  /** The last index at which it accepted to rest, with nothing sent to it since; else 0 (rest.ts). */
  restIndex: LogIndex;
}

export type Mode = Probe | Replicate | SnapshotTransfer;

/** We are guessing where the logs meet: one append in flight, then wait for its answer. */
export interface Probe {
  readonly kind: 'probe';
  readonly cause: ProbeCause;
  isAwaitingReply: boolean;
}

/**
 * - `refusal`: the follower has just refused something, and is not to be flooded (inflight.ts).
 * - `doubt`: it has refused what it acknowledged, or says that it never had it. Either that word is late,
 *   or its disk has lost it; the answer to this probe, which has a round of its own, tells.
 */
export type ProbeCause = 'start' | 'refusal' | 'doubt';

/** The logs meet: stream appends, bounded by a window. */
export interface Replicate {
  readonly kind: 'replicate';
  readonly inflight: Inflight;
}

/** The entries it needs are compacted away: nothing is appended until the snapshot is sent (§7). */
export interface SnapshotTransfer {
  readonly kind: 'snapshot';
  readonly snapshotIndex: LogIndex;
}

/** A follower as a new leader sees it (Figure 2, volatile state on leaders). */
export function newProgress(lastIndex: LogIndex, now: Milliseconds): Progress {
  return {
    matchIndex: INDEX_ZERO,
    nextIndex: nextIndex(lastIndex),
    mode: { kind: 'probe', cause: 'start', isAwaitingReply: false },
    sentCommit: INDEX_ZERO,
    awaitedCommit: INDEX_ZERO,
    sentRound: 0,
    answeredRound: 0,
    fromRound: 0,
    lastSentAt: -Infinity,
    lastHeardAt: now,
    restIndex: INDEX_ZERO,
  };
}

/** Starts again from a guess. @param isAwaitingReply True: asked not at once but by the next heartbeat. */
export function toProbe(
  progress: Progress,
  guess: LogIndex,
  cause: ProbeCause,
  isAwaitingReply = false,
): void {
  progress.nextIndex = largerIndex(guess, nextIndex(progress.matchIndex));
  progress.mode = { kind: 'probe', cause, isAwaitingReply };
  progress.sentCommit = INDEX_ZERO;
}

/** The logs are known to agree up to matchIndex. */
export function toReplicate(progress: Progress, inflight: Inflight): void {
  progress.nextIndex = nextIndex(progress.matchIndex);
  progress.mode = { kind: 'replicate', inflight };
}
