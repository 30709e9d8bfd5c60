/** docs/hazards.md tells the truth: every entry has its tests and mutants, and what it names is there. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hasTest } from './mutants/named-tests.mjs';
import { MUTANTS } from './mutants/table.mjs';
import { readText, root } from './project.mjs';

const PAGE = 'docs/hazards.md';
const ENTRIES = 32;

const sections = readText(PAGE)
  .split(/^## /m)
  .slice(1)
  .map((text) => {
    const number = Number(/^(\d+)\. /.exec(text)?.[1] ?? 0);
    // A line that goes on is indented.
    const points = text.replace(/\n {2}/g, ' ').match(/^- .*$/gm) ?? [];
    const named = (what) =>
      points
        .filter((point) => point.startsWith(`- ${what}: `))
        .flatMap((point) => [...point.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
    const tests = points
      .map((point) => /^- `([^`]+)`: (.+)$/.exec(point))
      .filter((found) => found !== null)
      .map(([, path, name]) => ({ path: `packages/${path}`, name }));
    return { number, tests, scenarios: named('Scenarios'), mutants: named('Mutants') };
  });

test('every entry is there, in order, with a test and a mutant', () => {
  const numbers = sections.map(({ number }) => number);
  assert.deepEqual(numbers, [...Array.from({ length: ENTRIES }, (_, at) => at + 1), 0]);
  for (const { number, tests, mutants } of sections.slice(0, ENTRIES)) {
    assert.ok(tests.length > 0, `entry ${number} names no test`);
    assert.ok(mutants.length > 0, `entry ${number} names no mutant`);
  }
});

test('the tests and scenarios that it names are there', () => {
  const missing = sections.flatMap(({ number, tests, scenarios }) => [
    ...tests
      .filter(({ path, name }) => !hasTest(path, name))
      .map(({ path, name }) => `${number}: ${path} has no test "${name}"`),
    ...scenarios
      .filter((name) => !existsSync(join(root, `packages/sim/scenarios/${name}.scenario`)))
      .map((name) => `${number}: there is no scenario ${name}`),
  ]);
  assert.deepEqual(missing, []);
});

test('it names every mutant, under every entry that the mutant stands for, and no other', () => {
  const wrong = sections.flatMap(({ number, mutants }) => {
    const isMeant = ({ hazards }) =>
      number === 0 ? hazards.length === 0 : hazards.includes(number);
    const meant = MUTANTS.filter(isMeant).map(({ id }) => id);
    const entry = number === 0 ? 'the last entry' : `entry ${number}`;
    return [
      ...meant.filter((id) => !mutants.includes(id)).map((id) => `${entry} lacks ${id}`),
      ...mutants.filter((id) => !meant.includes(id)).map((id) => `${entry} names ${id}`),
    ];
  });
  assert.deepEqual(wrong, [], `compare ${PAGE} with the rows in scripts/mutants`);
});
