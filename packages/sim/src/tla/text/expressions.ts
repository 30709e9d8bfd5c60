/** Reads expressions, by the precedences of TLA+'s own table. */

import type { Reader } from './reader.ts';
import type { Bound, Change, Definition, Expression, Field, UnaryOperator } from './syntax.ts';

/** How strongly it binds, and how strongly what stands right of it must bind. */
const BINARY: Readonly<Record<string, readonly [own: number, right: number]>> = {
  '=>': [1, 2],
  '<=>': [2, 3],
  '\\/': [3, 4],
  '/\\': [3, 4],
  '=': [5, 6],
  '/=': [5, 6],
  '<': [5, 6],
  '>': [5, 6],
  '<=': [5, 6],
  '>=': [5, 6],
  '\\in': [5, 6],
  '\\notin': [5, 6],
  '\\subseteq': [5, 6],
  '@@': [6, 7],
  ':>': [7, 8],
  '\\': [8, 9],
  '\\cup': [8, 9],
  '\\cap': [8, 9],
  '..': [9, 10],
  '+': [10, 11],
  '(+)': [10, 11],
  '%': [10.5, 11],
  '-': [11, 12],
  '(-)': [11, 12],
  '*': [13, 14],
  '\\div': [13, 14],
  '\\o': [13, 14],
};

/** How strongly the operand must bind. */
const UNARY: Readonly<Record<UnaryOperator, number>> = {
  '~': 4,
  '-': 12,
  DOMAIN: 9,
  SUBSET: 8,
  UNION: 8,
};
const UNCHANGED = 4.5;

export function readExpression(reader: Reader, least = 0): Expression {
  let left = readOperand(reader);
  for (;;) {
    const { here } = reader;
    const strength = here?.kind === 'symbol' ? BINARY[here.text] : undefined;
    if (here === undefined || strength === undefined || strength[0] < least) return left;
    reader.take();
    left = joined(here.text, left, readExpression(reader, strength[1]));
  }
}

function joined(operator: string, left: Expression, right: Expression): Expression {
  if (operator === '/\\') return { kind: 'and', items: [left, right] };
  if (operator === '\\/') return { kind: 'or', items: [left, right] };
  return { kind: 'binary', operator, left, right };
}

function readOperand(reader: Reader): Expression {
  const read = () => readExpression(reader);
  const { here } = reader;
  if (here === undefined) return reader.fail('an expression');
  if (here.kind === 'string') return readWithArguments(reader);
  if (Object.hasOwn(UNARY, here.text)) {
    reader.take();
    const operator = here.text as UnaryOperator;
    return { kind: 'unary', operator, of: readExpression(reader, UNARY[operator]) };
  }
  switch (here.text) {
    case '/\\':
      return { kind: 'and', items: reader.bullets('/\\', read) };
    case '\\/':
      return { kind: 'or', items: reader.bullets('\\/', read) };
    case '[]':
      reader.take();
      return { kind: 'always', body: readExpression(reader, 4) };
    case 'UNCHANGED':
      reader.take();
      return { kind: 'unchanged', of: readExpression(reader, UNCHANGED) };
    case '\\E':
    case '\\A':
    case 'CHOOSE': {
      reader.take();
      const kind = here.text === '\\E' ? 'exists' : here.text === '\\A' ? 'forAll' : 'choose';
      return { kind, bounds: readBounds(reader), body: readAfter(reader, ':') };
    }
    case 'IF':
      reader.take();
      return {
        kind: 'if',
        condition: read(),
        whenTrue: readAfter(reader, 'THEN'),
        whenFalse: readAfter(reader, 'ELSE'),
      };
    case 'LET':
      return readLet(reader);
    case 'LAMBDA': {
      reader.take();
      const parameters = reader.list(() => reader.name());
      return { kind: 'lambda', parameters, body: readAfter(reader, ':') };
    }
    default:
      return readWithArguments(reader);
  }
}

function readAfter(reader: Reader, text: string): Expression {
  reader.demand(text);
  return readExpression(reader);
}

function readLet(reader: Reader): Expression {
  reader.demand('LET');
  const definitions: Definition[] = [];
  while (!reader.takes('IN')) definitions.push(readDefinition(reader));
  return { kind: 'let', definitions, body: readExpression(reader) };
}

/** `Name == …` or `Name(a, Op(_)) == …`. */
export function readDefinition(reader: Reader): Definition {
  const name = reader.name();
  const parameters = reader.takes('(') ? readParameters(reader) : [];
  return { name, parameters, body: readAfter(reader, '==') };
}

function readParameters(reader: Reader): string[] {
  const parameters = reader.list(() => {
    const name = reader.name();
    if (reader.takes('(')) {
      reader.list(() => reader.demand('_'));
      reader.demand(')');
    }
    return name;
  });
  reader.demand(')');
  return parameters;
}

