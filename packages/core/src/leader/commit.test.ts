import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Server } from '../testing.test.support.ts';

/**
 * The commit rule as a table. Each row is one sentence: a leader of term `term`, whose log has
 * these terms, hears these matchIndexes from the others and must end with this commitIndex.
 */
const rows: readonly {
  readonly name: string;
  readonly term: number;
  readonly logTerms: readonly number[];
  readonly matchIndexes: readonly number[];
  readonly isOwnDiskDone?: boolean;
  readonly commitIndex: number;
}[] = [
  { name: 'alone in the cluster', term: 1, logTerms: [1], matchIndexes: [], commitIndex: 1 },
  { name: 'two of three have it', term: 1, logTerms: [1, 1], matchIndexes: [2, 0], commitIndex: 2 },
  {
    name: 'even size needs more than half',
    term: 1,
    logTerms: [1, 1],
    matchIndexes: [2, 0, 0],
    commitIndex: 0,
  },
  {
    name: 'a follower never counts twice',
    term: 1,
    logTerms: [1, 1],
    matchIndexes: [2, 1, 0, 0],
    commitIndex: 1,
  },
  {
    name: 'our own disk is slower than two followers',
    term: 1,
    logTerms: [1, 1],
    matchIndexes: [2, 2],
    isOwnDiskDone: false,
    commitIndex: 2,
  },
  {
    name: 'our own disk counts only when it is done',
    term: 1,
    logTerms: [1, 1],
    matchIndexes: [2, 0],
    isOwnDiskDone: false,
    commitIndex: 0,
  },
  {
    name: 'Figure 8: an old term is never counted',
    term: 4,
    logTerms: [1, 2, 4],
    matchIndexes: [2, 2, 1, 1],
    commitIndex: 0,
  },
  {
    name: 'Figure 8: our own term commits what precedes it',
    term: 4,
    logTerms: [1, 2, 4],
    matchIndexes: [3, 3, 1, 1],
    commitIndex: 3,
  },
];

for (const { name, term, logTerms, matchIndexes, isOwnDiskDone = true, commitIndex } of rows) {
  test(`commit rule (§5.4.2): ${name}`, () => {
    const others = matchIndexes.map((_, at) => at + 2);
    const stored = logTerms.filter((logTerm) => logTerm < term);
    const leader = new Server(1, [1, ...others], stored, { term: term - 1 });
    leader.elect(...others);
    assert.equal(leader.raft.isLeader, true);
    assert.equal(leader.raft.term, term);
    leader.propose(logTerms.length - stored.length);
    if (isOwnDiskDone) leader.finishWrites();
    for (const [at, matchIndex] of matchIndexes.entries()) {
      if (matchIndex === 0) continue;
      leader.receive({
        kind: 'appendAccepted',
        from: others[at],
        term,
        matchIndex,
        round: 0,
      } as never);
    }
    assert.equal(leader.raft.commitIndex, commitIndex);
  });
}
