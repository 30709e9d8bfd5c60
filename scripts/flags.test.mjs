/** What is said to somebody who mistypes a flag's value. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneOf, wholeNumber } from './flags.mjs';
import { MUTANTS } from './mutants/table.mjs';

const ids = MUTANTS.map(({ id }) => id);

test('a value that is none of a few is answered with all of them', () => {
  const wrong = { message: '--disk is one of slow, prompt, got "fast"' };
  assert.throws(() => oneOf('disk', 'fast', ['slow', 'prompt']), wrong);
  assert.equal(oneOf('disk', 'slow', ['slow', 'prompt']), 'slow');
  assert.equal(oneOf('disk', undefined, ['slow', 'prompt']), undefined);
});

test('a value that is none of many is answered with a few that are like it', () => {
  const { length } = ids;
  const near = new RegExp(
    `^--only is one of ${length} names, such as vote-twice, [^"]{1,120}, got`,
  );
  assert.throws(() => oneOf('only', 'vote-twic', ids), { message: near });
  const nothing = `--only is one of ${length} names (--help says how to list them), got "xyz"`;
  assert.throws(() => oneOf('only', 'xyz', ids), { message: nothing });
});

test('a number that is none, or out of range, is answered with the range', () => {
  for (const text of ['0', '1.5', 'x']) {
    const message = `--seeds takes a whole number of at least 1, got "${text}"`;
    assert.throws(() => wholeNumber('seeds', text), { message });
  }
  const message = '--servers takes a whole number from 1 to 9, got "100"';
  assert.throws(() => wholeNumber('servers', '100', 1, 9), { message });
  assert.equal(wholeNumber('servers', '9', 1, 9), 9);
  assert.equal(wholeNumber('servers', undefined, 1, 9), undefined);
});
