/**
 * Should this server vote for that candidate?
 *
 * The safety conditions of §5.2 and §5.4.1 and the courtesy of dissertation §4.2.3, in the order in
 * which they are checked. This file decides; election.ts records the vote and replies.
 */

import type { EntryId, NodeId, Term } from './types.ts';

/** Why a vote was given or refused. Tests assert on it and the visualizer prints it. */
export type VoteVerdict =
  | 'granted'
  | 'stale-term'
  | 'leader-is-alive'
  | 'voted-for-another'
  | 'log-is-behind';

/** All the decision depends on. */
export interface Voter {
  readonly currentTerm: Term;
  readonly votedFor: NodeId | undefined;
  readonly lastEntry: EntryId;
  /** A current leader was heard within the minimum election timeout. */
  readonly hasLiveLeader: boolean;
}

/** What a candidate says of itself. */
export interface Candidacy {
  readonly from: NodeId;
  readonly term: Term;
  readonly lastEntry: EntryId;
  readonly isLeadershipTransfer: boolean;
}

/** RequestVote receiver rules (Figure 2). Pure: the caller persists the vote before it replies. */
export function judgeVote(voter: Voter, candidacy: Candidacy): VoteVerdict {
  if (candidacy.term < voter.currentTerm) return 'stale-term'; // §5.1

  // A server that merely cannot hear the leader must not depose it (dissertation §4.2.3). A
  // transfer is the leader's own wish, so it is exempt (§3.10).
  if (voter.hasLiveLeader && !candidacy.isLeadershipTransfer) return 'leader-is-alive';

  // One vote per term, first come first served (§5.2). The same candidate may ask twice: our
  // first reply may have been lost.
  const hasVotedThisTerm = candidacy.term === voter.currentTerm && voter.votedFor !== undefined;
  if (hasVotedThisTerm && voter.votedFor !== candidacy.from) return 'voted-for-another';

  if (isBehind(candidacy.lastEntry, voter.lastEntry)) return 'log-is-behind';
  return 'granted';
}

/** Election restriction (§5.4.1): compare the last terms first, and the lengths only on a tie. */
export function isBehind(candidate: EntryId, ours: EntryId): boolean {
  if (candidate.term !== ours.term) return candidate.term < ours.term;
  return candidate.index < ours.index;
}
