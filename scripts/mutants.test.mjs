/** The table of mutants is true, and a sample of them is killed; `npm run mutants` tries them all. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hunt } from './mutants/hunt.mjs';
import { hasTest } from './mutants/named-tests.mjs';
import { MUTANTS, SAMPLE } from './mutants/table.mjs';
import { mutated } from './mutants/workshop.mjs';
import { readText } from './project.mjs';

test('every mutant has a name of its own', () => {
  const ids = MUTANTS.map(({ id }) => id);
  assert.deepEqual(
    ids.filter((id, at) => ids.indexOf(id) !== at),
    [],
  );
});

test('every mutant changes a line that is there once', () => {
  assert.deepEqual(
    MUTANTS.map(whyNot).filter((reason) => reason !== undefined),
    [],
  );
});

test('the test that every mutant names is there', () => {
  const missing = MUTANTS.filter(
    ({ test: { path, name, seeds } }) => seeds === undefined && !hasTest(path, name),
  );
  assert.deepEqual(
    missing.map(({ id, test: { path, name } }) => `${id}: ${path} has no "${name}"`),
    [],
  );
});

function whyNot(mutant) {
  const text = readText(mutant.file);
  try {
    return mutated(mutant, text) === text ? `${mutant.id} changes nothing` : undefined;
  } catch (error) {
    return error.message;
  }
}

test(`a sample is killed: ${SAMPLE.join(', ')}`, async () => {
  const sample = MUTANTS.filter(({ id }) => SAMPLE.includes(id));
  assert.equal(sample.length, SAMPLE.length);
  const results = await hunt(sample, { workshops: 2 });
  for (const { mutant, verdict, message } of results) {
    assert.equal(verdict, 'killed', `${mutant.id}: ${message}`);
  }
});
