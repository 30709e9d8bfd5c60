import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallestSubset } from './smallest-subset.ts';

test('what is needed of a thousand is found with few questions', () => {
  const needed = [3, 500, 501, 999];
  let questions = 0;
  const found = smallestSubset(
    Array.from({ length: 1000 }, (_, i) => i),
    (items) => {
      questions += 1;
      return needed.every((item) => items.includes(item));
    },
  );
  assert.deepEqual(
    found.sort((a, b) => a - b),
    needed,
  );
  assert.ok(questions < 100, `${questions} questions`);
});

test('of two ways the one with earlier items is kept, and nothing more', () => {
  const hasEither = (items: readonly number[]) => items.includes(2) || items.includes(7);
  assert.deepEqual(smallestSubset([1, 2, 3, 4, 5, 6, 7, 8], hasEither), [2]);
});
