/**
 * Breadth first through every state of a small world, so that a violation is found by the shortest
 * list of choices that leads to it.
 */

import { Choices, type State } from './choices.ts';
import { wordsOf } from './happening.ts';
import { composed, inverseOf, type Permutation } from './permutations.ts';
import { StateSet } from './state-set.ts';
import { canonicalOf } from './symmetry.ts';
import type { World } from './world.ts';

export interface WalkLimits {
  /** Choices from the initial state. Infinity: until there is no new state. */
  readonly depth: number;
  /** The walk ends, with its last depth unfinished, when it has found so many. */
  readonly states: number;
}

export interface WalkReport {
  /** Every state within so many choices was visited, and all that can happen in those before it. */
  readonly depth: number;
  /** There are no other states: any number of choices leads to one of these. */
  readonly isComplete: boolean;
  /** Up to the servers' names. */
  readonly states: number;
  /** Choices that were tried. */
  readonly transitions: number;
  /** States of one server, and the transitions of the real core between them. */
  readonly serverStates: number;
  readonly coreRuns: number;
  readonly violation: Violation | undefined;
}

export interface Violation {
  readonly property: string;
  /** The shortest way there, from the initial state. `replay` takes it. */
  readonly choices: readonly string[];
}

/** Called for each depth that is finished. */
export type OnDepth = (progress: Pick<WalkReport, 'depth' | 'states' | 'transitions'>) => void;

/** @param start Choices to begin with, as `replay` takes them: the walk goes on from there. */
export function walk(
  world: World,
  limits: WalkLimits,
  onDepth: OnDepth = () => {},
  start: readonly string[] = [],
): WalkReport {
  return new Walk(world, start).run(limits, onDepth);
}

class Walk {
  readonly #choices: Choices;
  readonly #states: StateSet;
  readonly #start: readonly string[];
  /** Of the first state, from its canonical names to those of `start`. */
  readonly #startNames: Permutation;
  #transitions = 0;
  #violation: Violation | undefined;

  constructor(world: World, start: readonly string[]) {
    this.#choices = new Choices(world);
    this.#start = start;
    this.#states = new StateSet(world.size + 2);
    const { state, violation } = follow(this.#choices, start);
    if (violation !== undefined) throw new Error(`the start is unsafe already: ${violation}`);
    const canonical = canonicalOf(this.#choices, state);
    this.#startNames = inverseOf(this.#choices.permutations[canonical.permutation]!);
    this.#states.add(canonical.state, -1, 0, 0);
  }

  run(limits: WalkLimits, onDepth: OnDepth): WalkReport {
    let depth = 0;
    let next = 0;
    while (depth < limits.depth && next < this.#states.size && this.#violation === undefined) {
      const end = this.#states.size;
      while (next < end && this.#states.size < limits.states && this.#violation === undefined) {
        this.#expand(next++);
      }
      if (next < end) break;
      depth++;
      onDepth({ depth, states: this.#states.size, transitions: this.#transitions });
    }
    const { automaton } = this.#choices;
    return {
      depth,
      isComplete: next === this.#states.size && this.#violation === undefined,
      states: this.#states.size,
      transitions: this.#transitions,
      serverStates: automaton.locals.length,
      coreRuns: automaton.runs,
      violation: this.#violation,
    };
  }

  #expand(number: number): void {
    const choices = this.#choices;
    const state: State = [];
    this.#states.read(number, state);
    for (let position = 0; position < choices.soupAt; position++) {
      for (const happening of choices.at(state, position)) {
        this.#transitions++;
        const outcome = choices.take(state, position, happening);
        if (outcome.violation !== undefined) {
          const path = [...this.#pathTo(number), { position, happening, permutation: 0 }];
          const words = this.#words(path);
          // Told again from the beginning, with the names that the choices use.
          const property = replay(choices.world, words) ?? outcome.violation;
          this.#violation = { property, choices: words };
          return;
        }
        if (outcome.state === undefined) continue;
        const canonical = canonicalOf(choices, outcome.state);
        const rest = position * 128 + canonical.permutation;
        this.#states.add(canonical.state, number, happening, rest);
      }
    }
  }

  #pathTo(last: number): Move[] {
    const path: Move[] = [];
    for (let number = last; ; ) {
      const { parent, happening, rest } = this.#states.foundBy(number);
      if (parent < 0) return path.reverse();
      path.push({ happening, position: rest >> 7, permutation: rest & 127 });
      number = parent;
    }
  }

  /** Gives the servers one name each, where every state on the way has names of its own. */
  #words(path: readonly Move[]): string[] {
    const { automaton, permutations } = this.#choices;
    let names = this.#startNames;
    const words = path.map(({ position, happening, permutation }) => {
      const number = permutations.findIndex((other) => `${other}` === `${names}`);
      const renamed = automaton.happenings[automaton.renamedHappening(happening, number)]!;
      const choice = `${names[position]! + 1} ${wordsOf(renamed)}`;
      names = composed(inverseOf(permutations[permutation]!), names);
      return choice;
    });
    return [...this.#start, ...words];
  }
}

interface Move {
  readonly position: number;
  readonly happening: number;
  /** Of the state it led to. */
  readonly permutation: number;
}

/** Runs a list of choices again, without looking anywhere else; answers what it violates, if anything. */
export function replay(world: World, choices: readonly string[]): string | undefined {
  return follow(new Choices(world), choices).violation;
}

/** Each choice is a server and what happens there, in the words of `wordsOf`. */
export function follow(
  choices: Choices,
  lines: readonly string[],
): { readonly state: State; readonly violation: string | undefined } {
  let state = choices.initial;
  for (const line of lines) {
    const position = Number.parseInt(line, 10) - 1;
    const possible = position in state ? choices.at(state, position) : [];
    const wordsAt = (happening: number) =>
      `${position + 1} ${wordsOf(choices.automaton.happenings[happening]!)}`;
    const happening = possible.find((number) => wordsAt(number) === line);
    if (happening === undefined) {
      const options = possible.map((number) => `\n  ${wordsAt(number)}`).join('');
      throw new Error(`"${line}" cannot happen here; what can:${options}`);
    }
    const outcome = choices.take(state, position, happening);
    if (outcome.violation !== undefined) return { state, violation: outcome.violation };
    state = outcome.state ?? state;
  }
  return { state, violation: undefined };
}
