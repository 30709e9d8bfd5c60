/** What can happen next in a state of the world, and what the world is then. */

import type { NodeId } from '@quorate/core';
import { Automaton, type Transition } from './automaton.ts';
import { namesKept, type Permutation, permutationsOf } from './permutations.ts';
import { type Committed, committedWith, incompleteness, mismatch, staleness } from './safety.ts';
import { Soups } from './soups.ts';
import { idsOf, type World } from './world.ts';

/**
 * The servers' states by position, the messages that were sent, and what is behind: what was
 * committed, and how many commands, crashes and reads were used.
 */
export type State = number[];

export interface Outcome {
  /** Undefined if nothing changed. */
  readonly state: State | undefined;
  readonly violation: string | undefined;
}

export class Choices {
  readonly world: World;
  readonly permutations: readonly Permutation[];
  readonly automaton: Automaton;
  readonly soups: Soups;
  /** Position of the soup within a state; the past is behind it. */
  readonly soupAt: number;
  readonly #pasts: Past[] = [];
  readonly #pastsByKey = new Map<string, number>();
  readonly #deadline: number;
  readonly #silence: number;
  readonly #noQuorum: number;
  readonly #written: number;
  readonly #proposals: readonly number[];
  readonly #reads: readonly number[];
  readonly #changes: readonly number[];
  readonly #crashes: number[] = [];

