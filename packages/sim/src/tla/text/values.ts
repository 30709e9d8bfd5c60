/**
 * Values of TLA+. Each composite one is made once, by the same `Values`: equal ones are one object, and
 * two states can be compared at a glance.
 */

import { EvaluationError } from './errors.ts';

export type Value = number | string | boolean | Composite;
export type Composite = Sequence | ValueSet | Mapping;
export type Pair = readonly [argument: Value, value: Value];

/** A tuple or sequence: a function on 1..n. It knows what it continues, as logs do. */
export class Sequence {
  readonly id: number;
  readonly length: number;
  readonly #before: Sequence | undefined;
  readonly #last: Value | undefined;
  readonly continued = new Map<string, Sequence>();
  #prefixes: readonly Sequence[] | undefined;

  constructor(id: number, before?: Sequence, last?: Value) {
    this.id = id;
    this.#before = before;
    this.#last = last;
    this.length = before === undefined ? 0 : before.length + 1;
  }

  /** The first `length` of it, from 0 to all. */
  prefix(length: number): Sequence {
    if (this.#prefixes === undefined) {
      const prefixes: Sequence[] = new Array(this.length + 1);
      for (let at: Sequence | undefined = this; at !== undefined; at = at.#before) {
        prefixes[at.length] = at;
      }
      this.#prefixes = prefixes;
    }
    return this.#prefixes[length]!;
  }

  /** @param index From 1 to the length. */
  at(index: number): Value {
    return this.prefix(index).#last!;
  }

  get items(): Value[] {
    return Array.from({ length: this.length }, (_, before) => this.at(before + 1));
  }
}

export class ValueSet {
  readonly id: number;
  readonly #items: ReadonlyMap<string, Value>;

  constructor(id: number, items: ReadonlyMap<string, Value>) {
    this.id = id;
    this.#items = items;
  }

  get size(): number {
    return this.#items.size;
  }

  get items(): Value[] {
    return [...this.#items.values()];
  }

  /** @throws {EvaluationError} as TLC, when strings are sought among numbers and the like. */
  has(value: Value): boolean {
    const [one] = this.#items.values();
    if (one !== undefined) demandComparable(one, value);
    return this.#items.has(keyOf(value));
  }
}

/** A function whose domain is not 1..n. A record is one on strings. */
export class Mapping {
  readonly id: number;
  readonly #pairs: ReadonlyMap<string, Pair>;

  constructor(id: number, pairs: ReadonlyMap<string, Pair>) {
    this.id = id;
    this.#pairs = pairs;
  }

  find(argument: Value): Value | undefined {
    return this.#pairs.get(keyOf(argument))?.[1];
  }

  get pairs(): Pair[] {
    return [...this.#pairs.values()];
  }
}

/** The same for equal values, of one `Values`, and for no others. */
export function keyOf(value: Value): string {
  if (typeof value === 'number') return `${value}`;
  if (typeof value === 'string') return `"${value}"`;
  return typeof value === 'boolean' ? `${value}` : `#${value.id}`;
}

export class Values {
  #made = 0;
  readonly #sets = new Map<string, ValueSet>();
  readonly #mappings = new Map<string, Mapping>();
  /** Also the empty function, and so the empty bag. */
  readonly empty = new Sequence(this.#nextId());

  #nextId(): number {
    this.#made += 1;
    return this.#made;
  }

