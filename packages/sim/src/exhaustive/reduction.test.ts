/** Nothing is lost by `World.isReduced`: the whole world and the reduced one do the same, choice by choice. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Raft } from '@quorate/core';
import { Choices, type State } from './choices.ts';
import type { Happening } from './happening.ts';
import { mutatedCore } from './mutated-core.test.support.ts';
import { agedOf, ageOf, linkOf } from './rounds.ts';
import { IN_DOUBT } from './starts.ts';
import { canonicalOf } from './symmetry.ts';
import { follow, walk } from './walk.ts';
import { SMALL_WORLD, type World } from './world.ts';

const WORLD: World = {
  ...SMALL_WORLD,
  makeCore: (config) => new Raft(config),
  noopOnElection: false,
};

for (const [name, rest] of [
  ['slow disks, a crash', { maxTerm: 1 }],
  [
    'a membership change',
    { noopOnElection: true, maxTerm: 1, disk: 'prompt', crashes: 0, commands: 0, changes: 1 },
  ],
] as const) {
  test(`two servers, ${name}, to the end: the reduced world is the whole one`, () => {
    const world = { ...WORLD, size: 2, ...rest };
    const { wholeStates, reducedStates } = compare(world, Infinity, []);
    assert.equal(reducedStates, walk(world, { depth: Infinity, states: Infinity }).states);
    assert.ok(reducedStates * 2 < wholeStates, `${reducedStates} of ${wholeStates}`);
  });
}

test('three servers, one of them in doubt: the reduced world is the whole one up to depth 5', () => {
  const world = { ...WORLD, maxTerm: 1, disk: 'prompt' } as const;
  const { wholeStates, reducedStates } = compare(world, 5, IN_DOUBT);
  const limits = { depth: 5, states: Infinity };
  assert.equal(reducedStates, walk(world, limits, undefined, IN_DOUBT).states);
  assert.ok(reducedStates * 2 < wholeStates, `${reducedStates} of ${wholeStates}`);
});

for (const reads of [0, 1]) {
  test(`two servers, two terms, ${reads} reads: the reduced world is the whole one up to depth 10`, () => {
    const world = { ...WORLD, size: 2, disk: 'prompt', crashes: 0, reads } as const;
    const { wholeStates, reducedStates } = compare(world, 10, []);
    assert.equal(reducedStates, walk(world, { depth: 10, states: Infinity }).states);
    assert.ok(reducedStates < wholeStates, `${reducedStates} of ${wholeStates}`);
  });
}

test('a core to which the numbers of rounds matter is no core for the reduced world', async () => {
  const from = 'message.round < progress.fromRound';
  const edit = { file: 'leader/replicate.js', from, to: `message.round === 1 || ${from}` };
  const makeCore = await mutatedCore({ name: 'refusals of round 1 are late', edits: [edit] });
  const world: World = { ...WORLD, makeCore, maxTerm: 1, crashes: 0, disk: 'prompt' };
  const limits = { depth: Infinity, states: 100_000 };
  assert.throws(() => walk(world, limits), /^Error: numbers of rounds matter/);
});

/**
 * Walks through both at once. Each state of the whole world must have one image in the reduced one, whatever
 * led to it; and what can happen in either can happen in the other, with the same verdict.
 */
function compare(world: World, depth: number, start: readonly string[]) {
  const whole = new Choices({ ...world, isReduced: false });
  const reduced = new Choices(world);
  const first = follow(whole, start).state;
  const images = new Map([[`${first}`, follow(reduced, start).state]]);
  let frontier = [first];
  for (let at = 0; at < depth && frontier.length > 0; at++) {
    const found: State[] = [];
    for (const state of frontier) {
      const image = images.get(`${state}`)!;
      for (const next of successors(whole, reduced, state, image)) {
        const known = images.get(`${next.state}`);
        if (known === undefined) found.push(next.state);
        else assert.deepEqual(next.image, known, 'one state, two images');
        images.set(`${next.state}`, next.image);
      }
    }
    frontier = found;
  }
  const canonical = [...images.values()].map((image) => `${canonicalOf(reduced, image).state}`);
  return { wholeStates: images.size, reducedStates: new Set(canonical).size };
}

function* successors(whole: Choices, reduced: Choices, state: State, image: State) {
  for (let position = 0; position < whole.soupAt; position++) {
    const left = new Set(reduced.at(image, position));
    const possible = new Set(left);
    for (const happening of whole.at(state, position)) {
      const counterpart = reduced.automaton.numberOf(imageOf(whole, state, happening));
      const outcome = whole.take(state, position, happening);
      // What was thrown away there must change nothing that counts here.
      const isThere = possible.has(counterpart);
      const there = isThere ? reduced.take(image, position, counterpart) : undefined;
      assert.equal(outcome.violation, there?.violation);
      left.delete(counterpart);
      yield { state: outcome.state ?? state, image: there?.state ?? image };
    }
    assert.equal(left.size, 0, 'something happens in the reduced world only');
  }
}

/** What the reduced world calls it. */
function imageOf(whole: Choices, state: State, number: number): Happening {
  const happening = whole.automaton.happenings[number]!;
  if (happening.kind !== 'deliver') return happening;
  const { message } = happening;
  const aged = agedOf(message, whole.world);
  if (aged === undefined) {
    return message.kind === 'appendAccepted'
      ? { ...happening, message: { ...message, round: 0 } }
      : happening;
  }
  const { leader, follower } = linkOf(aged);
  const { status, marks } = whole.automaton.locals[state[leader]!]!;
  const heeded = status.term === aged.term ? marks[follower] : undefined;
  return { ...happening, message: { ...aged, round: ageOf(aged.round, heeded) } };
}
