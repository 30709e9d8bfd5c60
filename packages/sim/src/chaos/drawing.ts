/**
 * The dice of drawing: what goes wrong and what is asked, and when. They decide nothing else, so what
 * was drawn can be done again without them.
 */

import type { Milliseconds, Random } from '@quorate/core';
import { between, chance, pick } from '../dice.ts';
import type { Action } from '../scenario/action.ts';
import { drawClock, FAULTS, REMEDIES, type Table, timeoutOf } from './draw-faults.ts';
import { drawQuestion, OPERATIONS } from './draw-operations.ts';
import { drawDisk, drawNetwork } from './plan.ts';
import type { World } from './world.ts';

/** How much more often than an operation something goes wrong, and something is mended. */
const SHARES = { faults: 0.45, remedies: 0.35 } as const;

export class Drawing {
  readonly #world: World;
  readonly #table: Table;
  readonly #random: Random;
  /** This run has some kinds of fault and not others: what hides between the others shows then. */
  readonly #faults: readonly string[];
  readonly #operations: readonly string[];
  readonly #faultEveryMs: Milliseconds;
  readonly #askEveryMs: Milliseconds;
  #asked = 0;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
    const { cluster, plan } = world;
    this.#table = { cluster, random, plan };
    this.#faults = some(random, Object.keys(FAULTS));
    this.#operations = some(random, Object.keys(OPERATIONS));
    this.#faultEveryMs = timeoutOf(plan) * between(random, 0.3, 3);
    this.#askEveryMs = timeoutOf(plan) * between(random, 0.02, 0.3);
  }

  /** From now on until the faults are over. */
  begin(): void {
    this.#settle();
    this.#every(this.#faultEveryMs, () => this.#disturb());
    this.#every(this.#askEveryMs, () => {
      this.#asked += 1;
      return drawQuestion(this.#table, this.#asked);
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
    if (dice < SHARES.faults) return this.#drawFrom(FAULTS, this.#faults);
    if (dice < SHARES.faults + SHARES.remedies) {
      return this.#drawFrom(REMEDIES, Object.keys(REMEDIES));
    }
    return this.#drawFrom(OPERATIONS, this.#operations);
  }

  #drawFrom(
    table: Readonly<Record<string, (table: Table) => readonly Action[]>>,
    names: readonly string[],
  ): readonly Action[] {
    const name = pick(this.#random, names);
    const actions = table[name]!(this.#table);
    if (actions.length > 0) this.#world.coverage.count(`drew ${name}`);
    return actions;
  }
}

/** About half of them, and at least one. */
function some(random: Random, names: readonly string[]): readonly string[] {
  const chosen = names.filter(() => chance(random, 0.5));
  return chosen.length > 0 ? chosen : [pick(random, names)];
}
