/** Evaluates expressions, as TLC does: from left to right, and no further than the answer needs. */

import { Dependencies } from './dependencies.ts';
import { EvaluationError, UnsupportedError } from './errors.ts';
import { BINARY, STANDARD, type Standard, UNARY } from './operators.ts';
import {
  Candidate,
  Closure,
  Deferred,
  type Meaning,
  meaningOf,
  type Scope,
  type Step,
} from './scope.ts';
import type { Binding, Bound, Definition, Expression } from './syntax.ts';
import {
  asBoolean,
  asSet,
  findAt,
  keyOf,
  type Pair,
  pairsOf,
  type Value,
  type Values,
  valueAt,
} from './values.ts';

export interface Vocabulary {
  readonly variables: readonly string[];
  readonly definitions: ReadonlyMap<string, Definition>;
  /** Besides those of operators.ts. */
  readonly standard: Readonly<Record<string, Standard>>;
}

export class Evaluator {
  readonly values: Values;
  readonly dependencies: Dependencies;
  readonly definitions: ReadonlyMap<string, Definition>;
  readonly #slots: ReadonlyMap<string, number>;
  readonly #standard: ReadonlyMap<string, Standard>;
  /** Of definitions that read no variable. */
  readonly #constants = new Map<Definition, Value>();

  constructor(values: Values, { variables, definitions, standard }: Vocabulary) {
    this.values = values;
    this.definitions = definitions;
    this.#slots = new Map(variables.map((name, slot) => [name, slot]));
    this.#standard = new Map(Object.entries({ ...STANDARD, ...standard }));
    this.dependencies = new Dependencies(new Set(variables), definitions);
    const twice = [...definitions.keys()].find((name) => this.#standard.has(name));
    if (twice !== undefined)
      throw new UnsupportedError(`${twice} is one of the standard operators`);
  }

  /** The place of the variable in a state; undefined if the name means something else here. */
  slotOf(expression: Expression, scope: Scope | undefined): number | undefined {
    if (expression.kind !== 'name' || meaningOf(expression.name, scope) !== undefined) return;
    return this.#slots.get(expression.name);
  }

  isTrue(expression: Expression, scope: Scope | undefined, step: Step): boolean {
    return asBoolean(this.evaluate(expression, scope, step));
  }

  evaluate(expression: Expression, scope: Scope | undefined, step: Step): Value {
    const { values } = this;
    const of = (part: Expression) => this.evaluate(part, scope, step);
    switch (expression.kind) {
      case 'constant':
        return expression.value;
      case 'name':
        return this.#valueOf(expression.name, scope, step);
      case 'apply':
        return this.#apply(expression.name, expression.arguments, scope, step);
      case 'and':
        return expression.items.every((item) => asBoolean(of(item)));
      case 'or':
        return expression.items.some((item) => asBoolean(of(item)));
      case 'tuple':
        return values.sequence(expression.items.map(of));
      case 'set':
        return values.set(expression.items.map(of));
      case 'record':
        return values.mapping(expression.fields.map(([name, value]): Pair => [name, of(value)]));
      case 'unary':
        return UNARY[expression.operator](values, of(expression.of));
      case 'binary':
        return this.#binary(expression, scope, step);
      case 'if':
        return of(asBoolean(of(expression.condition)) ? expression.whenTrue : expression.whenFalse);
      case 'let':
        return this.evaluate(expression.body, this.within(expression, scope, step), step);
      case 'at':
        return this.#at(expression, scope, step);
      case 'except':
        return expression.changes.reduce((changed, { path, value }) => {
          const places = path.map(of);
          return this.#except(changed, places, (old) =>
            this.evaluate(value, { name: '@', meaning: old, outer: scope }, step),
          );
        }, of(expression.of));
      case 'prime': {
        const slot = this.slotOf(expression.of, scope);
        if (slot === undefined) throw new UnsupportedError('a prime on what is no variable');
        return known(step.next[slot], expression.of, "'");
      }
      case 'unchanged':
        return this.slotsOf(expression.of).every(
          (slot) => known(step.next[slot], expression.of, "'") === step.now[slot],
        );
      case 'lambda':
      case 'always':
      case 'actions':
      case 'instance':
        throw new UnsupportedError(`no value is known of ${expression.kind}`);
      default:
        return this.#bound(expression, scope, step);
    }
  }

