/** What an expression reads, through all definitions that it uses: found once, before anything runs. */

import type { Definition, Expression } from './syntax.ts';

export interface Reads {
  /** The variables. */
  readonly variables: ReadonlySet<string>;
  /** Does it speak of the next state, with a prime or UNCHANGED? Then it is an action. */
  readonly isAction: boolean;
}

export class Dependencies {
  readonly #variables: ReadonlySet<string>;
  readonly #definitions: ReadonlyMap<string, Definition>;
  readonly #known = new Map<Expression, Reads>();

  constructor(variables: ReadonlySet<string>, definitions: ReadonlyMap<string, Definition>) {
    this.#variables = variables;
    this.#definitions = definitions;
  }

  of(expression: Expression): Reads {
    const known = this.#known.get(expression);
    if (known !== undefined) return known;
    const found = { variables: new Set<string>(), isAction: false };
    this.#known.set(expression, found);
    this.#visit(expression, new Set(), found);
    return found;
  }

  /** @param bound Names that are no variables here. */
  #visit(
    expression: Expression,
    bound: ReadonlySet<string>,
    found: { readonly variables: Set<string>; isAction: boolean },
  ): void {
    if (expression.kind === 'prime' || expression.kind === 'unchanged') found.isAction = true;
    if (expression.kind === 'name' || expression.kind === 'apply') {
      this.#visitName(expression.name, bound, found);
    }
    for (const { expression: part, binds } of partsOf(expression)) {
      this.#visit(part, binds.length === 0 ? bound : new Set([...bound, ...binds]), found);
    }
  }

  #visitName(
    name: string,
    bound: ReadonlySet<string>,
    found: { readonly variables: Set<string>; isAction: boolean },
  ): void {
    if (bound.has(name)) return;
    if (this.#variables.has(name)) found.variables.add(name);
    const definition = this.#definitions.get(name);
    if (definition === undefined) return;
    const { variables, isAction } = this.#ofDefinition(definition);
    for (const variable of variables) found.variables.add(variable);
    found.isAction ||= isAction;
  }

  #ofDefinition({ parameters, body }: Definition): Reads {
    const known = this.#known.get(body);
    if (known !== undefined) return known;
    const found = { variables: new Set<string>(), isAction: false };
    this.#known.set(body, found);
    this.#visit(body, new Set(parameters), found);
    return found;
  }
}

interface Part {
  readonly expression: Expression;
  /** The names that it has a meaning of its own for. */
  readonly binds: readonly string[];
}

const NONE: readonly string[] = [];
const open = (...expressions: readonly Expression[]): Part[] =>
  expressions.map((expression) => ({ expression, binds: NONE }));

function partsOf(expression: Expression): Part[] {
  switch (expression.kind) {
    case 'constant':
    case 'name':
    case 'instance':
      return [];
    case 'apply':
      return open(...expression.arguments);
    case 'lambda':
      return [{ expression: expression.body, binds: expression.parameters }];
    case 'and':
    case 'or':
    case 'tuple':
    case 'set':
      return open(...expression.items);
    case 'unary':
    case 'prime':
    case 'unchanged':
      return open(expression.of);
    case 'binary':
      return open(expression.left, expression.right);
    case 'if':
      return open(expression.condition, expression.whenTrue, expression.whenFalse);
    case 'let': {
      const names = expression.definitions.map(({ name }) => name);
      const bodies = expression.definitions.map(({ body, parameters }) => ({
        expression: body,
        binds: [...names, ...parameters],
      }));
      return [...bodies, { expression: expression.body, binds: names }];
    }
    case 'exists':
    case 'forAll':
    case 'choose':
    case 'filter':
    case 'image':
    case 'function': {
      const binds = expression.bounds.map(({ name }) => name);
      return [
        ...open(...expression.bounds.map(({ set }) => set)),
        { expression: expression.body, binds },
      ];
    }
    case 'at':
      return open(expression.of, expression.argument);
    case 'record':
      return open(...expression.fields.map(([, value]) => value));
    case 'except':
      return open(
        expression.of,
        ...expression.changes.flatMap(({ path, value }) => [...path, value]),
      );
    case 'always':
      return open(expression.body);
    case 'actions':
      return open(expression.action, expression.variables);
  }
}
