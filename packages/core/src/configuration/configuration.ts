/**
 * Who takes part (§6).
 *
 * Outside a change `outgoing` is empty and the majority of `voters` decides. During a change (joint
 * consensus) both lists must agree, each by its own majority. Learners receive the log and have no
 * vote (dissertation §4.2.1).
 */

import type { NodeId } from '../types.ts';

export interface Configuration {
  /** The voters; during a change the incoming ones. Ascending. */
  readonly voters: readonly NodeId[];
  /** During a change the voters of the old configuration, else empty. Ascending. */
  readonly outgoing: readonly NodeId[];
  /** Ascending; disjoint from both other lists. */
  readonly learners: readonly NodeId[];
}

export function configurationOf(voters: readonly number[]): Configuration {
  return { voters: [...voters].sort((a, b) => a - b) as NodeId[], outgoing: [], learners: [] };
}

export const isVoter = (configuration: Configuration, id: NodeId): boolean =>
  configuration.voters.includes(id) || configuration.outgoing.includes(id);

/** Every server the configuration names, each once. */
export function membersOf(configuration: Configuration): readonly NodeId[] {
  const { voters, outgoing, learners } = configuration;
  if (outgoing.length === 0 && learners.length === 0) return voters;
  return [...new Set([...voters, ...outgoing, ...learners])].sort((a, b) => a - b);
}
