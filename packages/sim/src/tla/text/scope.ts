/** What names mean inside an expression: parameters, bound variables, definitions of LET, and `@`. */

import type { Expression } from './syntax.ts';
import type { Value } from './values.ts';

/** The value of each variable, by its number; undefined where there is none yet. */
export type State = readonly (Value | undefined)[];

/** An expression is about a state, or about a step from one to the next. */
export interface Step {
  readonly now: State;
  readonly next: State;
}

export interface Scope {
  readonly name: string;
  readonly meaning: Meaning;
  readonly outer: Scope | undefined;
}

export type Meaning = Value | Deferred | Candidate | Closure;

/** An argument or a definition without parameters: evaluated when it is asked for, and once. */
export class Deferred {
  readonly expression: Expression;
  readonly scope: Scope | undefined;
  readonly step: Step;
  value: Value | undefined;

  constructor(expression: Expression, scope: Scope | undefined, step: Step) {
    this.expression = expression;
    this.scope = scope;
    this.step = step;
  }
}

/** One of those that `\E` tries. */
export class Candidate {
  readonly value: Value;
  /** Has anything depended on it? */
  isAsked = false;

  constructor(value: Value) {
    this.value = value;
  }
}

/** An operator with its own scope: a LAMBDA, or a definition of LET. */
export class Closure {
  readonly parameters: readonly string[];
  readonly body: Expression;
  readonly scope: Scope | undefined;

  constructor(parameters: readonly string[], body: Expression, scope: Scope | undefined) {
    this.parameters = parameters;
    this.body = body;
    this.scope = scope;
  }
}

export function meaningOf(name: string, scope: Scope | undefined): Meaning | undefined {
  for (let at = scope; at !== undefined; at = at.outer) if (at.name === name) return at.meaning;
  return undefined;
}
