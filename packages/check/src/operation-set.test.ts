import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OperationSet, VisitedSets } from './operation-set.ts';

const SIZE = 500;

function setOf(...operations: number[]): OperationSet {
  const set = new OperationSet(SIZE);
  for (const operation of operations) set.toggle(operation);
  return set;
}

const NONE = setOf();

test('a set is known again with the same state, in whatever order it was filled', () => {
  const visited = new VisitedSets();
  assert.equal(visited.add(setOf(1, 2, 40), NONE, 'a'), true);
  assert.equal(visited.add(setOf(40, 1, 2), NONE, 'b'), true);
  assert.equal(visited.add(setOf(2, 40, 1), NONE, 'a'), false);
  assert.equal(visited.add(setOf(2, 40, 1, 7, 7), NONE, 'b'), false);
});

test('a set is not tried again with more of what was not answered, and is with anything else', () => {
  const visited = new VisitedSets();
  assert.equal(visited.add(setOf(1), setOf(40, 99), 'a'), true);
  for (const [lost, isNew] of [
    [setOf(40, 70, 99), false],
    [setOf(3, 40, 99, 400), false],
    [setOf(40, 98), true],
    [setOf(99), true],
    [setOf(99, 400), false],
    [setOf(70), true],
    [NONE, true],
    [setOf(5), false],
  ] as const) {
    assert.equal(visited.add(setOf(1), lost, 'a'), isNew);
  }
  assert.equal(visited.add(setOf(1), setOf(5), 'b'), true);
  assert.equal(visited.add(setOf(2), setOf(5), 'a'), true);
});

test('a set that begins or ends with whole words is not taken for another', () => {
  const firstWord = Array.from({ length: 32 }, (_, i) => i);
  const full = setOf(...firstWord, 33);
  const packed = full.pack();
  assert.ok(full.equals(packed));
  assert.ok(!setOf(33).equals(packed));
  assert.ok(!setOf(...firstWord).equals(packed));
  assert.ok(!setOf(...firstWord, 33, 64).equals(packed));
});

test('two sets with one hash are told apart', () => {
  const pairByHash = new Map<number, readonly [number, number]>();
  let collisions = 0;
  for (let a = 0; a < SIZE; a++) {
    for (let b = 0; b < a; b++) {
      const set = setOf(a, b);
      const other = pairByHash.get(set.hash);
      pairByHash.set(set.hash, [a, b]);
      if (other === undefined) continue;
      collisions += 1;
      const visited = new VisitedSets();
      visited.add(setOf(...other), NONE, 'state');
      assert.equal(visited.add(set, NONE, 'state'), true, `{${a}, ${b}} and {${other}}`);
    }
  }
  assert.ok(collisions > 0, 'the test has met no collision');
});
