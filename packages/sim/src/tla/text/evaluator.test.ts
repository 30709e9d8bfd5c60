/** What expressions are, by the book: Lamport's "Specifying Systems", and where TLC has its own way. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Dependencies } from './dependencies.ts';
import { EvaluationError, UnsupportedError } from './errors.ts';
import { Evaluator } from './evaluator.ts';
import { readModule } from './module.ts';
import { show, Values } from './values.ts';

/** What `It` is when the module also says `more`. */
function evaluated(text: string, more = ''): string {
  const module = `---- MODULE M ----\nVARIABLE x\n${more}\nIt ==\n  ${text}\n====`;
  const { variables, definitions } = readModule(module);
  const byName = new Map(definitions.map((definition) => [definition.name, definition]));
  const vocabulary = { variables, definitions: byName, standard: {} };
  const evaluator = new Evaluator(new Values(), vocabulary);
  return show(evaluator.evaluate(byName.get('It')!.body, undefined, { now: [7], next: [8] }));
}

const TABLES: Readonly<Record<string, readonly (readonly [text: string, value: string])[]>> = {
  precedence: [
    ['1 + 2 * 3', '7'],
    ['7 - 2 - 1', '4'],
    ['2 + 1..3 + 1', '{3, 4}'],
    ['~ TRUE \\/ TRUE', 'true'],
    ['FALSE /\\ FALSE => FALSE', 'true'],
    ['1 = 1 /\\ 2 # 3', 'true'],
    ['3 \\in {1} \\cup {3}', 'true'],
    ['{1, 2} \\ {2} = {1}', 'true'],
    ['"a" :> 1 @@ "b" :> 2', '[b |-> 2, a |-> 1]'],
    ['\\E i \\in 1..3 : i = 2 /\\ i > 1', 'true'],
    ['IF 1 > 2 THEN 1 ELSE 2 + 3', '5'],
  ],
  'numbers and booleans': [
    ['7 \\div 2', '3'],
    ['(-7) \\div 2', '-4'],
    ['-7 \\div 2', '-3'],
    ['-7 % 3', '2'],
    ['(1 < 2) <=> (2 > 1)', 'true'],
    ['3 =< 3 /\\ 3 \\geq 3 /\\ \\lnot FALSE', 'true'],
  ],
  'no further than is needed': [
    ['FALSE /\\ <<>>[1] = 1', 'false'],
    ['TRUE \\/ <<>>[1] = 1', 'true'],
    ['FALSE => <<>>[1] = 1', 'true'],
    ['LET never == <<>>[1] IN 1', '1'],
  ],
  sets: [
    ['{3, 1, 3}', '{3, 1}'],
    ['{1, 2} = {2, 1}', 'true'],
    ['{i \\in 1..4 : i % 2 = 0}', '{2, 4}'],
    ['{i * i : i \\in 1..3}', '{1, 4, 9}'],
    ['{<<i, j>> : i, j \\in 1..2} = {<<1, 1>>, <<1, 2>>, <<2, 1>>, <<2, 2>>}', 'true'],
    ['SUBSET {1, 2} = {{}, {1}, {2}, {1, 2}}', 'true'],
    ['UNION {{1}, {2, 3}, {}}', '{1, 2, 3}'],
    ['2..1', '{}'],
    ['{1} \\subseteq {1, 2} /\\ 3 \\notin {1, 2}', 'true'],
    ['Cardinality({1, 1, 2})', '2'],
    ['<<Max({2, 9, 4}), Min({2, 9, 4})>>', '<<9, 2>>'],
    ['{} = {x \\in {1} : FALSE}', 'true'],
    ['CHOOSE i \\in 1..9 : i * i = 49', '7'],
  ],
  'functions and records': [
    ['[i \\in {"a", "b"} |-> 1].b', '1'],
    ['[a |-> 1, b |-> 2] = [b |-> 2, a |-> 1]', 'true'],
    ['[a |-> 1] = ("a" :> 1)', 'true'],
    ['[i \\in 1..3 |-> i * 2] = <<2, 4, 6>>', 'true'],
    ['[i \\in {} |-> 0] = <<>>', 'true'],
    ['[i \\in 2..3 |-> 0] = <<0, 0>>', 'false'],
    ['DOMAIN [a |-> 1]', '{"a"}'],
    ['DOMAIN <<5, 5>>', '{1, 2}'],
    ['[<<1, 2>> EXCEPT ![2] = @ + 5]', '<<1, 7>>'],
    ['[[a |-> <<1, 2>>] EXCEPT !.a[1] = 9, !.a[2] = @ * 10].a', '<<9, 20>>'],
    ['[<<1>> EXCEPT ![5] = @ + 1]', '<<1>>'],
    ['("a" :> 1 @@ "a" :> 2)["a"]', '1'],
    ['[i, j \\in {1} |-> 0]', 'unsupported'],
  ],
  sequences: [
    ['Append(<<1>>, 2) \\o <<3>>', '<<1, 2, 3>>'],
    ['<<Len(<<>>), Len(<<1, 2>>)>>', '<<0, 2>>'],
    ['SubSeq(<<1, 2, 3, 4>>, 2, 3)', '<<2, 3>>'],
    ['SubSeq(<<1, 2>>, 2, 1)', '<<>>'],
    ['SelectSeq(<<1, 2, 3>>, LAMBDA i : i # 2)', '<<1, 3>>'],
    ['SelectInSeq(<<4, 5, 5>>, LAMBDA i : i = 5)', '2'],
    ['SelectInSeq(<<4>>, LAMBDA i : i = 5)', '0'],
    ['SelectLastInSubSeq(<<5, 5, 5>>, 1, 2, LAMBDA i : i = 5)', '2'],
    ['SelectLastInSubSeq(<<>>, 1, 0, LAMBDA i : TRUE)', '0'],
    ['IsPrefix(<<1>>, <<1, 2>>) /\\ ~ IsPrefix(<<2>>, <<1, 2>>)', 'true'],
    ['ToSet(<<1, 2, 1>>)', '{1, 2}'],
    ['FoldSeq(LAMBDA item, folded : folded \\o <<item>>, <<>>, <<1, 2>>)', '<<1, 2>>'],
  ],
  bags: [
    ['SetToBag({"a"}) (+) SetToBag({"a", "b"})', '[a |-> 2, b |-> 1]'],
    ['("a" :> 2) (-) SetToBag({"a"})', '[a |-> 1]'],
    ['SetToBag({"a"}) (-) SetToBag({"a", "b"}) = EmptyBag', 'true'],
    ['BagAdd(EmptyBag, "a").a', '1'],
    ['FoldBag(LAMBDA folded, item : folded + item.n, 0, ([n |-> 5] :> 3))', '15'],
  ],
  'scopes and operators': [
    ['LET a == 1 b == a + 1 IN b', '2'],
    ['LET Twice(Op(_), v) == Op(Op(v)) IN Twice(LAMBDA i : i * 3, 2)', '18'],
    ['LET Next(i) == i + 1 IN SelectSeq(<<1, 2>>, LAMBDA i : Next(i) = 3)', '<<2>>'],
    ['LET n == 1 Add(i) == i + n IN LET n2 == 5 IN Add(n2)', '6'],
    ['\\A i \\in 1..2 : \\E j \\in 1..2 : i = j', 'true'],
    ['\\E x \\in {7} : x = 7', 'true'],
  ],
  states: [
    ["<<x, x'>>", '<<7, 8>>'],
    ['UNCHANGED x', 'false'],
    ["[f |-> x'].f = x + 1", 'true'],
  ],
};