  #bound(expression: Binding, scope: Scope | undefined, step: Step): Value {
    const { values } = this;
    const { kind, bounds, body } = expression;
    const holds = (inner: Scope | undefined) => this.isTrue(body, inner, step);
    const first = (inner: Scope | undefined) => this.#valueOf(bounds[0]!.name, inner, step);
    const scopes = this.#scopes(bounds, 0, scope, step);
    switch (kind) {
      case 'exists':
        return this.#exists(expression, 0, scope, step);
      case 'forAll':
        for (const inner of scopes) if (!holds(inner)) return false;
        return true;
      case 'choose':
        for (const inner of scopes) if (holds(inner)) return first(inner);
        throw new EvaluationError('nothing to choose from');
      case 'filter':
        return values.set([...scopes].filter(holds).map(first));
      case 'image':
        return values.set(Array.from(scopes, (inner) => this.evaluate(body, inner, step)));
      case 'function':
        return values.mapping(
          Array.from(scopes, (inner): Pair => [first(inner), this.evaluate(body, inner, step)]),
        );
    }
  }

  /**
   * A value for which the rest fails without looking at it stands for all others: they fail too. So a
   * line of a trace finds its entries among thousands of ranges in a long log at once.
   */
  #exists(expression: Binding, at: number, scope: Scope | undefined, step: Step): boolean {
    const bound = expression.bounds[at];
    if (bound === undefined) return this.isTrue(expression.body, scope, step);
    for (const value of asSet(this.evaluate(bound.set, scope, step)).items) {
      const meaning = new Candidate(value);
      const inner = { name: bound.name, meaning, outer: scope };
      if (this.#exists(expression, at + 1, inner, step)) return true;
      if (!meaning.isAsked) return false;
    }
    return false;
  }

  /** One for each choice of values. */
  *#scopes(
    bounds: readonly Bound[],
    at: number,
    scope: Scope | undefined,
    step: Step,
  ): Generator<Scope | undefined> {
    const bound = bounds[at];
    if (bound === undefined) {
      yield scope;
      return;
    }
    for (const meaning of asSet(this.evaluate(bound.set, scope, step)).items) {
      yield* this.#scopes(bounds, at + 1, { name: bound.name, meaning, outer: scope }, step);
    }
  }

  #binary(
    { operator, left, right }: Expression & { readonly kind: 'binary' },
    scope: Scope | undefined,
    step: Step,
  ): Value {
    const first = this.evaluate(left, scope, step);
    if (operator === '=>') return !asBoolean(first) || this.isTrue(right, scope, step);
    return BINARY[operator]!(this.values, first, this.evaluate(right, scope, step));
  }

  #at(
    { of, argument }: Expression & { readonly kind: 'at' },
    scope: Scope | undefined,
    step: Step,
  ): Value {
    // Of a tuple that is an argument only what is asked for: `\E b, e \in S : A(<<b, e>>)` can then
    // be over with b, where A looks at that first (see #exists).
    if (of.kind === 'name' && argument.kind === 'constant' && typeof argument.value === 'number') {
      const tuple = meaningOf(of.name, scope);
      if (tuple instanceof Deferred && tuple.expression.kind === 'tuple') {
        const item = tuple.expression.items[argument.value - 1];
        if (item !== undefined) return this.evaluate(item, tuple.scope, tuple.step);
      }
    }
    return valueAt(this.evaluate(of, scope, step), this.evaluate(argument, scope, step));
  }

  /** Where there is nothing to change, nothing is changed, as TLA+ has it. */
  #except(of: Value, [place, ...deeper]: readonly Value[], change: (old: Value) => Value): Value {
    if (place === undefined) return change(of);
    const old = findAt(of, place);
    if (old === undefined) return of;
    const key = keyOf(place);
    const changed = this.#except(old, deeper, change);
    return this.values.mapping(
      pairsOf(of).map(([argument, value]) => [argument, keyOf(argument) === key ? changed : value]),
    );
  }

  #valueOf(name: string, scope: Scope | undefined, step: Step): Value {
    const meaning = meaningOf(name, scope);
    if (meaning !== undefined) return this.#force(meaning);
    const slot = this.#slots.get(name);
    if (slot !== undefined) return known(step.now[slot], { kind: 'name', name }, '');
    const definition = this.definitions.get(name);
    if (definition !== undefined) return this.#constant(definition, step);
    const standard = this.#standard.get(name);
    if (standard === undefined) throw new UnsupportedError(`nothing is known of ${name}`);
    return standard(this.values);
  }

  #constant(definition: Definition, step: Step): Value {
    const found = this.#constants.get(definition);
    if (found !== undefined) return found;
    const { parameters, body } = definition;
    demandCount(parameters, []);
    const value = this.evaluate(body, undefined, step);
    const { variables, isAction } = this.dependencies.of(body);
    if (variables.size === 0 && !isAction) this.#constants.set(definition, value);
    return value;
  }

  #force(meaning: Meaning): Value {
    if (meaning instanceof Candidate) {
      meaning.isAsked = true;
      return meaning.value;
    }
    if (meaning instanceof Closure) throw new EvaluationError('an operator is no value');
    if (!(meaning instanceof Deferred)) return meaning;
    meaning.value ??= this.evaluate(meaning.expression, meaning.scope, meaning.step);
    return meaning.value;
  }

  #apply(name: string, given: readonly Expression[], scope: Scope | undefined, step: Step): Value {
    const operator = this.operator(name, scope);
    const meanings = given.map((argument) => this.#argument(argument, scope, step));
    if (operator !== undefined) return this.#call(operator, meanings, step);
    const standard = this.#standard.get(name);
    if (standard === undefined) throw new UnsupportedError(`nothing is known of ${name}`);
    const values = meanings.map((meaning) =>
      meaning instanceof Closure
        ? (...of: Value[]) => this.#call(meaning, of, step)
        : this.#force(meaning),
    );
    return standard(this.values, ...values);
  }

  #call(operator: Closure, given: readonly Meaning[], step: Step): Value {
    return this.evaluate(operator.body, entered(operator, given), step);
  }

  /** What is applied to arguments, or stands for an expression: of LET, a parameter, or defined. */
  operator(name: string, scope: Scope | undefined): Closure | undefined {
    const meaning = meaningOf(name, scope);
    if (meaning instanceof Closure) return meaning;
    if (meaning !== undefined) return undefined;
    const definition = this.definitions.get(name);
    return definition && new Closure(definition.parameters, definition.body, undefined);
  }

  /** The scope of the operator's body. */
  enter(
    operator: Closure,
    given: readonly Expression[],
    scope: Scope | undefined,
    step: Step,
  ): Scope | undefined {
    return entered(
      operator,
      given.map((argument) => this.#argument(argument, scope, step)),
    );
  }

  #argument(given: Expression, scope: Scope | undefined, step: Step): Meaning {
    if (given.kind === 'lambda') return new Closure(given.parameters, given.body, scope);
    if (given.kind === 'constant') return given.value;
    if (given.kind === 'name') {
      const meaning = meaningOf(given.name, scope);
      if (meaning !== undefined) return meaning;
      const definition = this.definitions.get(given.name);
      if (definition !== undefined && definition.parameters.length > 0) {
        return new Closure(definition.parameters, definition.body, undefined);
      }
    }
    return new Deferred(given, scope, step);
  }

  within(
    { definitions }: Expression & { readonly kind: 'let' },
    scope: Scope | undefined,
    step: Step,
  ): Scope | undefined {
    let inner = scope;
    for (const { name, parameters, body } of definitions) {
      const meaning =
        parameters.length > 0
          ? new Closure(parameters, body, inner)
          : new Deferred(body, inner, step);
      inner = { name, meaning, outer: inner };
    }
    return inner;
  }

  /** Of UNCHANGED: a variable, a tuple of such, or a definition that is one. */
  slotsOf(expression: Expression): readonly number[] {
    if (expression.kind === 'tuple') return expression.items.flatMap((item) => this.slotsOf(item));
    if (expression.kind === 'name') {
      const slot = this.#slots.get(expression.name);
      if (slot !== undefined) return [slot];
      const definition = this.definitions.get(expression.name);
      if (definition !== undefined) return this.slotsOf(definition.body);
    }
    throw new UnsupportedError('UNCHANGED of what is no tuple of variables');
  }
}

function entered({ parameters, scope }: Closure, given: readonly Meaning[]): Scope | undefined {
  demandCount(parameters, given);
  let inner = scope;
  for (const [at, name] of parameters.entries()) {
    inner = { name, meaning: given[at]!, outer: inner };
  }
  return inner;
}

function demandCount(parameters: readonly string[], given: readonly unknown[]): void {
  if (parameters.length === given.length) return;
  throw new UnsupportedError(`${given.length} arguments for ${parameters.length}`);
}

function known(value: Value | undefined, variable: Expression, prime: string): Value {
  if (value !== undefined) return value;
  const name = variable.kind === 'name' ? variable.name : 'a variable';
  throw new UnsupportedError(`${name}${prime} is asked for before it is given a value`);
}
