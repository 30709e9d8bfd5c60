/** The operators of TLA+ on values, and those of the standard and community modules that are used. */

import { EvaluationError, UnsupportedError } from './errors.ts';
import type { UnaryOperator } from './syntax.ts';
import {
  asBoolean,
  asNumber,
  asSequence,
  asSet,
  isEqual,
  keyOf,
  type Pair,
  pairsOf,
  Sequence,
  show,
  type Value,
  type Values,
  valueAt,
} from './values.ts';

type Binary = (values: Values, left: Value, right: Value) => Value;

const onNumbers =
  (compute: (left: number, right: number) => Value): Binary =>
  (_values, left, right) =>
    compute(asNumber(left), asNumber(right));

/** All but those whose right side may not be evaluated: `=>`, and lists of /\ and \/. */
export const BINARY: Readonly<Record<string, Binary>> = {
  '=': (_values, left, right) => isEqual(left, right),
  '/=': (_values, left, right) => !isEqual(left, right),
  '<=>': (_values, left, right) => asBoolean(left) === asBoolean(right),
  '<': onNumbers((left, right) => left < right),
  '>': onNumbers((left, right) => left > right),
  '<=': onNumbers((left, right) => left <= right),
  '>=': onNumbers((left, right) => left >= right),
  '+': onNumbers((left, right) => left + right),
  '-': onNumbers((left, right) => left - right),
  '*': onNumbers((left, right) => left * right),
  '\\div': onNumbers((left, right) => Math.floor(left / divisor(right))),
  '%': onNumbers((left, right) => left - divisor(right) * Math.floor(left / right)),
  '..': (values, from, to) => values.range(asNumber(from), asNumber(to)),
  '\\in': (_values, item, set) => asSet(set).has(item),
  '\\notin': (_values, item, set) => !asSet(set).has(item),
  '\\subseteq': (_values, left, right) => asSet(left).items.every((item) => asSet(right).has(item)),
  '\\cup': (values, left, right) => values.set([...asSet(left).items, ...asSet(right).items]),
  '\\cap': (values, left, right) =>
    values.set(asSet(left).items.filter((item) => asSet(right).has(item))),
  '\\': (values, left, right) =>
    values.set(asSet(left).items.filter((item) => !asSet(right).has(item))),
  '\\o': (values, left, right) => {
    const start = asSequence(left);
    return asSequence(right).items.reduce<Sequence>((made, of) => values.append(made, of), start);
  },
  ':>': (values, argument, value) => values.mapping([[argument, value]]),
  // Where both have a value, the left one's counts.
  '@@': (values, left, right) => values.mapping([...pairsOf(right), ...pairsOf(left)]),
  '(+)': (values, left, right) => changedBag(values, left, right, 1),
  '(-)': (values, left, right) => changedBag(values, left, right, -1),
};

export const UNARY: Readonly<Record<UnaryOperator, (values: Values, of: Value) => Value>> = {
  '~': (_values, of) => !asBoolean(of),
  '-': (_values, of) => -asNumber(of),
  DOMAIN: (values, of) => values.set(pairsOf(of).map(([argument]) => argument)),
  SUBSET: (values, of) => {
    let subsets: Value[][] = [[]];
    for (const item of asSet(of).items) {
      subsets = subsets.flatMap((subset) => [subset, [...subset, item]]);
    }
    return values.set(subsets.map((subset) => values.set(subset)));
  },
  UNION: (values, of) => values.set(asSet(of).items.flatMap((set) => asSet(set).items)),
};

function divisor(value: number): number {
  if (value > 0) return value;
  throw new EvaluationError(`divided by ${value}`);
}

/** A bag is a function from what is in it to how often. */
function changedBag(values: Values, bag: Value, other: Value, sign: 1 | -1): Value {
  const counts = new Map<string, Pair>(bagPairs(bag).map((pair) => [keyOf(pair[0]), pair]));
  for (const [item, count] of bagPairs(other)) {
    const before = counts.get(keyOf(item))?.[1] ?? 0;
    counts.set(keyOf(item), [item, asNumber(before) + sign * asNumber(count)]);
  }
  return values.mapping([...counts.values()].filter(([, count]) => asNumber(count) > 0));
}

