import type { NodeId } from '../types.ts';

/**
 * The greatest value that a majority of `voters` has reached: of matchIndexes the one that is
 * replicated on a majority (§5.3), of contact times the one since when a majority was heard (§6.2
 * of the dissertation). No voters at all are a majority that has reached everything.
 */
export function reachedByMajority(
  voters: readonly NodeId[],
  valueAt: (voter: NodeId) => number,
): number {
  if (voters.length === 0) return Infinity;
  // Hot. Voters are few: to count for each is cheaper than to sort.
  let greatest = -Infinity;
  for (const voter of voters) {
    const value = valueAt(voter);
    if (value <= greatest) continue;
    let reachedBy = 0;
    for (const other of voters) if (valueAt(other) >= value) reachedBy += 1;
    if (2 * reachedBy > voters.length) greatest = value;
  }
  return greatest;
}

export type VoteResult = 'won' | 'lost' | 'pending';

/** Has a majority granted its vote, or can it no longer? (§5.2) */
export function countVotes(
  voters: readonly NodeId[],
  votes: ReadonlyMap<NodeId, boolean>,
): VoteResult {
  const needed = voters.length === 0 ? 0 : Math.floor(voters.length / 2) + 1;
  let granted = 0;
  let denied = 0;
  for (const voter of voters) {
    const vote = votes.get(voter);
    if (vote === true) granted += 1;
    if (vote === false) denied += 1;
  }
  if (granted >= needed) return 'won';
  return denied > voters.length - needed ? 'lost' : 'pending';
}
