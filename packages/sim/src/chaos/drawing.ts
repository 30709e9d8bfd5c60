/**
 * The dice of drawing: what goes wrong and what is asked, and when. They decide nothing else, so what
 * was drawn can be done again without them.
 */

import type { Milliseconds, NodeId, Random, TraceEvent } from '@quorate/core';
import { between, chance, pick } from '../dice.ts';
import type { Action } from '../scenario/action.ts';
import { AFTERMATHS, SOON } from './draw-aftermath.ts';
import { drawClock, drawEchoes, FAULTS, REMEDIES, type Table, timeoutOf } from './draw-faults.ts';
import { drawQuestion, KEYS, OPERATIONS, remindersOf, SESSION_NAMES } from './draw-operations.ts';
import { drawSessionAsk } from './draw-sessions.ts';
import { type ClockPlan, drawDisk, drawNetwork } from './plan.ts';
import { leaderOf } from './view.ts';
import type { World } from './world.ts';

/** What comes of a change when those who know of it and those who do not are parted. */
const TROUBLE = ['crash', 'crashLeader', 'crashAll', 'splitInGroups', 'isolateLeader', 'cutPairs'];

export class Drawing {
  readonly #world: World;
  readonly #table: Table;
  readonly #random: Random;
  /** This run has some kinds of fault and not others: what hides between the others shows then. */
  readonly #faults: readonly string[];
  readonly #operations: readonly string[];
  readonly #aftermaths: readonly string[];
  /** How often something goes wrong, and something is mended; the rest is operators' doing. */
  readonly #shares: { readonly faults: number; readonly remedies: number };
  readonly #faultEveryMs: Milliseconds;
  readonly #askEveryMs: Milliseconds;
  /** Infinity: nothing old ever comes back. */
  readonly #echoEveryMs: Milliseconds;
  /** So many of the clients' questions are in sessions. */
  readonly #sessionShare: number;
  #asked = 0;
  /** One leader at a time is asked for what it may not know. */
  #questionedUntil: Milliseconds = 0;

  constructor(world: World, random: Random, clocks: ClockPlan) {
    this.#world = world;
    this.#random = random;
    const { cluster, plan } = world;
    this.#table = { cluster, random, plan, clocks };
    this.#faults = some(random, Object.keys(FAULTS));
    this.#operations = some(random, Object.keys(OPERATIONS));
    this.#aftermaths = some(random, Object.keys(AFTERMATHS));
    const faults = between(random, 0.1, 0.3);
    this.#shares = { faults, remedies: faults * between(random, 1, 2) };
    this.#faultEveryMs =
      timeoutOf(plan) * pick(random, [0.2, 0.5, 1, 3]) * between(random, 0.5, 1.5);
    this.#sessionShare = pick(random, [0, 0.3, 0.6]);
    this.#askEveryMs = timeoutOf(plan) * between(random, 0.02, 0.3);
    this.#echoEveryMs = timeoutOf(plan) * pick(random, [1, 4, Infinity]);
  }

