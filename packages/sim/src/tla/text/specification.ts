/** A specification as TLC would run it: its modules put together, with what the .cfg file says of them. */

import { type Config, readConfig } from './config.ts';
import { UnsupportedError } from './errors.ts';
import { readModule } from './module.ts';
import type { Definition, Expression } from './syntax.ts';

export interface Specification {
  readonly variables: readonly string[];
  readonly definitions: ReadonlyMap<string, Definition>;
  readonly assumptions: readonly Expression[];
  readonly course: Course;
  readonly view: Expression | undefined;
  readonly invariants: ReadonlyMap<string, Expression>;
  /** Of PROPERTIES, those that it must be one of. Others have another form, and are not checked. */
  readonly courses: ReadonlyMap<string, Course>;
}

/** `Init /\ [][Next]_variables`. */
export interface Course {
  readonly initial: Expression;
  readonly next: Expression;
  readonly variables: Expression;
}

/** Their operators are in operators.ts. */
const STANDARD_MODULES = new Set([
  ...['Naturals', 'Integers', 'Sequences', 'FiniteSets', 'Bags', 'TLC'],
  ...['SequencesExt', 'FiniteSetsExt', 'BagsExt', 'Json', 'IOUtils'],
]);

/**
 * @param root Its module is in `root.tla` and what is asked in `root.cfg`.
 * @param readFile The text of a file, by its name.
 * @throws {UnsupportedError} for what this reader of TLA+ does not know, naming file and line.
 */
export function readSpecification(root: string, readFile: (name: string) => string): Specification {
  const parts = new Parts(readFile);
  const config = parse(`${root}.cfg`, readFile, readConfig);
  parts.add(root);
  return parts.combined(config);
}

function parse<Parsed>(
  file: string,
  readFile: (name: string) => string,
  parser: (text: string) => Parsed,
): Parsed {
  const text = readFile(file);
  try {
    return parser(text);
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    throw new UnsupportedError(`${file}, ${error.message}`);
  }
}

class Parts {
  readonly #readFile: (name: string) => string;
  readonly #modules = new Set<string>();
  readonly #variables: string[] = [];
  readonly #constants: string[] = [];
  readonly #definitions = new Map<string, Definition>();
  readonly #assumptions: Expression[] = [];

  constructor(readFile: (name: string) => string) {
    this.#readFile = readFile;
  }

  add(name: string): void {
    if (STANDARD_MODULES.has(name) || this.#modules.has(name)) return;
    this.#modules.add(name);
    const module = parse(`${name}.tla`, this.#readFile, readModule);
    for (const extended of module.extends) this.add(extended);
    this.#variables.push(...module.variables);
    this.#constants.push(...module.constants);
    this.#assumptions.push(...module.assumptions);
    for (const definition of module.definitions) {
      if (this.#definitions.has(definition.name)) {
        throw new UnsupportedError(`${name}.tla defines ${definition.name} again`);
      }
      this.#definitions.set(definition.name, definition);
    }
  }

  combined(config: Config): Specification {
    const { view, invariants, constants, replacements } = config;
    const definitions = new Map(this.#definitions);
    for (const [name, body] of constants) definitions.set(name, { name, parameters: [], body });
    for (const [name, other] of replacements) {
      definitions.set(name, { ...this.#defined(other), name });
    }
    const missing = this.#constants.find((name) => !definitions.has(name));
    if (missing !== undefined) throw new UnsupportedError(`the constant ${missing} has no value`);
    const course = courseOf(this.#defined(config.specification).body);
    if (course === undefined) {
      throw new UnsupportedError('SPECIFICATION is not of the form Init /\\ [][Next]_variables');
    }
    const courses = config.properties.flatMap((name): [string, Course][] => {
      const other = courseOf(this.#defined(name).body);
      return other === undefined ? [] : [[name, other]];
    });
    return {
      variables: this.#variables,
      definitions,
      assumptions: this.#assumptions,
      course,
      courses: new Map(courses),
      view: view === undefined ? undefined : { kind: 'name', name: view },
      invariants: new Map(invariants.map((name) => [name, this.#defined(name).body])),
    };
  }

  #defined(name: string): Definition {
    const found = this.#definitions.get(name);
    if (found === undefined) throw new UnsupportedError(`${name} is not defined`);
    return found;
  }
}

function courseOf(formula: Expression): Course | undefined {
  if (formula.kind !== 'and') return undefined;
  const [initial, always] = formula.items;
  if (initial === undefined || always?.kind !== 'always') return undefined;
  if (always.body.kind !== 'actions') return undefined;
  return { initial, next: always.body.action, variables: always.body.variables };
}
