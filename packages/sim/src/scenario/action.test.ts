import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_RAFT_OPTIONS } from '@quorate/core';
import fc from 'fast-check';
import {
  ACTION_PHRASES,
  type Action,
  type ActionKind,
  parseAction,
  printAction,
  QUICK_DISK,
  QUIET_NETWORK,
} from './action.ts';
import { PhraseError } from './phrase.ts';

const server = fc.integer({ min: 1, max: 9 });
const servers = fc.uniqueArray(server);
const word = fc.stringMatching(/^[a-z0-9:=.]+$/);
const number = fc.double({ min: 0, max: 1e6, noNaN: true }).map(Math.abs);

/** Settings, each of the type it has in `example`. */
function someOf(example: object): fc.Arbitrary<unknown> {
  const values = Object.entries(example).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return [[name, typeof value === 'number' ? number : fc.boolean()]];
  });
  return fc.record(Object.fromEntries(values), { requiredKeys: [], noNullPrototype: true });
}

/** Values for the fields of all actions, by name; `kind.name` where one name has several meanings. */
const VALUES: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  server,
  link: fc.record({ from: server, to: server }, { noNullPrototype: true }),
  groups: fc.array(servers, { minLength: 1 }),
  commands: fc.array(word, { minLength: 1 }),
  key: word,
  to: server,
  milliseconds: number,
  record: number,
  bit: number,
  what: fc.constantFrom('write', 'sync'),
  target: fc.record({ voters: servers, learners: servers }, { noNullPrototype: true }),
  'network.settings': someOf(QUIET_NETWORK),
  'disk.settings': someOf(QUICK_DISK),
  'clock.settings': someOf({ rate: 1, jumpMs: 0 }),
  'options.settings': someOf({ ...DEFAULT_RAFT_OPTIONS, priorities: undefined }),
};

for (const [kind, { fields }] of Object.entries(ACTION_PHRASES)) {
  test(`"${kind}" is read as it was printed`, () => {
    const values = Object.keys(fields).map((name) => {
      const arbitrary = VALUES[`${kind}.${name}`] ?? VALUES[name];
      assert.ok(arbitrary, `VALUES has nothing for the field ${kind}.${name}`);
      return [name, arbitrary] as const;
    });
    const action = fc.record(
      { kind: fc.constant(kind), ...Object.fromEntries(values) },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(action, (drawn) => {
        const written = printAction(drawn as unknown as Action);
        assert.deepEqual(parseAction(written), drawn, written);
      }),
      { numRuns: 200 },
    );
  });
}

test('every pattern names its fields, and no others', () => {
  for (const { pattern, fields } of Object.values(ACTION_PHRASES)) {
    const named = pattern.split(' ').filter((part) => part.startsWith('$'));
    assert.deepEqual(
      named,
      Object.keys(fields).map((name) => `$${name}`),
      pattern,
    );
  }
});

test('a line that is no action says what would have been right', () => {
  for (const [line, message] of [
    ['crash', 'after "crash" the line ends; expected a server, such as 3'],
    ['crash one', 'after "crash" there is "one"; expected a server, such as 3'],
    ['crash 1 2', 'after "crash 1" there is "2"; expected the end of the line'],
    ['cut 1', 'after "cut" there is "1"; expected a link from one server to another, such as 1>2'],
    ['network lossProbabilty=1', /after "network" there is "lossProbabilty=1"; expected settings/],
    ['explode 3', /^at its beginning there is "explode"; expected "crash", or "restart"/],
  ] as const) {
    assert.throws(() => parseAction(line), { name: PhraseError.name, message }, line);
  }
});

test('every kind is written with its own name', () => {
  for (const kind of Object.keys(ACTION_PHRASES) as ActionKind[]) {
    assert.equal(ACTION_PHRASES[kind]!.pattern.split(' ')[0], kind);
  }
});
