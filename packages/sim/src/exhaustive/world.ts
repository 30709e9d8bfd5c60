/** What a small world consists of, and the bounds within which all of it is walked through. */

import type { NodeId, Raft, RaftConfig, RaftOptions } from '@quorate/core';

/** What the walk needs of the core: the real one, or a copy with a fault put in. */
export type Core = Pick<
  Raft,
  | 'step'
  | 'propose'
  | 'takeEffects'
  | 'nextDeadline'
  | 'status'
  | 'fingerprint'
  | 'roundMarks'
  | 'changeMembership'
>;

export interface World {
  /** Servers 1 to `size`, all voters. At most 5. */
  readonly size: number;
  readonly makeCore: (config: RaftConfig) => Core;
  readonly preVote: boolean;
  readonly checkQuorum: boolean;
  readonly noopOnElection: boolean;
  /**
   * `slow`: a write takes as long as the walk likes, others follow it, and a crash loses any number of
   * the newest. `prompt`: a write is durable before the next input, so there are fewer states.
   */
  readonly disk: 'slow' | 'prompt';
  /** Faults of the disk that a correct core does not survive: what the walk must find. */
  readonly forgetsVotes: boolean;
  /** Commands that clients propose in all. */
  readonly commands: number;
  /**
   * Questions in all, at any server, how far it must have applied before it may serve a read
   * (ReadIndex). Only with prompt disks: a promise that waits for one does not grow older (rounds.ts).
   */
  readonly reads: number;
  /** Membership changes in all, to any other set of voters. */
  readonly changes: number;
  /** Crashes in all; each is followed by a restart. */
  readonly crashes: number;
  /** No server runs in a higher term. */
  readonly maxTerm: number;
  /**
   * Rounds are told by their age (rounds.ts), and messages that nobody can heed any more are thrown away.
   * False: rounds are what they are, and the network keeps everything. Far more states; for the
   * test that shows that nothing is lost by it.
   */
  readonly isReduced: boolean;
}

export const SMALL_WORLD: Omit<World, 'makeCore'> = {
  size: 3,
  preVote: false,
  checkQuorum: false,
  noopOnElection: true,
  disk: 'slow',
  forgetsVotes: false,
  commands: 1,
  reads: 0,
  changes: 0,
  crashes: 1,
  maxTerm: 2,
  isReduced: true,
};

export const idsOf = ({ size }: World): readonly NodeId[] =>
  Array.from({ length: size }, (_, position) => (position + 1) as NodeId);

/** So long that no number of heartbeats in a walk comes near it. In milliseconds. */
export const ELECTION_TIMEOUT_MS = 1_000_000;
export const HEARTBEAT_MS = 1;

export const coreOptions = ({ preVote, checkQuorum, noopOnElection }: World): RaftOptions => ({
  preVote,
  checkQuorum,
  noopOnElection,
  electionTimeoutMs: ELECTION_TIMEOUT_MS,
  heartbeatIntervalMs: HEARTBEAT_MS,
  // The news of a commit waits for the heartbeat, which is a choice of the walk already.
  commitNoticeDelayMs: HEARTBEAT_MS,
});