/** `a, b \in S, c \in T`. */
function readBounds(reader: Reader): Bound[] {
  const bounds = reader.list(() => {
    const names = reader.list(() => reader.name());
    const set = readAfter(reader, '\\in');
    return names.map((name) => ({ name, set }));
  });
  return bounds.flat();
}

function readWithArguments(reader: Reader): Expression {
  let of = readAtom(reader);
  for (;;) {
    if (reader.takes('[')) {
      const items = reader.list(() => readExpression(reader));
      reader.demand(']');
      const argument: Expression = items.length === 1 ? items[0]! : { kind: 'tuple', items };
      of = { kind: 'at', of, argument };
    } else if (reader.takes('.')) {
      of = { kind: 'at', of, argument: { kind: 'constant', value: reader.name() } };
    } else if (reader.takes("'")) {
      of = { kind: 'prime', of };
    } else {
      return of;
    }
  }
}

function readAtom(reader: Reader): Expression {
  const read = () => readExpression(reader);
  const { here } = reader;
  switch (here?.kind) {
    case 'string':
      return { kind: 'constant', value: reader.take().text };
    case 'number':
      return { kind: 'constant', value: Number(reader.take().text) };
    case 'name':
      return readNamed(reader);
  }
  if (reader.takes('@')) return { kind: 'name', name: '@' };
  if (reader.takes('<<')) {
    const items = reader.is('>>') ? [] : reader.list(read);
    reader.demand('>>');
    return { kind: 'tuple', items };
  }
  if (reader.takes('(')) {
    const inner = read();
    reader.demand(')');
    return inner;
  }
  if (reader.takes('{')) return readSet(reader);
  if (reader.takes('[')) return readBracket(reader);
  return reader.fail('an expression');
}

function readNamed(reader: Reader): Expression {
  if (reader.takes('TRUE')) return { kind: 'constant', value: true };
  if (reader.takes('FALSE')) return { kind: 'constant', value: false };
  if (reader.takes('INSTANCE')) return { kind: 'instance', of: reader.name() };
  let name = reader.name();
  // Of an INSTANCE without WITH: names mean there what they mean here.
  if (reader.takes('!')) name = reader.name();
  if (!reader.takes('(')) return { kind: 'name', name };
  const given = reader.list(() => readExpression(reader));
  reader.demand(')');
  return { kind: 'apply', name, arguments: given };
}

/** After `{`. */
function readSet(reader: Reader): Expression {
  if (reader.takes('}')) return { kind: 'set', items: [] };
  const first = readExpression(reader);
  let made: Expression = { kind: 'set', items: [first] };
  if (reader.takes(':')) made = readComprehension(reader, first);
  else while (reader.takes(',')) made = { ...made, items: [...made.items, readExpression(reader)] };
  reader.demand('}');
  return made;
}

/** `{x \in S : P}` looks like `{e : x \in S}` with an e that is `x \in S`; the first is meant, as in TLC. */
function readComprehension(reader: Reader, first: Expression): Expression {
  if (first.kind === 'binary' && first.operator === '\\in' && first.left.kind === 'name') {
    const bounds = [{ name: first.left.name, set: first.right }];
    return { kind: 'filter', bounds, body: readExpression(reader) };
  }
  return { kind: 'image', bounds: readBounds(reader), body: first };
}

/** After `[`. */
function readBracket(reader: Reader): Expression {
  if (reader.isName && reader.is('|->', 1)) {
    const fields = reader.list((): Field => [reader.name(), readAfter(reader, '|->')]);
    reader.demand(']');
    return { kind: 'record', fields };
  }
  if (reader.isName && reader.is('\\in', 1)) {
    const name = reader.name();
    const bounds = [{ name, set: readAfter(reader, '\\in') }];
    const body = readAfter(reader, '|->');
    reader.demand(']');
    return { kind: 'function', bounds, body };
  }
  const of = readExpression(reader);
  if (reader.takes('EXCEPT')) {
    const changes = reader.list(() => readChange(reader));
    reader.demand(']');
    return { kind: 'except', of, changes };
  }
  reader.demand(']');
  reader.demand('_');
  return { kind: 'actions', action: of, variables: readWithArguments(reader) };
}

function readChange(reader: Reader): Change {
  reader.demand('!');
  const path: Expression[] = [];
  for (;;) {
    if (reader.takes('[')) {
      path.push(readExpression(reader));
      reader.demand(']');
    } else if (reader.takes('.')) {
      path.push({ kind: 'constant', value: reader.name() });
    } else {
      return { path, value: readAfter(reader, '=') };
    }
  }
}