for (const [name, rows] of Object.entries(TABLES)) {
  describe(name, () => {
    for (const [text, value] of rows) {
      test(text, () => {
        if (value === 'unsupported') assert.throws(() => evaluated(text), UnsupportedError);
        else assert.equal(evaluated(text), value);
      });
    }
  });
}

test('lists of /\\ and \\/ end where something stands no further right', () => {
  const list = `/\\ \\/ FALSE
     \\/ /\\ TRUE
        /\\ TRUE
  /\\ 1 = 1 =>
       TRUE`;
  assert.equal(evaluated(list), 'true');
  assert.equal(evaluated(list.replace('/\\ TRUE\n  ', '/\\ FALSE\n  ')), 'false');
  // The same words further left belong to the list around them.
  const inside = '\\/ /\\ FALSE\n     /\\ FALSE\n  \\/ TRUE';
  assert.equal(evaluated(inside), 'true');
  assert.equal(evaluated(inside.replace('\n  \\/ TRUE', '\n     /\\ TRUE')), 'false');
});

test('comments are passed over, also one in another', () => {
  assert.equal(evaluated('1 (* one (* of *) \n them *) + 2 \\* three'), '3');
});

test('definitions see definitions, and parameters hide them', () => {
  assert.equal(evaluated('Double(n)', 'n == 4\nDouble(k) == k + k'), '8');
  assert.equal(evaluated('Same(5)', 'n == 4\nSame(n) == n'), '5');
});