  append(sequence: Sequence, value: Value): Sequence {
    const key = keyOf(value);
    const known = sequence.continued.get(key);
    if (known !== undefined) return known;
    const made = new Sequence(this.#nextId(), sequence, value);
    sequence.continued.set(key, made);
    return made;
  }

  sequence(items: Iterable<Value>): Sequence {
    let made = this.empty;
    for (const item of items) made = this.append(made, item);
    return made;
  }

  set(items: Iterable<Value>): ValueSet {
    const byKey = new Map<string, Value>();
    for (const item of items) byKey.set(keyOf(item), item);
    const key = [...byKey.keys()].sort().join();
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    const made = new ValueSet(this.#nextId(), byKey);
    this.#sets.set(key, made);
    return made;
  }

  /** The numbers from one to the other: asked for again and again, for the indexes of a log. */
  range(from: number, to: number): ValueSet {
    const key = `${from}..${to}`;
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    const length = Math.max(0, to - from + 1);
    const made = this.set(Array.from({ length }, (_, before) => from + before));
    this.#sets.set(key, made);
    return made;
  }

  /** The function that has these pairs; of two for one argument the later. */
  mapping(pairs: Iterable<Pair>): Sequence | Mapping {
    const byKey = new Map<string, Pair>();
    for (const pair of pairs) byKey.set(keyOf(pair[0]), pair);
    const numbers = Array.from(byKey.keys(), (_, before) => byKey.get(`${before + 1}`));
    if (numbers.every((pair) => pair !== undefined)) {
      return this.sequence(numbers.map(([, value]) => value));
    }
    const key = Array.from(byKey, ([argument, [, value]]) => `${argument}:${keyOf(value)}`);
    const text = key.sort().join();
    const known = this.#mappings.get(text);
    if (known !== undefined) return known;
    const made = new Mapping(this.#nextId(), byKey);
    this.#mappings.set(text, made);
    return made;
  }

  record(fields: Readonly<Record<string, Value>>): Sequence | Mapping {
    return this.mapping(Object.entries(fields));
  }

  /**
   * What the community module Json makes of JSON. Numbers become TLC's integers of 32 bits: of
   * fractions, as in a time, the whole part stays, and of what is too large the low bits.
   */
  ofJson(json: unknown): Value {
    if (Array.isArray(json)) return this.sequence(json.map((item) => this.ofJson(item)));
    if (typeof json === 'object' && json !== null) {
      return this.mapping(Object.entries(json).map(([name, item]) => [name, this.ofJson(item)]));
    }
    if (typeof json === 'number') return json | 0;
    if (typeof json === 'string' || typeof json === 'boolean') return json;
    throw new EvaluationError(`no value of TLC: ${json}`);
  }
}

/** A function's arguments and values. @throws {EvaluationError} if it is none. */
export function pairsOf(value: Value): Pair[] {
  if (value instanceof Mapping) return value.pairs;
  return asSequence(value).items.map((item, before) => [before + 1, item]);
}

/** @throws {EvaluationError} if it is no function or the argument is not in its domain. */
export function valueAt(of: Value, argument: Value): Value {
  const found = findAt(of, argument);
  if (found !== undefined) return found;
  throw new EvaluationError(`${show(argument)} is not in the domain of ${show(of)}`);
}

export function findAt(of: Value, argument: Value): Value | undefined {
  if (of instanceof Mapping) return of.find(argument);
  if (!(of instanceof Sequence)) throw new EvaluationError(`${show(of)} is no function`);
  if (typeof argument !== 'number' || argument < 1 || argument > of.length) return undefined;
  return of.at(argument);
}

export function asBoolean(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  throw new EvaluationError(`${show(value)} is neither TRUE nor FALSE`);
}

export function asNumber(value: Value): number {
  if (typeof value === 'number') return value;
  throw new EvaluationError(`${show(value)} is no number`);
}

export function asSet(value: Value): ValueSet {
  if (value instanceof ValueSet) return value;
  throw new EvaluationError(`${show(value)} is no set`);
}

export function asSequence(value: Value): Sequence {
  if (value instanceof Sequence) return value;
  throw new EvaluationError(`${show(value)} is no sequence`);
}

/** @throws {EvaluationError} as TLC, which compares a number with a string and the like with no answer. */
export function isEqual(a: Value, b: Value): boolean {
  demandComparable(a, b);
  return a === b;
}

function demandComparable(a: Value, b: Value): void {
  if (sortOf(a) === sortOf(b)) return;
  throw new EvaluationError(`${show(a)} cannot be compared with ${show(b)}`);
}

function sortOf(value: Value): string {
  if (value instanceof ValueSet) return 'set';
  return typeof value === 'object' ? 'function' : typeof value;
}

/** As TLC prints it. A long one is cut, for it is read in an error. */
export function show(value: Value): string {
  const text = print(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function print(value: Value): string {
  if (value instanceof Sequence) return `<<${value.items.map(print).join(', ')}>>`;
  if (value instanceof ValueSet) return `{${value.items.map(print).join(', ')}}`;
  if (!(value instanceof Mapping)) return JSON.stringify(value);
  const pairs = value.pairs.map(([argument, item]) =>
    typeof argument === 'string'
      ? `${argument} |-> ${print(item)}`
      : `${print(argument)} :> ${print(item)}`,
  );
  return `[${pairs.join(', ')}]`;
}
