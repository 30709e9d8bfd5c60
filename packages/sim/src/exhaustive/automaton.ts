/**
 * Servers as automata, found out by running the real core: each transition is run once and then
 * remembered, so the walk costs a look into a table where servers have been in this state before.
 */

import { configurationOf, type Message, type NodeId, type RaftStatus } from '@quorate/core';
import { StoredLog } from '../stored-log.ts';
import { entryNames } from './commands.ts';
import { type Happening, wordsOf } from './happening.ts';
import { type Answer, type Consequences, Host } from './host.ts';
import type { Permutation } from './permutations.ts';
import { type Aging, agingOf, type Marks } from './rounds.ts';
import { brokenPromise } from './safety.ts';
import { idsOf, type World } from './world.ts';

/** A state that one server can be in. */
export interface Local {
  /** Of the server: its id is one more. */
  readonly position: number;
  readonly status: RaftStatus;
  /** By name; see `entryNames`. Equal logs are one object. */
  readonly log: readonly string[];
  readonly pendingWrites: number;
  /** Survives a crash. */
  readonly durableTerm: number;
  /** The same for servers that differ in nothing but names: a number for sorting. */
  readonly shape: number;
  readonly marks: Marks;
  readonly cameBy: { readonly from: number; readonly happening: number } | undefined;
  readonly history: History;
  /** Another history that led here, with other numbers of rounds; see `Automaton.#expectTwin`. */
  twin: History | undefined;
  readonly transitions: Map<number, Transition>;
  /** This state under other names, by permutation. */
  readonly renamed: (number | undefined)[];
}

/** The disk it started on, and what has happened since. */
interface History {
  readonly origin: StoredLog;
  readonly path: readonly number[];
}

export interface Transition {
  readonly next: number;
  /** Ascending, each once. */
  readonly sent: readonly number[];
  readonly answers: readonly Answer[];
  readonly aging: Aging | undefined;
  /** What the server did wrong by itself. */
  readonly violation: string | undefined;
}

const SILENCE: Consequences = { messages: [], answers: [] };
const NOTHING = { sent: [], answers: [], aging: undefined };

export class Automaton {
  readonly locals: Local[] = [];
  readonly happenings: Happening[] = [];
  /** Transitions of the real core that were run. */
  runs = 0;
  readonly #world: World;
  readonly #permutations: readonly Permutation[];
  readonly #localsByKey = new Map<string, number>();
  readonly #happeningsByKey = new Map<string, number>();
  /** By permutation, then by number. */
  readonly #renamedHappenings: number[][];
  readonly #logs = new Map<string, readonly string[]>();
  readonly #shapes = new Map<string, number>();
  /** Transitions that are to be run once more, from the twin: local, happening. */
  readonly #unproven: [number, number][] = [];

  constructor(world: World, permutations: readonly Permutation[]) {
    this.#world = world;
    this.#permutations = permutations;
    this.#renamedHappenings = permutations.map(() => []);
    for (const id of idsOf(world)) {
      const stored = new StoredLog(configurationOf(idsOf(world)));
      this.#intern(new Host(world, id, stored), { origin: stored, path: [] }, undefined);
    }
  }

  /** The number of a happening. A delivery's number is also that of its message. */
  numberOf(happening: Happening): number {
    const to = happening.kind === 'deliver' ? happening.message.to : '';
    const key = `${to} ${wordsOf(happening)}`;
    const known = this.#happeningsByKey.get(key);
    if (known !== undefined) return known;
    // A set of messages is kept as text, one character for each.
    if (this.happenings.length > 0xffff) throw new Error('more than 65,536 different happenings');
    this.#happeningsByKey.set(key, this.happenings.length);
    return this.happenings.push(happening) - 1;
  }

  messageOf(happening: number): Message {
    const delivery = this.happenings[happening]!;
    if (delivery.kind !== 'deliver') throw new Error(`${delivery.kind} is no delivery`);
    return delivery.message;
  }

  step(local: number, happening: number): Transition {
    const { transitions } = this.locals[local]!;
    let transition = transitions.get(happening);
    if (transition === undefined) {
      transition = this.#run(local, happening);
      transitions.set(happening, transition);
      this.#unproven.push([local, happening]);
      for (;;) {
        const unproven = this.#unproven.pop();
        if (unproven === undefined) break;
        this.#expectTwin(...unproven);
      }
    }
    return transition;
  }

  /** The state of the server that `permutation` makes of it, after the same history under new names. */
  renamed(local: number, permutation: number): number {
    const { cameBy, position, renamed } = this.locals[local]!;
    const known = renamed[permutation];
    if (known !== undefined) return known;
    // The initial states are numbered as the servers are.
    let image = this.#permutations[permutation]![position]!;
    if (cameBy !== undefined) {
      const from = this.renamed(cameBy.from, permutation);
      const transition = this.step(from, this.renamedHappening(cameBy.happening, permutation));
      this.#expectAlike(cameBy.from, cameBy.happening, transition, permutation);
      image = transition.next;
    }
    renamed[permutation] = image;
    return image;
  }

  renamedHappening(happening: number, permutation: number): number {
    const known = this.#renamedHappenings[permutation]![happening];
    if (known !== undefined) return known;
    const renamed = this.#rename(happening, permutation);
    this.#renamedHappenings[permutation]![happening] = renamed;
    return renamed;
  }