  /** From now on until the faults are over. */
  begin(): void {
    this.#settle();
    this.#world.onDecision = (event) => this.#follow(event);
    this.#every(this.#faultEveryMs, () => this.#disturb());
    this.#every(this.#echoEveryMs, () => drawEchoes(this.#table));
    this.#every(this.#askEveryMs, () => {
      this.#asked += 1;
      return chance(this.#random, this.#sessionShare)
        ? drawSessionAsk(this.#table, this.#world.clients.sessions, this.#asked)
        : drawQuestion(this.#table, this.#asked);
    });
  }

  /** Where and on what the servers run. */
  #settle(): void {
    const { cluster, plan } = this.#world;
    this.#world.do({ kind: 'network', settings: drawNetwork(this.#random, plan) });
    for (const server of cluster.ids) {
      this.#world.do({ kind: 'disk', server, settings: drawDisk(this.#random, plan) });
      if (chance(this.#random, 0.5)) this.#world.do(drawClock(this.#table, server));
    }
  }

  #every(meanMs: Milliseconds, draw: () => readonly Action[]): void {
    const { time, plan } = this.#world;
    const delayMs = between(this.#random, 0, 2 * meanMs);
    if (time.now() + delayMs >= plan.faultsMs) return;
    time.after(delayMs, () => {
      for (const action of draw()) this.#world.do(action);
      this.#every(meanMs, draw);
    });
  }

  #disturb(): readonly Action[] {
    const dice = this.#random();
    const { faults, remedies } = this.#shares;
    const leader = leaderOf(this.#world.cluster);
    if (leader !== undefined && chance(this.#random, 0.4)) this.#questionOldLeader(leader.id);
    if (dice < faults) return this.#drawFrom(FAULTS, this.#faults);
    if (dice < faults + remedies) return this.#drawFrom(REMEDIES, Object.keys(REMEDIES));
    if (chance(this.#random, 0.3)) this.#soon(SOON, () => this.#drawFrom(FAULTS, TROUBLE));
    return this.#drawFrom(OPERATIONS, this.#operations);
  }

  #follow(event: TraceEvent): void {
    for (const name of this.#aftermaths) {
      const { of, probability, within, draw } = AFTERMATHS[name]!;
      if (of !== event.kind || !chance(this.#random, probability)) continue;
      this.#soon(within, () => this.#drawn(name, draw(this.#table, event)));
    }
  }

  /** What an operator or a server began is under way then. */
  #soon(within: number, draw: () => readonly Action[]): void {
    const { time, plan } = this.#world;
    const delayMs = timeoutOf(plan) * between(this.#random, 0, within);
    if (time.now() + delayMs >= plan.faultsMs) return;
    time.after(delayMs, () => {
      for (const action of draw()) this.#world.do(action);
    });
  }

  /**
   * Whatever goes wrong now, who leads now may soon do so no more, and not know it: for a while it is
   * asked for what others are told to change.
   */
  #questionOldLeader(old: NodeId): void {
    const { time, plan, cluster } = this.#world;
    if (time.now() < this.#questionedUntil) return;
    const everyMs = timeoutOf(plan) * between(this.#random, 0.05, 0.2);
    const endsAt = Math.min(time.now() + 3 * timeoutOf(plan), plan.faultsMs);
    this.#questionedUntil = endsAt;
    const key = pick(this.#random, KEYS);
    const ask = () => {
      const leader = leaderOf(cluster);
      this.#asked += 1;
      const commands = [`put:${key}:${this.#asked}.old`];
      if (leader !== undefined && leader.id !== old) {
        this.#world.do({ kind: 'propose', server: leader.id, commands });
      } else if (chance(this.#random, 0.2)) {
        // What it takes fills its log, and may be lost with its lead.
        this.#world.do({ kind: 'propose', server: old, commands });
      }
      this.#world.do({ kind: 'read', server: old, key });
      if (chance(this.#random, 0.1)) {
        const reminders = remindersOf(old, pick(this.#random, SESSION_NAMES));
        this.#world.do(pick(this.#random, reminders));
      }
      if (time.now() + everyMs < endsAt) time.after(everyMs, ask);
    };
    if (time.now() + everyMs < endsAt) time.after(everyMs, ask);
  }

  #drawFrom(
    table: Readonly<Record<string, (table: Table) => readonly Action[]>>,
    names: readonly string[],
  ): readonly Action[] {
    const name = pick(this.#random, names);
    return this.#drawn(name, table[name]!(this.#table));
  }

  #drawn(name: string, actions: readonly Action[]): readonly Action[] {
    if (actions.length > 0) this.#world.coverage.count(`drew ${name}`);
    return actions;
  }
}

/** About half of them, and at least one. */
function some(random: Random, names: readonly string[]): readonly string[] {
  const chosen = names.filter(() => chance(random, 0.5));
  return chosen.length > 0 ? chosen : [pick(random, names)];
}
