/** Whatever can be said is read as it was printed, and whatever cannot is answered with help. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAction } from './action.ts';
import { CONDITION_PHRASES } from './condition.ts';
import { PhraseError, type PhraseTable, printSentence, readSentence, wordsOf } from './phrase.ts';
import { parseScenario, printScenario, type Scenario, ScenarioSyntaxError } from './scenario.ts';
import { sentencesOf } from './sentences.test.support.ts';
import { GIVEN_PHRASES, type Given, setupOf } from './setup.ts';
import { STATEMENT_PHRASES } from './statement.ts';

const TABLES: Readonly<Record<string, PhraseTable>> = {
  given: GIVEN_PHRASES,
  statement: STATEMENT_PHRASES,
  condition: CONDITION_PHRASES,
};

for (const [name, table] of Object.entries(TABLES)) {
  for (const [kind, { pattern, fields }] of Object.entries(table)) {
    test(`${name} "${pattern}" is read as it was printed`, () => {
      const named = pattern.split(' ').filter((part) => part.startsWith('$'));
      assert.deepEqual(
        named,
        Object.keys(fields).map((field) => `$${field}`),
      );
      const isAsPrinted = fc.property(sentencesOf(table, kind), (sentence) => {
        const line = printSentence(table, sentence);
        assert.deepEqual(readSentence(table, wordsOf(line)), sentence, line);
      });
      fc.assert(isAsPrinted, { numRuns: 100 });
    });
  }
}

test('a whole scenario is read as it was printed', () => {
  const text = fc.stringMatching(/^[A-Za-z§0-9,.]+( [A-Za-z0-9,.]+){0,30}$/);
  const remark = fc.record(
    { kind: fc.constant('remark'), text: fc.oneof(fc.constant(''), text) },
    { noNullPrototype: true },
  );
  const anyOf = (table: PhraseTable) =>
    fc.oneof(...Object.keys(table).map((kind) => sentencesOf(table, kind)));
  const drawn = fc.record({
    title: text,
    teaches: text,
    sources: fc.array(text, { minLength: 1, maxLength: 3 }),
    given: fc.array(anyOf(GIVEN_PHRASES)),
    steps: fc.array(fc.oneof(remark, anyOf(STATEMENT_PHRASES))),
  });
  const isAsPrinted = fc.property(drawn, ({ given, ...scenario }) => {
    const nine = { kind: 'servers', count: 9 };
    const whole = { ...scenario, setup: setupOf([...given, nine] as Given[]) } as Scenario;
    assert.deepEqual(parseScenario(printScenario(whole), 'drawn').scenario, whole);
  });
  fc.assert(isAsPrinted, { numRuns: 200 });
});

test('a line that is no action says what would have been right', () => {
  for (const [line, message] of [
    ['crash', 'after "crash" the line ends; expected a server, such as 3'],
    ['crash one', 'after "crash" there is "one"; expected a server, such as 3'],
    ['freeze 1 2', 'after "freeze 1" there is "2"; expected the end of the line'],
    ['cut 1', 'after "cut" there is "1"; expected a link from one server to another, such as 1>2'],
    ['network lossProbabilty=1', /after "network" there is "lossProbabilty=1"; expected settings/],
    ['explode 3', /^at its beginning there is "explode"; expected "crash", or "restart"/],
  ] as const) {
    assert.throws(() => parseAction(line), { name: PhraseError.name, message }, line);
  }
});

test('a file that is no scenario says where, and what would have been right', () => {
  const header = 'title: A\nteaches: B\nsource: §5\n';
  for (const [text, message] of [
    ['teaches: B\nsource: §5\ngiven 3 servers', 'x:1: no line says "title: ..."'],
    [`${header}`, /^x:1: nothing says how many servers there are/],
    [`${header}given 3 servers\ngiven 4 has log 1`, 'x:1: server 4 is none of the 3 servers'],
    [`${header}given 3 servers\nby hand\ngiven 1 has log 1`, /^x:6: "given" belongs before/],
    [`${header}given 3 servers\ntitle: A`, /^x:5: "title:" belongs before/],
    [
      `${header}given 3 server`,
      'x:4: after "given 3" there is "server"; expected "servers", or "has"',
    ],
    [
      `${header}given 3 servers\n\nexpect 1 is king`,
      /^x:6: after "expect 1 is" there is "king"; expected "follower", or/,
    ],
    [
      `${header}given 3 servers\nexpect not traced sneezed`,
      /after "expect not traced" there is "sneezed"; expected a trace event/,
    ],
    [
      `${header}given 3 servers\nexpect not traced committed indx=3`,
      'x:5: committed has no indx; it has node, term, index',
    ],
    [
      `${header}given 3 servers\nexpect not sent 1>2 appendAccepted matchIdx=3`,
      'x:5: appendAccepted has no matchIdx; it has term, matchIndex, round',
    ],
    [`${header}given 3 servers\ndrop 1>* voter=3`, /^x:5: a message has no voter; it has term, /],
    [
      `${header}given 3 servers\ndeliver 1>2 appendEntry`,
      /after "deliver" there is "1>2"; expected messages, such as 1>2/,
    ],
  ] as const) {
    const expected = { name: ScenarioSyntaxError.name, message };
    assert.throws(() => parseScenario(text, 'x'), expected, text);
  }
});