  #rename(happening: number, permutation: number): number {
    const what = this.happenings[happening]!;
    if (what.kind !== 'deliver') return happening;
    const rename = (id: NodeId) => (this.#permutations[permutation]![id - 1]! + 1) as NodeId;
    const { from, to } = what.message;
    const message = { ...what.message, from: rename(from), to: rename(to) };
    return this.numberOf({ kind: 'deliver', message });
  }

  /** That names do not matter is what lets the walk visit one state for all its renamings: seen here. */
  #expectAlike(from: number, happening: number, renamed: Transition, permutation: number): void {
    const { sent } = this.step(from, happening);
    const expected = sent.map((message) => this.renamedHappening(message, permutation));
    if (`${expected.sort((a, b) => a - b)}` === `${renamed.sent}`) return;
    throw new Error(`server names matter: ${wordsOf(this.happenings[happening]!)}`);
  }

  #run(from: number, number: number): Transition {
    const before = this.locals[from]!;
    try {
      const { host, history, ...said } = this.#relive(before, before.history, number);
      const next = this.#intern(host, history, { from, happening: number });
      const violation = this.#isCrash(number)
        ? undefined
        : brokenPromise(before, host, said.messages);
      return { next, ...this.#effects(before, before.marks, host, said), violation };
    } catch (error) {
      return { ...NOTHING, next: from, violation: (error as Error).message };
    }
  }

  /** That the numbers of rounds do not matter: from another history the same must follow. */
  #expectTwin(from: number, number: number): void {
    const before = this.locals[from]!;
    const expected = before.transitions.get(number)!;
    if (before.twin === undefined || expected.violation !== undefined) return;
    const marks = this.#hostAfter(before.position, before.twin).marks;
    const { host, history, ...said } = this.#relive(before, before.twin, number);
    const next = this.#intern(host, history, undefined);
    const effects = this.#effects(before, marks, host, said);
    const found: Transition = { next, ...effects, violation: undefined };
    if (JSON.stringify(found) === JSON.stringify(expected)) return;
    throw new Error(`numbers of rounds matter: ${wordsOf(this.happenings[number]!)}`);
  }

  /** What happens after `history`, and the history that it makes. */
  #relive({ position }: Local, history: History, number: number) {
    this.runs++;
    const happening = this.happenings[number]!;
    const host = this.#hostAfter(position, history);
    if (happening.kind === 'crash') {
      const restarted = host.restarted(happening.survivingWrites);
      const origin = restarted.durable;
      return { host: restarted, history: { origin, path: [] }, ...SILENCE };
    }
    const said = host.meet(happening);
    const { origin, path } = history;
    return { host, history: { origin, path: [...path, number] }, ...said };
  }

  #effects(before: Local, marks: Marks, after: Host, { messages, answers }: Consequences) {
    const numbers = messages.map((message) => this.numberOf({ kind: 'deliver', message }));
    const sent = [...new Set(numbers)].sort((a, b) => a - b);
    const { term } = before.status;
    const stillHeeded = after.status.term === term ? after.marks : [];
    const aging = this.#world.isReduced
      ? agingOf(before.position, term, marks, stillHeeded)
      : undefined;
    return { sent, answers, aging };
  }

  #isCrash(number: number): boolean {
    return this.happenings[number]!.kind === 'crash';
  }

  #hostAfter(position: number, { origin, path }: History): Host {
    const host = new Host(this.#world, (position + 1) as NodeId, origin);
    for (const happening of path) host.meet(this.happenings[happening]!);
    return host;
  }

  #intern(host: Host, history: History, cameBy: Local['cameBy']): number {
    const { key } = host;
    const known = this.#localsByKey.get(key);
    if (known !== undefined) {
      this.#noteTwin(known, host.marks, history);
      return known;
    }
    const { status, pending, durable, latest, marks } = host;
    const local: Local = {
      position: host.id - 1,
      status,
      log: this.#logOf(latest),
      pendingWrites: pending.length,
      durableTerm: durable.hardState.term,
      shape: this.#shapeOf(host),
      marks,
      cameBy,
      history,
      twin: undefined,
      transitions: new Map(),
      renamed: [],
    };
    this.#localsByKey.set(key, this.locals.length);
    return this.locals.push(local) - 1;
  }

  #noteTwin(number: number, marks: Marks, history: History): void {
    const local = this.locals[number]!;
    if (local.twin !== undefined || JSON.stringify(marks) === JSON.stringify(local.marks)) return;
    local.twin = history;
    for (const happening of local.transitions.keys()) this.#unproven.push([number, happening]);
  }

  #logOf({ batches }: StoredLog): readonly string[] {
    const log = entryNames(batches);
    const known = this.#logs.get(`${log}`) ?? log;
    this.#logs.set(`${log}`, known);
    return known;
  }

  #shapeOf({ id, status, latest, durable, pending }: Host): number {
    const { role, term, votedFor, commitIndex, durableIndex } = status;
    const vote = votedFor === undefined ? '' : votedFor === id;
    const disk = `${durable.hardState.term} ${pending.length} ${durableIndex}`;
    const shape = `${role} ${term} ${vote} ${commitIndex} ${disk} ${entryNames(latest.batches)}`;
    const known = this.#shapes.get(shape);
    if (known !== undefined) return known;
    this.#shapes.set(shape, this.#shapes.size);
    return this.#shapes.size - 1;
  }
}
