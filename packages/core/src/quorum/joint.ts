import type { Configuration } from '../configuration/configuration.ts';
import type { NodeId } from '../types.ts';
import { countVotes, reachedByMajority, type VoteResult } from './majority.ts';

/**
 * A quorum of a configuration. During a change both majorities must agree, for votes, commits and
 * reads alike (§6); outside one the second list is empty and agrees with everything.
 */
export function reachedByQuorum(
  configuration: Configuration,
  valueAt: (voter: NodeId) => number,
): number {
  return Math.min(
    reachedByMajority(configuration.voters, valueAt),
    reachedByMajority(configuration.outgoing, valueAt),
  );
}

export function electionResult(
  configuration: Configuration,
  votes: ReadonlyMap<NodeId, boolean>,
): VoteResult {
  const incoming = countVotes(configuration.voters, votes);
  const outgoing = countVotes(configuration.outgoing, votes);
  if (incoming === 'lost' || outgoing === 'lost') return 'lost';
  return incoming === 'won' && outgoing === 'won' ? 'won' : 'pending';
}
