import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { configurationOf } from '../configuration/configuration.ts';
import type { NodeId } from '../types.ts';
import { electionResult, reachedByQuorum } from './joint.ts';
import { countVotes, reachedByMajority } from './majority.ts';

const ids = (...numbers: number[]) => numbers as NodeId[];

test('reachedByMajority is the greatest value that more than half have reached', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 9 }), (values) => {
      const voters = values.map((_, at) => at as NodeId);
      const reached = reachedByMajority(voters, (voter) => values[voter]!);
      const have = (value: number) => values.filter((other) => other >= value).length;
      assert.ok(have(reached) * 2 > values.length);
      assert.ok(have(reached + 1) * 2 <= values.length);
    }),
  );
});

test('an election is won by more than half, and lost when that is out of reach', () => {
  const votes = (granted: number[], denied: number[]) =>
    new Map([...granted.map((id) => [id, true]), ...denied.map((id) => [id, false])] as [
      NodeId,
      boolean,
    ][]);
  assert.equal(countVotes(ids(1, 2, 3), votes([1], [])), 'pending');
  assert.equal(countVotes(ids(1, 2, 3), votes([1, 2], [])), 'won');
  assert.equal(countVotes(ids(1, 2, 3), votes([1], [2, 3])), 'lost');
  assert.equal(countVotes(ids(1, 2, 3, 4), votes([1, 2], [])), 'pending');
  assert.equal(countVotes(ids(1, 2, 3, 4), votes([1, 2], [3, 4])), 'lost');
  assert.equal(countVotes(ids(1, 2, 3), votes([1, 8, 9], [])), 'pending', 'strangers do not count');
});

test('during a change both majorities must agree (§6)', () => {
  const joint = { ...configurationOf([1, 2, 3]), outgoing: ids(3, 4, 5) };
  const matchOf = (values: Record<number, number>) => (id: NodeId) => values[id] ?? 0;
  assert.equal(reachedByQuorum(joint, matchOf({ 1: 9, 2: 9, 3: 9 })), 0);
  assert.equal(reachedByQuorum(joint, matchOf({ 1: 9, 2: 9, 3: 9, 4: 7 })), 7);
  const granted = (...list: number[]) => new Map(list.map((id) => [id as NodeId, true]));
  assert.equal(electionResult(joint, granted(1, 2)), 'pending');
  assert.equal(electionResult(joint, granted(1, 2, 4, 5)), 'won');
});
