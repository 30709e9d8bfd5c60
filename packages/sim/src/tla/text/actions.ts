/** What states may be first, and what may follow a state: actions evaluated from left to right, as by TLC. */

import { UnsupportedError } from './errors.ts';
import type { Evaluator } from './evaluator.ts';
import { Candidate, type Scope, type State, type Step } from './scope.ts';
import type { Binding, Definition, Expression } from './syntax.ts';
import { asSet, type Value } from './values.ts';

const NOTHING: State = [];

/** Called with every way to give variables values, so far. */
type Then = (given: State) => void;

/** All states that `predicate` allows. Variables that it does not speak of have no value. */
export function initialStates(evaluator: Evaluator, predicate: Expression): State[] {
  return new Search(evaluator, undefined).all(predicate);
}

/** All states to which `action` leads from `now`. */
export function nextStates(evaluator: Evaluator, action: Expression, now: State): State[] {
  return new Search(evaluator, now).all(action);
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

  all(expression: Expression): State[] {
    const found: State[] = [];
    this.#go(expression, undefined, NOTHING, (state) => found.push(state));
    return found;
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

  #go(expression: Expression, scope: Scope | undefined, given: State, then: Then): void {
    const evaluator = this.#evaluator;
    if (!this.#gives(expression)) return this.#test(expression, scope, given, then);
    switch (expression.kind) {
      case 'and':
        return this.#inTurn(expression.items, 0, scope, given, then);
      case 'or':
        for (const item of expression.items) this.#go(item, scope, given, then);
        return;
      case 'if': {
        const isSo = evaluator.isTrue(expression.condition, scope, this.#step(given));
        return this.#go(isSo ? expression.then : expression.else, scope, given, then);
      }
      case 'let': {
        this.#demandSettled(expression.definitions.filter(isValue).map(({ body }) => body));
        const inner = evaluator.within(expression, scope, this.#step(given));
        return this.#go(expression.body, inner, given, then);
      }
      case 'exists':
        this.#some(expression, 0, scope, given, then);
        return;
      case 'unchanged':
        return this.#keep(evaluator.slotsOf(expression.of), given, then);
      case 'binary':
        return this.#give(expression, scope, given, then);
      case 'name':
        return this.#call(expression.name, [], scope, given, then);
      case 'apply':
        return this.#call(expression.name, expression.arguments, scope, given, then);
      default:
        return this.#test(expression, scope, given, then);
    }
  }

  #test(expression: Expression, scope: Scope | undefined, given: State, then: Then): void {
    if (this.#evaluator.isTrue(expression, scope, this.#step(given))) then(given);
  }

  #inTurn(
    items: readonly Expression[],
    at: number,
    scope: Scope | undefined,
    given: State,
    then: Then,
  ): void {
    const item = items[at];
    if (item === undefined) return then(given);
    this.#go(item, scope, given, (more) => this.#inTurn(items, at + 1, scope, more, then));
  }

  #call(
    name: string,
    args: readonly Expression[],
    scope: Scope | undefined,
    given: State,
    then: Then,
  ): void {
    const evaluator = this.#evaluator;
    const operator = evaluator.operator(name, scope);
    if (operator === undefined) {
      return this.#test({ kind: 'apply', name, arguments: args }, scope, given, then);
    }
    this.#demandSettled(args);
    const inner = evaluator.enter(operator, args, scope, this.#step(given));
    this.#go(operator.body, inner, given, then);
  }

  /** They are evaluated as of now, though they may be asked for when more has been given. */
  #demandSettled(expressions: readonly Expression[]): void {
    if (!expressions.some((expression) => this.#gives(expression))) return;
    throw new UnsupportedError('an argument or a definition of LET that speaks of the next state');
  }

  #give(
    expression: Expression & { readonly kind: 'binary' },
    scope: Scope | undefined,
    given: State,
    then: Then,
  ): void {
    const evaluator = this.#evaluator;
    const { operator, left, right } = expression;
    const variable = this.#now === undefined ? left : left.kind === 'prime' ? left.of : undefined;
    const slot = variable && evaluator.slotOf(variable, scope);
    if (operator !== '=' || slot === undefined || given[slot] !== undefined) {
      return this.#test(expression, scope, given, then);
    }
    then(withValue(given, slot, evaluator.evaluate(right, scope, this.#step(given))));
  }

  #keep(slots: readonly number[], given: State, then: Then): void {
    let all = given;
    for (const slot of slots) {
      const value = this.#now![slot]!;
      if (all[slot] === undefined) all = withValue(all, slot, value);
      else if (all[slot] !== value) return;
    }
    then(all);
  }

  /**
   * A value that leads nowhere without being looked at stands for all others: they lead nowhere too.
   * So a line of a trace finds its entries among thousands of ranges in a long log at once.
   */
  #some(
    expression: Binding,
    at: number,
    scope: Scope | undefined,
    given: State,
    then: Then,
  ): void {
    const bound = expression.bounds[at];
    if (bound === undefined) return this.#go(expression.body, scope, given, then);
    const set = this.#evaluator.evaluate(bound.set, scope, this.#step(given));
    for (const value of asSet(set).items) {
      const meaning = new Candidate(value);
      let leads = false;
      this.#some(expression, at + 1, { name: bound.name, meaning, outer: scope }, given, (more) => {
        leads = true;
        then(more);
      });
      if (!leads && !meaning.isAsked) return;
    }
  }
}

const isValue = ({ parameters }: Definition) => parameters.length === 0;

function withValue(state: State, slot: number, value: Value): State {
  const changed = [...state];
  changed[slot] = value;
  return changed;
}