function bagPairs(bag: Value): Pair[] {
  // TLC knows no bag in a sequence, though it may be one, but for the empty one.
  if (bag instanceof Sequence && bag.length > 0)
    throw new EvaluationError(`${show(bag)} is no bag`);
  return pairsOf(bag);
}

/** What a LAMBDA or the name of an operator is, given to another operator. */
export type Operator = (...given: Value[]) => Value;
export type Standard = (values: Values, ...given: (Value | Operator)[]) => Value;

/**
 * By their definitions, but FoldBag as TLC's own Java has it: what has been folded comes first.
 * PrintT says nothing. TLC runs breadth first with one worker, as Traceetcdraft.tla wants.
 */
export const STANDARD: Readonly<Record<string, Standard>> = {
  Len: (_values, of) => sequence(of).length,
  Append: (values, to, item) => values.append(sequence(to), value(item)),
  SubSeq: (values, of, from, to) => subSequence(values, sequence(of), number(from), number(to)),
  SelectSeq: (values, of, test) => values.sequence(sequence(of).items.filter(tested(test))),
  IsPrefix: (_values, of, whole) => {
    const [short, long] = [sequence(of), sequence(whole)];
    return short.length <= long.length && long.prefix(short.length) === short;
  },
  ToSet: (values, of) => values.set(sequence(of).items),
  FoldSeq: (_values, fold, base, of) =>
    sequence(of).items.reduce((folded, item) => operator(fold)(item, folded), value(base)),
  SelectInSeq: (_values, of, test) => sequence(of).items.findIndex(tested(test)) + 1,
  SelectLastInSubSeq: (_values, of, from, to, test) => {
    for (let index = number(to); index >= number(from); index--) {
      if (tested(test)(valueAt(sequence(of), index))) return index;
    }
    return 0;
  },
  Cardinality: (_values, of) => set(of).length,
  Max: (_values, of) => Math.max(...someNumbers(of)),
  Min: (_values, of) => Math.min(...someNumbers(of)),
  EmptyBag: (values) => values.empty,
  SetToBag: (values, of) => values.mapping(set(of).map((item): Pair => [item, 1])),
  BagAdd: (values, to, item) =>
    changedBag(values, value(to), values.mapping([[value(item), 1]]), 1),
  FoldBag: (_values, fold, base, bag) => {
    const items = bagPairs(value(bag)).flatMap(([item, count]) =>
      Array.from({ length: asNumber(count) }, () => item),
    );
    return items.reduce((folded, item) => operator(fold)(folded, item), value(base));
  },
  PrintT: () => true,
  TLCEval: (_values, of) => value(of),
  TLCGet: (values, key) => {
    if (key === 'config') return values.record({ mode: 'bfs', worker: 1 });
    throw new UnsupportedError(`TLCGet of ${show(value(key))}`);
  },
};

function subSequence(values: Values, of: Sequence, from: number, to: number): Sequence {
  if (to < from) return values.empty;
  if (from < 1 || to > of.length) {
    throw new EvaluationError(`SubSeq from ${from} to ${to} of a sequence of ${of.length}`);
  }
  if (from === 1) return of.prefix(to);
  return values.sequence(of.items.slice(from - 1, to));
}

function someNumbers(of: Value | Operator | undefined): number[] {
  const numbers = set(of).map(asNumber);
  if (numbers.length > 0) return numbers;
  throw new EvaluationError('the greatest or least of nothing');
}

function value(given: Value | Operator | undefined): Value {
  if (given !== undefined && typeof given !== 'function') return given;
  throw new EvaluationError('an operator where a value is due, or too few arguments');
}

function operator(given: Value | Operator | undefined): Operator {
  if (typeof given === 'function') return given;
  throw new EvaluationError('no operator where one is due');
}

const tested = (test: Value | Operator | undefined) => (item: Value) =>
  asBoolean(operator(test)(item));
const number = (given: Value | Operator | undefined) => asNumber(value(given));
const sequence = (given: Value | Operator | undefined) => asSequence(value(given));
/** Its items. */
const set = (given: Value | Operator | undefined) => asSet(value(given)).items;
