/**
 * States that differ only in the servers' names are one state (the core does not look at names, which
 * `Automaton.renamed` checks): of all renamings one is visited. Not where configurations change.
 */

import type { Choices, State } from './choices.ts';

export interface Canonical {
  readonly state: State;
  /** The permutation that led to it, by number. */
  readonly permutation: number;
}

export function canonicalOf(choices: Choices, state: State): Canonical {
  if (choices.permutations.length === 1) return { state, permutation: 0 };
  const { locals } = choices.automaton;
  let best: Canonical | undefined;
  for (let number = 0; number < choices.permutations.length; number++) {
    const permutation = choices.permutations[number]!;
    if (!sortsShapes(choices, state, permutation)) continue;
    const renamed = state.slice();
    for (let position = 0; position < permutation.length; position++) {
      renamed[permutation[position]!] = choices.automaton.renamed(state[position]!, number);
    }
    renamed[choices.soupAt] = choices.soups.renamed(state[choices.soupAt]!, number);
    if (best === undefined || isSmaller(renamed, best.state)) {
      best = { state: renamed, permutation: number };
    }
  }
  if (best === undefined) throw new Error(`no order of ${locals.length} states`);
  return best;
}

/** Only renamings after which the servers' shapes ascend compete; so few states need other names. */
function sortsShapes(choices: Choices, state: State, permutation: readonly number[]): boolean {
  const { locals } = choices.automaton;
  for (let one = 0; one < permutation.length; one++) {
    for (let other = one + 1; other < permutation.length; other++) {
      const difference = locals[state[one]!]!.shape - locals[state[other]!]!.shape;
      if (difference !== 0 && difference < 0 !== permutation[one]! < permutation[other]!) {
        return false;
      }
    }
  }
  return true;
}

function isSmaller(one: State, other: State): boolean {
  for (let at = 0; at < one.length; at++) {
    if (one[at] !== other[at]) return one[at]! < other[at]!;
  }
  return false;
}
