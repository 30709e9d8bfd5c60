import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dice } from '../histories.test.support.ts';
import { type Literal, not, type Solution, Solver, type Theory, variableOf } from './solver.ts';

/**
 * Says a clause only when its first literal has become false, as theories do; the others before that,
 * and clauses of one literal, are said at once.
 */
class Hesitant implements Theory {
  readonly solver = new Solver(this);
  readonly #clauses: readonly (readonly Literal[])[];
  readonly #said = new Set<readonly Literal[]>();
  readonly #variables: number;

  constructor(variables: number, clauses: readonly (readonly Literal[])[]) {
    this.#variables = variables;
    this.#clauses = clauses;
    for (let i = 0; i < variables; i++) this.solver.newVariable();
    for (const clause of clauses) if (variableOf(clause[0]!) % 2 === 0) this.#say(clause);
  }

  assigned(literal: Literal): undefined {
    for (const clause of this.#clauses) if (clause[0] === not(literal)) this.#say(clause);
  }

  unassigned(): void {}

  decide(): Literal | undefined {
    for (let variable = 1; variable <= this.#variables; variable++) {
      const literal = 2 * variable;
      if (!this.solver.isTrue(literal) && !this.solver.isFalse(literal)) return literal;
    }
    return undefined;
  }

  #say(clause: readonly Literal[]): void {
    if (this.#said.has(clause)) return;
    this.#said.add(clause);
    this.solver.add(clause);
  }
}

function canBeTrue(variables: number, clauses: readonly (readonly Literal[])[]): boolean {
  for (let bits = 0; bits < 2 ** variables; bits++) {
    const isTrue = (literal: Literal) =>
      ((bits >>> (variableOf(literal) - 1)) & 1) === (literal % 2 === 0 ? 1 : 0);
    if (clauses.every((clause) => clause.some(isTrue))) return true;
  }
  return false;
}

function randomClauses(
  random: () => number,
  variables: number,
  clauses: number,
): readonly (readonly Literal[])[] {
  return Array.from({ length: clauses }, () => {
    const length = random() < 0.03 ? 1 : random() < 0.3 ? 2 : 3;
    const literal = () => 2 * (1 + Math.floor(variables * random())) + (random() < 0.5 ? 1 : 0);
    return [...new Set(Array.from({ length }, literal))];
  });
}

test('what it finds is right, also where learning would have undone many decisions', () => {
  const random = dice(11);
  let found = 0;
  for (let i = 0; i < 400; i++) {
    const clauses = randomClauses(random, 150, 280);
    const { solver } = new Hesitant(150, clauses);
    if (solver.solve(1_000_000) !== 'found') continue;
    found += 1;
    for (const clause of clauses) {
      assert.ok(
        clause.some((literal) => solver.isTrue(literal)),
        `formula ${i}`,
      );
    }
  }
  assert.ok(found > 100, `${found}`);
});

test('assumptions that cannot be true together are named', () => {
  const random = dice(3);
  const seen: Partial<Record<Solution, number>> = {};
  let spared = 0;
  for (let i = 0; i < 3000; i++) {
    const variables = 5 + Math.floor(6 * random());
    const clauses = randomClauses(random, variables, Math.floor(2 * variables));
    const assumed = Array.from({ length: 4 }, (_, j) => 2 * (j + 1) + (random() < 0.5 ? 1 : 0));
    const { solver } = new Hesitant(variables, clauses);
    const solution = solver.solve(1_000_000, assumed);
    const together = (literals: readonly Literal[]) =>
      canBeTrue(variables, [...clauses, ...literals.map((literal) => [literal])]);
    assert.equal(solution, together(assumed) ? 'found' : 'notFound', `formula ${i}`);
    seen[solution] = (seen[solution] ?? 0) + 1;
    if (solution === 'found') {
      for (const literal of assumed) assert.ok(solver.isTrue(literal));
      continue;
    }
    assert.ok(solver.core.every((literal) => assumed.includes(literal)));
    assert.ok(!together(solver.core), `formula ${i}`);
    spared += assumed.length - solver.core.length;
  }
  assert.ok(Math.min(seen.found!, seen.notFound!) > 300, JSON.stringify(seen));
  assert.ok(spared > seen.notFound!, `${spared}`);
});

test('finds an assignment if and only if there is one', () => {
  const random = dice(5);
  const seen: Partial<Record<Solution, number>> = {};
  for (let i = 0; i < 4000; i++) {
    const variables = 3 + Math.floor(8 * random());
    const clauses = randomClauses(random, variables, Math.floor(variables * (2 + 3 * random())));
    const { solver } = new Hesitant(variables, clauses);
    const solution = solver.solve(1_000_000);
    assert.equal(solution, canBeTrue(variables, clauses) ? 'found' : 'notFound', `formula ${i}`);
    seen[solution] = (seen[solution] ?? 0) + 1;
    if (solution !== 'found') continue;
    for (const clause of clauses) assert.ok(clause.some((literal) => solver.isTrue(literal)));
  }
  assert.ok(Math.min(seen.found!, seen.notFound!) > 500, JSON.stringify(seen));
});

/** Six pigeons, five holes, and before them forty variables that have nothing to do with it. */
function pigeons(): Hesitant {
  const at = (pigeon: number, hole: number) => 2 * (41 + 5 * pigeon + hole);
  const clauses: Literal[][] = [];
  for (let pigeon = 0; pigeon < 6; pigeon++) {
    clauses.push([0, 1, 2, 3, 4].map((hole) => at(pigeon, hole)));
    for (let other = 0; other < pigeon; other++) {
      for (let hole = 0; hole < 5; hole++) {
        clauses.push([not(at(pigeon, hole)), not(at(other, hole))]);
      }
    }
  }
  return new Hesitant(70, clauses);
}

test('six pigeons do not fit into five holes, whatever was decided before', () => {
  assert.equal(pigeons().solver.solve(1_000_000), 'notFound');
});

test('gives up at the same step each time', () => {
  const [one, other] = [pigeons(), pigeons()];
  assert.equal(one.solver.solve(300), 'outOfBudget');
  assert.equal(other.solver.solve(300), 'outOfBudget');
  assert.equal(one.solver.steps, other.solver.steps);
});
