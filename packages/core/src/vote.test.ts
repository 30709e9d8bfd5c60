import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogIndex, NodeId, Term } from './types.ts';
import { judgeVote, type VoteVerdict } from './vote.ts';

/**
 * RequestVote's receiver as a table. The voter is in term 5 and its log ends with entry 10 of
 * term 4, unless the row says otherwise; the candidate is server 2, running in term 6 with the
 * same log.
 */
const rows: readonly {
  readonly name: string;
  readonly voter?: { term?: number; votedFor?: number; last?: [number, number]; hears?: boolean };
  readonly candidate?: { term?: number; last?: [number, number]; transfer?: boolean };
  readonly verdict: VoteVerdict;
}[] = [
  { name: 'a newer term and an equal log', verdict: 'granted' },
  { name: 'an older term (Figure 2, 1)', candidate: { term: 4 }, verdict: 'stale-term' },
  { name: 'the same term, no vote yet', candidate: { term: 5 }, verdict: 'granted' },
  {
    name: 'the same term, its own vote repeated',
    voter: { votedFor: 2 },
    candidate: { term: 5 },
    verdict: 'granted',
  },
  {
    name: 'the same term, another got the vote',
    voter: { votedFor: 3 },
    candidate: { term: 5 },
    verdict: 'voted-for-another',
  },
  { name: 'a newer term forgets the old vote', voter: { votedFor: 3 }, verdict: 'granted' },
  {
    name: 'a longer log of an older last term (§5.4.1)',
    candidate: { last: [99, 3] },
    verdict: 'log-is-behind',
  },
  {
    name: 'a shorter log of a newer last term (§5.4.1)',
    candidate: { last: [1, 5] },
    verdict: 'granted',
  },
  {
    name: 'the same last term, a shorter log (§5.4.1)',
    candidate: { last: [9, 4] },
    verdict: 'log-is-behind',
  },
  {
    name: 'the same last term, a longer log (§5.4.1)',
    candidate: { last: [11, 4] },
    verdict: 'granted',
  },
  {
    name: 'a leader is heard (dissertation §4.2.3)',
    voter: { hears: true },
    verdict: 'leader-is-alive',
  },
  {
    name: 'a leader is heard, and wishes it (§3.10)',
    voter: { hears: true },
    candidate: { transfer: true },
    verdict: 'granted',
  },
];

for (const { name, voter = {}, candidate = {}, verdict } of rows) {
  test(`vote: ${name}: ${verdict}`, () => {
    const entry = ([index, term]: [number, number]) => ({
      index: index as LogIndex,
      term: term as Term,
    });
    const given = judgeVote(
      {
        currentTerm: (voter.term ?? 5) as Term,
        votedFor: voter.votedFor as NodeId | undefined,
        lastEntry: entry(voter.last ?? [10, 4]),
        hasLiveLeader: voter.hears ?? false,
      },
      {
        from: 2 as NodeId,
        term: (candidate.term ?? 6) as Term,
        lastEntry: entry(candidate.last ?? [10, 4]),
        isLeadershipTransfer: candidate.transfer ?? false,
      },
    );
    assert.equal(given, verdict);
  });
}
