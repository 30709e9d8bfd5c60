/** Sentences of every table of the language, drawn by fast-check. */

import assert from 'node:assert/strict';
import { DEFAULT_RAFT_OPTIONS } from '@quorate/core';
import fc from 'fast-check';
import { ACTION_PHRASES, ECHOED, QUICK_DISK, QUIET_NETWORK, USUAL_SESSION } from './action.ts';
import { CONDITION_PHRASES } from './condition.ts';
import type { PhraseTable, Sentence } from './phrase.ts';
import { USUAL_WORLD } from './setup.ts';

const PLAIN = { noNullPrototype: true } as const;

const server = fc.integer({ min: 1, max: 9 });
const servers = fc.uniqueArray(server);
const word = fc.stringMatching(/^[a-z0-9:=.]+$/);
const number = fc.double({ min: 0, max: 1e6, noNaN: true }).map(Math.abs);
const count = fc.nat();
const end = fc.oneof(server, fc.constant('*'));
const factsNamed = (...names: readonly string[]) =>
  fc.dictionary(fc.constantFrom(...names), count.map(String), PLAIN);
const link = fc.record({ from: server, to: server }, PLAIN);

/** Settings, each of the type it has in `example`. */
function someOf(example: object): fc.Arbitrary<unknown> {
  const values = Object.entries(example).flatMap(([name, value]) => {
    if (typeof value === 'object') return [];
    return [[name, typeof value === 'number' ? number : fc.boolean()]];
  });
  return fc.record(Object.fromEntries(values), { requiredKeys: [], ...PLAIN });
}

const statusFigures = ['term', 'commitIndex', 'appliedIndex', 'lastIndex', 'durableIndex'];

/** Values for the fields of all tables, by name; `kind.name` where one name has several meanings. */
const VALUES: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  server,
  servers,
  link,
  groups: fc.array(servers, { minLength: 1 }),
  commands: fc.array(word, { minLength: 1 }),
  key: word,
  name: word,
  value: word,
  reason: word,
  to: server,
  ms: number,
  milliseconds: number,
  record: number,
  bit: number,
  count,
  term: count,
  terms: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 12 }),
  vote: fc.oneof(server, fc.constant('nobody')),
  role: fc.constantFrom('follower', 'preCandidate', 'candidate', 'leader', 'down'),
  figure: fc.constantFrom(...statusFigures, 'firstIndex', 'snapshotIndex'),
  group: fc.constantFrom('voters', 'outgoing', 'learners', 'removed'),
  what: fc.constantFrom('write', 'sync'),
  message: fc.constantFrom(...ECHOED),
  target: fc.record({ voters: servers, learners: servers }, PLAIN),
  messages: fc.record(
    {
      from: end,
      to: end,
      of: fc.constantFrom('*', 'appendEntries', 'appendAccepted'),
      facts: factsNamed('term', 'round'),
    },
    PLAIN,
  ),
  trace: fc.record(
    { of: fc.constantFrom('becameLeader', 'truncated'), facts: factsNamed('term', 'node') },
    PLAIN,
  ),
  options: someOf(DEFAULT_RAFT_OPTIONS),
  world: someOf(USUAL_WORLD),
  'network.settings': someOf(QUIET_NETWORK),
  'disk.settings': someOf(QUICK_DISK),
  'open.settings': someOf(USUAL_SESSION),
  'clock.settings': someOf({ rate: 1, jumpMs: 0 }),
  'options.settings': someOf(DEFAULT_RAFT_OPTIONS),
};

/** What the phrase of this kind can say. */
export function sentencesOf(table: PhraseTable, kind: string): fc.Arbitrary<Sentence> {
  const values = Object.entries(table[kind]!.fields).map(([name, field]) => {
    const value = VALUES[`${kind}.${name}`] ?? VALUES[name];
    if (name === 'action') return [name, anySentenceOf(ACTION_PHRASES)] as const;
    if (field.takes === 'sentence') return [name, simpleConditions()] as const;
    assert.ok(value, `VALUES has nothing for the field ${kind}.${name}`);
    return [name, value] as const;
  });
  const of = { kind: fc.constant(kind), ...Object.fromEntries(values) };
  return fc.record(of, PLAIN) as unknown as fc.Arbitrary<Sentence>;
}

/** Without "not", which would never end. */
function simpleConditions(): fc.Arbitrary<Sentence> {
  const { not: _, ...simple } = CONDITION_PHRASES;
  return anySentenceOf(simple);
}

const anySentenceOf = (table: PhraseTable): fc.Arbitrary<Sentence> =>
  fc.oneof(...Object.keys(table).map((kind) => sentencesOf(table, kind)));
