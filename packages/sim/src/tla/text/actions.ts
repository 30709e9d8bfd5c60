/** What states may be first, and what may follow a state: actions evaluated from left to right, as by TLC. */

import { UnsupportedError } from './errors.ts';
import type { Evaluator } from './evaluator.ts';
import { Candidate, type Scope, type State, type Step } from './scope.ts';
import type { Binding, Definition, Expression } from './syntax.ts';
import { asSet, type Value } from './values.ts';

const NOTHING: State = [];

/** All states that `predicate` allows. Variables that it does not speak of have no value. */
export function initialStates(evaluator: Evaluator, predicate: Expression): State[] {
  return new Search(evaluator, undefined).extended(predicate, undefined, NOTHING);
}

/** All states to which `action` leads from `now`. */
export function nextStates(evaluator: Evaluator, action: Expression, now: State): State[] {
  return new Search(evaluator, now).extended(action, undefined, NOTHING);
}

/** The first `variable = value`, or `variable' = value`, gives it; all others ask whether it is so. */
class Search {
  readonly #evaluator: Evaluator;
  /** Undefined while first states are looked for: what is given then is the state itself. */
  readonly #now: State | undefined;

  constructor(evaluator: Evaluator, now: State | undefined) {
    this.#evaluator = evaluator;
    this.#now = now;
  }

  #step(given: State): Step {
    const now = this.#now;
    return now === undefined ? { now: given, next: NOTHING } : { now, next: given };
  }

  /** Could it give a variable a value? */
  #gives(expression: Expression): boolean {
    const { variables, isAction } = this.#evaluator.dependencies.of(expression);
    return this.#now === undefined ? variables.size > 0 : isAction;
  }

  /** Every way to make it true with what is given already, and more. */
  extended(expression: Expression, scope: Scope | undefined, given: State): State[] {
    const evaluator = this.#evaluator;
    if (!this.#gives(expression)) return this.#tested(expression, scope, given);
    switch (expression.kind) {
      case 'and':
        return expression.items.reduce<State[]>(
          (found, item) => found.flatMap((more) => this.extended(item, scope, more)),
          [given],
        );
      case 'or':
        return expression.items.flatMap((item) => this.extended(item, scope, given));
      case 'if': {
        const { condition, whenTrue, whenFalse } = expression;
        const isSo = evaluator.isTrue(condition, scope, this.#step(given));
        return this.extended(isSo ? whenTrue : whenFalse, scope, given);
      }
      case 'let': {
        this.#demandSettled(expression.definitions.filter(isValue).map(({ body }) => body));
        const inner = evaluator.within(expression, scope, this.#step(given));
        return this.extended(expression.body, inner, given);
      }
      case 'exists':
        return this.#some(expression, 0, scope, given);
      case 'unchanged':
        return this.#kept(evaluator.slotsOf(expression.of), given);
      case 'binary':
        return this.#given(expression, scope, given);
      case 'name':
        return this.#called(expression, [], scope, given);
      case 'apply':
        return this.#called(expression, expression.arguments, scope, given);
      default:
        return this.#tested(expression, scope, given);
    }
  }

  #tested(expression: Expression, scope: Scope | undefined, given: State): State[] {
    return this.#evaluator.isTrue(expression, scope, this.#step(given)) ? [given] : [];
  }

  #called(
    expression: Expression & { readonly kind: 'name' | 'apply' },
    args: readonly Expression[],
    scope: Scope | undefined,
    given: State,
  ): State[] {
    const operator = this.#evaluator.operator(expression.name, scope);
    if (operator === undefined) return this.#tested(expression, scope, given);
    this.#demandSettled(args);
    const inner = this.#evaluator.enter(operator, args, scope, this.#step(given));
    return this.extended(operator.body, inner, given);
  }

  /** They are evaluated as of now, though they may be asked for when more has been given. */
  #demandSettled(expressions: readonly Expression[]): void {
    if (!expressions.some((expression) => this.#gives(expression))) return;
    throw new UnsupportedError('an argument or a definition of LET that speaks of the next state');
  }

  #given(
    expression: Expression & { readonly kind: 'binary' },
    scope: Scope | undefined,
    given: State,
  ): State[] {
    const { operator, left, right } = expression;
    const variable = this.#now === undefined ? left : left.kind === 'prime' ? left.of : undefined;
    const slot = variable && this.#evaluator.slotOf(variable, scope);
    if (operator !== '=' || slot === undefined || given[slot] !== undefined) {
      return this.#tested(expression, scope, given);
    }
    return [withValue(given, slot, this.#evaluator.evaluate(right, scope, this.#step(given)))];
  }

  #kept(slots: readonly number[], given: State): State[] {
    let all = given;
    for (const slot of slots) {
      const value = this.#now![slot]!;
      if (all[slot] === undefined) all = withValue(all, slot, value);
      else if (all[slot] !== value) return [];
    }
    return [all];
  }

  /** As the evaluator's `exists`, but all are wanted. */
  #some(expression: Binding, at: number, scope: Scope | undefined, given: State): State[] {
    const bound = expression.bounds[at];
    if (bound === undefined) return this.extended(expression.body, scope, given);
    const set = this.#evaluator.evaluate(bound.set, scope, this.#step(given));
    const found: State[] = [];
    for (const value of asSet(set).items) {
      const meaning = new Candidate(value);
      const inner = { name: bound.name, meaning, outer: scope };
      const states = this.#some(expression, at + 1, inner, given);
      found.push(...states);
      if (states.length === 0 && !meaning.isAsked) break;
    }
    return found;
  }
}

const isValue = ({ parameters }: Definition) => parameters.length === 0;

function withValue(state: State, slot: number, value: Value): State {
  const changed = [...state];
  changed[slot] = value;
  return changed;
}