  constructor(world: World) {
    this.world = world;
    // Configurations are made of names.
    this.permutations = world.changes > 0 ? [namesKept(world.size)] : permutationsOf(world.size);
    this.automaton = new Automaton(world, this.permutations);
    this.soups = new Soups(this.automaton, world);
    this.soupAt = world.size;
    this.#internPast({ committed: [], commands: 0, crashes: 0, reads: [], changes: 0, later: {} });
    const { automaton } = this;
    this.#deadline = automaton.numberOf({ kind: 'deadline' });
    this.#silence = automaton.numberOf({ kind: 'silence' });
    this.#noQuorum = automaton.numberOf({ kind: 'noQuorum' });
    this.#written = automaton.numberOf({ kind: 'written' });
    this.#proposals = Array.from({ length: world.commands }, (_, command) =>
      automaton.numberOf({ kind: 'propose', command }),
    );
    this.#reads = Array.from({ length: world.reads }, (_, id) =>
      automaton.numberOf({ kind: 'read', id }),
    );
    const targets =
      world.changes > 0 ? subsetsOf(idsOf(world)).filter(({ length }) => length > 0) : [];
    this.#changes = targets.map((voters) => automaton.numberOf({ kind: 'change', voters }));
  }

  /** Nobody has done anything yet. */
  get initial(): State {
    return [...Array.from({ length: this.world.size }, (_, position) => position), 0, 0];
  }

  /** All that can happen at the server at `position`, by number. */
  at(state: State, position: number): number[] {
    const { world, soupAt } = this;
    const { status, pendingWrites } = this.automaton.locals[state[position]!]!;
    const past = this.#pasts[state[soupAt + 1]!]!;
    const possible: number[] = [];
    if (status.role === 'leader') {
      possible.push(this.#deadline);
      if (world.checkQuorum) possible.push(this.#noQuorum);
      if (past.changes < world.changes) possible.push(...this.#changes);
      if (past.commands < world.commands) possible.push(this.#proposals[past.commands]!);
    } else {
      if (status.term < world.maxTerm) possible.push(this.#deadline);
      if (world.checkQuorum && status.role === 'follower') possible.push(this.#silence);
    }
    if (past.reads.length < world.reads && status.leaderId !== undefined) {
      possible.push(this.#reads[past.reads.length]!);
    }
    if (pendingWrites > 0) possible.push(this.#written);
    if (past.crashes < world.crashes) {
      for (let survivors = 0; survivors <= pendingWrites; survivors++) {
        possible.push(this.#crash(survivors));
      }
    }
    for (const message of this.soups.inbox(state[soupAt]!, position)) {
      if (!this.#isTooLate(message, status.term)) possible.push(message);
    }
    return possible;
  }

  take(state: State, position: number, happening: number): Outcome {
    const { automaton, soupAt } = this;
    const from = state[position]!;
    const transition = automaton.step(from, happening);
    const { next, sent, violation } = transition;
    if (violation !== undefined) return { state: undefined, violation };
    const { kind } = automaton.happenings[happening]!;
    // It was refused.
    if (kind === 'change' && next === from) return { state: undefined, violation: undefined };
    const soup = this.#soupAfter(state, position, transition);
    const past = this.#pastAfter(state[soupAt + 1]!, next, kind);
    if (typeof past === 'string') return { state: undefined, violation: past };
    const stale = staleness(this.#pasts[past]!.reads, transition.answers);
    if (stale !== undefined) return { state: undefined, violation: stale };
    if (next === from && soup === state[soupAt]) return { state: undefined, violation: undefined };
    const after = state.slice();
    after[position] = next;
    after[soupAt] = soup;
    after[soupAt + 1] = past;
    return { state: after, violation: this.#unsafe(state, after, position, sent) };
  }

  #soupAfter(state: State, position: number, { next, sent, aging }: Transition): number {
    const { locals } = this.automaton;
    const soup = state[this.soupAt]!;
    const [before, after] = [locals[state[position]!]!, locals[next]!];
    const hasLeft =
      after.status.role !== before.status.role ||
      after.status.term !== before.status.term ||
      after.durableTerm !== before.durableTerm;
    if (sent.length === 0 && aging === undefined && !hasLeft) return soup;
    const servers = state.slice(0, this.soupAt);
    servers[position] = next;
    return this.soups.after(soup, sent, servers, aging);
  }

  /** Figure 3, for a state that differs from `before` at `position`. */
  #unsafe(
    before: State,
    after: State,
    position: number,
    sent: readonly number[],
  ): string | undefined {
    const { locals } = this.automaton;
    if (after[this.soupAt] !== before[this.soupAt]) {
      const contradiction = this.soups.contradiction(before[this.soupAt]!, sent);
      if (contradiction !== undefined) return contradiction;
    }
    const changed = locals[after[position]!]!;
    const { committed } = this.#pasts[after[this.soupAt + 1]!]!;
    const isLogNew = changed.log !== locals[before[position]!]!.log;
    const isPastNew = after[this.soupAt + 1] !== before[this.soupAt + 1];
    for (let at = 0; at < this.soupAt; at++) {
      const local = locals[after[at]!]!;
      const found =
        (isLogNew ? mismatch(changed.log, local.log) : undefined) ??
        (isPastNew || at === position ? incompleteness(committed, local) : undefined);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** It would have its receiver run at once, in a term above the last. */
  #isTooLate(number: number, receiversTerm: number): boolean {
    const { kind, term } = this.automaton.messageOf(number);
    return kind === 'timeoutNow' && Math.max(term, receiversTerm) >= this.world.maxTerm;
  }

  #crash(survivors: number): number {
    this.#crashes[survivors] ??= this.automaton.numberOf({
      kind: 'crash',
      survivingWrites: survivors,
    });
    return this.#crashes[survivors];
  }

  #pastAfter(number: number, local: number, kind: string): number | string {
    const past = this.#pasts[number]!;
    const after = this.automaton.locals[local]!;
    const committed = committedWith(past.committed, after);
    if (typeof committed === 'string') return committed;
    if (committed === past.committed && !COUNTED.has(kind)) return number;
    if (committed === past.committed) {
      past.later[kind] ??= this.#internPast(counted(past, kind));
      return past.later[kind];
    }
    return this.#internPast({ ...counted(past, kind), committed });
  }

  #internPast(past: Past): number {
    const key = JSON.stringify([
      past.committed,
      past.commands,
      past.crashes,
      past.reads,
      past.changes,
    ]);
    const known = this.#pastsByKey.get(key);
    if (known !== undefined) return known;
    this.#pastsByKey.set(key, this.#pasts.length);
    return this.#pasts.push(past) - 1;
  }
}

interface Past {
  readonly committed: readonly Committed[];
  readonly commands: number;
  readonly crashes: number;
  /** How many entries were committed when each was asked. */
  readonly reads: readonly number[];
  readonly changes: number;
  /** The numbers of what comes after it, by kind of happening. */
  readonly later: Record<string, number>;
}

const COUNTED: ReadonlySet<string> = new Set(['propose', 'change', 'crash', 'read']);

const subsetsOf = ([first, ...others]: readonly NodeId[]): NodeId[][] =>
  first === undefined ? [[]] : subsetsOf(others).flatMap((subset) => [subset, [first, ...subset]]);

function counted(past: Past, kind: string): Past {
  const commands = past.commands + (kind === 'propose' ? 1 : 0);
  const crashes = past.crashes + (kind === 'crash' ? 1 : 0);
  const changes = past.changes + (kind === 'change' ? 1 : 0);
  const reads = kind === 'read' ? [...past.reads, past.committed.length] : past.reads;
  return { committed: past.committed, commands, crashes, reads, changes, later: {} };
}
