/**
 * Who takes part (§6).
 *
 * Outside a change `outgoing` is empty and the majority of `voters` decides. During a change (joint
 * consensus) both lists must agree, each by its own majority. Learners receive the log and have no
 * vote (dissertation §4.2.1).
 */

import type { NodeId } from '../types.ts';

/** Who shall take part. */
export interface Membership {
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
}

/** Where a server is reached. The core carries the words and never reads them. */
export interface ServerAddress {
  readonly id: NodeId;
  readonly address: string;
}

export interface Configuration {
  /** The voters; during a change the incoming ones. Ascending. */
  readonly voters: readonly NodeId[];
  /** During a change the voters of the old configuration, else empty. Ascending. */
  readonly outgoing: readonly NodeId[];
  /**
   * Ascending; never a voter. During a change one may be outgoing too: it gives up its vote, and is
   * a learner when the change is done.
   */
  readonly learners: readonly NodeId[];
  /** Servers that left. An id is never used again: its old disk could vote a second time. Ascending. */
  readonly removed: readonly NodeId[];
  /**
   * What follows as soon as its voters, who are learners until then, have caught up: whoever leads
   * sees to it. Undefined: nothing, and during a change.
   */
  readonly next: Membership | undefined;
  /** Of members, ascending by id. Those that are missing are reached where they always were. */
  readonly addresses: readonly ServerAddress[];
}

export function configurationOf(voters: readonly number[]): Configuration {
  return {
    voters: ascending(voters as NodeId[]),
    outgoing: [],
    learners: [],
    removed: [],
    next: undefined,
    addresses: [],
  };
}

export const isVoter = ({ voters, outgoing }: Configuration, id: NodeId): boolean =>
  voters.includes(id) || outgoing.includes(id);

/** During a change those of both configurations, each once. */
export const votersOf = ({ voters, outgoing }: Configuration): readonly NodeId[] =>
  outgoing.length === 0 ? voters : ascending([...voters, ...outgoing]);

/** Its vote alone elects, its disk alone commits. */
export const isOnlyVoter = ({ voters, outgoing }: Configuration, id: NodeId): boolean =>
  voters.length === 1 && voters[0] === id && outgoing.every((other) => other === id);

export const isJoint = (configuration: Configuration): boolean => configuration.outgoing.length > 0;

/** What the configuration is, or is on its way to. */
export const destinationOf = ({ voters, learners, next }: Configuration): Membership =>
  next ?? { voters, learners };

/** Every server that the configuration sends the log to, each once. */
export function membersOf(configuration: Configuration): readonly NodeId[] {
  const { voters, outgoing, learners } = configuration;
  if (outgoing.length === 0 && learners.length === 0) return voters;
  return ascending([...voters, ...outgoing, ...learners]);
}

export const isMember = (configuration: Configuration, id: NodeId): boolean =>
  isVoter(configuration, id) || configuration.learners.includes(id);

/** Each id once, in order. */
export const ascending = (ids: Iterable<NodeId>): readonly NodeId[] =>
  [...new Set(ids)].sort((a, b) => a - b);