test('what is read is found through definitions, and not where a name means something else', () => {
  const { variables, definitions } = readModule(`---- MODULE M ----
VARIABLES x, y
Plain == \\E x \\in {1} : LET y == x IN y = 1
Reads(x) == x + y
Acts == \\A i \\in {1} : Deeper(i)
Deeper(i) == UNCHANGED <<x>>
====`);
  const byName = new Map(definitions.map((definition) => [definition.name, definition]));
  const dependencies = new Dependencies(new Set(variables), byName);
  const found = (name: string) => {
    const { variables, isAction } = dependencies.of({ kind: 'name', name });
    return `${[...variables].join()} ${isAction}`;
  };
  assert.equal(found('Plain'), ' false');
  assert.equal(found('Reads'), 'y false');
  assert.equal(found('Acts'), 'x true');
});

describe('where TLC stops, so does this', () => {
  for (const [text, message] of [
    ['<<1, 2>>[3]', /3 is not in the domain of <<1, 2>>/],
    ['[a |-> 1].b', /"b" is not in the domain/],
    ['1 = "1"', /1 cannot be compared with "1"/],
    ['"a" \\in {1, 2}', /cannot be compared/],
    ['1 + TRUE', /true is no number/],
    ['IF 1 THEN 2 ELSE 3', /1 is neither TRUE nor FALSE/],
    ['SubSeq(<<1>>, 1, 2)', /SubSeq from 1 to 2 of a sequence of 1/],
    ['Max({})', /of nothing/],
    ['CHOOSE i \\in {1} : i = 2', /nothing to choose/],
    ['5 % 0', /divided by 0/],
  ] as const) {
    test(text, () => {
      assert.throws(() => evaluated(text), { name: EvaluationError.name, message });
    });
  }
});

describe('what this reader cannot do is no verdict', () => {
  for (const [text, message] of [
    ['Unheard(1)', /nothing is known of Unheard/],
    ['[]TRUE', /no value is known of always/],
    ["x'' = 1", /a prime on what is no variable/],
    ['1 ! 2', /line 5, column 5: "!" stands where/],
  ] as const) {
    test(text, () => {
      assert.throws(() => evaluated(text), { name: UnsupportedError.name, message });
    });
  }
});

test('JSON becomes values as the community module has it', () => {
  const values = new Values();
  const value = values.ofJson({ list: [1, 'a', true], time: 1718271672.9, empty: {} });
  assert.equal(show(value), '[list |-> <<1, "a", true>>, time |-> 1718271672, empty |-> <<>>]');
  assert.equal(values.ofJson(2 ** 32 + 5), 5);
  assert.throws(() => values.ofJson(null), EvaluationError);
});
