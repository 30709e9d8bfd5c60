import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Raft } from '@quorate/core';
import { matrixTables, runMatrices } from './link-matrices.ts';
import { MUTANTS, mutatedWorld } from './mutated-core.test.support.ts';
import { COMMITTED, FIGURE_8B, LED } from './starts.ts';
import { replay, walk } from './walk.ts';
import { SMALL_WORLD, type World } from './world.ts';

const REAL = { makeCore: (config: ConstructorParameters<typeof Raft>[0]) => new Raft(config) };
const BOTH = { preVote: true, checkQuorum: true };
const PROMPT = { disk: 'prompt' } as const;

/** With the depth, and the states that must be found up to it: fewer means that some choices are gone. */
const WORLDS: readonly [string, World, number, number, readonly string[]][] = [
  ['slow disks and a crash', { ...SMALL_WORLD, ...REAL }, 9, 5_000, []],
  ['pre-vote and check-quorum', { ...SMALL_WORLD, ...REAL, ...BOTH }, 9, 8_500, []],
  ['from a leader', { ...SMALL_WORLD, ...REAL, crashes: 2 }, 6, 36_000, LED],
  [
    'from Figure 8 (b)',
    { ...SMALL_WORLD, ...REAL, ...PROMPT, noopOnElection: false, commands: 2, maxTerm: 4 },
    5,
    6_500,
    FIGURE_8B,
  ],
  [
    'a read',
    { ...SMALL_WORLD, ...REAL, ...PROMPT, commands: 0, crashes: 0, reads: 1 },
    6,
    5_000,
    COMMITTED,
  ],
  [
    'a membership change',
    { ...SMALL_WORLD, ...REAL, ...PROMPT, commands: 0, crashes: 0, changes: 1 },
    4,
    1_800,
    COMMITTED,
  ],
];

for (const [name, world, depth, states, start] of WORLDS) {
  test(`small world, ${name}: Figure 3 holds in every state up to depth ${depth}`, () => {
    const report = walk(world, { depth, states: Infinity }, undefined, start);
    assert.equal(report.violation, undefined);
    assert.equal(report.depth, depth);
    assert.ok(report.states >= states, `only ${report.states} states`);
  });
}

test('small world, one term and a crash: there are no more states, at any depth', () => {
  const world: World = { ...SMALL_WORLD, ...REAL, noopOnElection: false, commands: 0, maxTerm: 1 };
  const report = walk(world, { depth: Infinity, states: 100_000 });
  assert.equal(report.violation, undefined);
  assert.equal(report.isComplete, true);
  assert.ok(report.states > 1_400, `only ${report.states} states`);
});

test('a candidate may win an old term after a later leader has committed, and that is no violation', () => {
  const world: World = { ...SMALL_WORLD, ...REAL, ...PROMPT };
  const verdict = replay(world, [
    '3 deadline',
    '1 requestVote from 3 term 1 last 0@0',
    '2 deadline',
    '2 deadline',
    '1 requestVote from 2 term 2 last 0@0',
    '2 requestVoteReply from 1 term 2 yes',
    '1 appendEntries from 2 term 2 after 0@0 [2-] commit 0 age 0',
    '2 appendAccepted from 1 term 2 match 1 age 0',
    '3 requestVoteReply from 1 term 1 yes',
    // Only a leader can.
    '3 propose a',
  ]);
  assert.equal(verdict, undefined);
});

for (const mutant of MUTANTS) {
  test(`the walk finds the mutant: ${mutant.name}`, async () => {
    const world = await mutatedWorld(mutant);
    const limits = { depth: 12, states: 200_000 };
    const { violation } = walk(world, limits, undefined, mutant.nearStart);
    assert.ok(violation, 'no violation was found');
    assert.match(violation.property, new RegExp(`^${mutant.property}`));
    assert.equal(replay(world, violation.choices), violation.property);
  });
}

for (const table of matrixTables().filter(({ title }) =>
  /^3 servers.*(ways|itself)$/.test(title),
)) {
  test(`links, ${table.title}: whoever can be served is served`, () => {
    const report = runMatrices(table);
    assert.deepEqual(report.failures, []);
    assert.equal(report.surprises, 0);
    assert.ok(report.mustServe > 0);
    assert.ok(report.cannotServe > 0);
  });
}

test('links: without pre-vote and check-quorum a one-way link disturbs a leader without end', () => {
  const table = matrixTables().find(({ title }) => /itself, plain Raft$/.test(title))!;
  assert.ok(runMatrices(table).failures.length > 0);
});
