import { aboutOf, type Evidence, type Fact } from './evidence.ts';
import type { Operation } from './history.ts';

/**
 * Looks ahead: a value must not begin so early that another one is due before the last reader of the
 * first was even called. Such a mistake would come to light only there, after many other choices.
 */
export class Overwrites {
  /** When the last operation that saw the fact was called. */
  readonly #lastSeen = new Map<Fact, number>();
  /** What is certain to be said about something, by the time at which it is due. */
  readonly #writes = new Map<string, Write[]>();

  constructor(
    operations: readonly Operation<unknown, unknown>[],
    evidence: readonly Evidence[],
    latest: readonly number[],
  ) {
    evidence.forEach(({ seen, made, isComplete }, operation) => {
      const { kind, calledAt } = operations[operation]!;
      for (const fact of seen) {
        this.#lastSeen.set(fact, Math.max(calledAt, this.#lastSeen.get(fact) ?? calledAt));
      }
      if (kind === 'pending' || !isComplete) return;
      for (const fact of made) {
        const write = { operation, fact, dueAt: latest[operation]! };
        const writes = this.#writes.get(aboutOf(fact));
        if (writes === undefined) this.#writes.set(aboutOf(fact), [write]);
        else writes.push(write);
      }
    });
    for (const writes of this.#writes.values()) writes.sort((a, b) => a.dueAt - b.dueAt);
  }

  /** `now`: everything due before was placed. */
  cutsShort(fact: Fact, now: number, isPlaced: (operation: number) => boolean): boolean {
    const lastSeen = this.#lastSeen.get(fact) ?? -Infinity;
    const writes = this.#writes.get(aboutOf(fact)) ?? [];
    for (let i = firstDue(writes, now); i < writes.length; i++) {
      const write = writes[i]!;
      if (write.dueAt >= lastSeen) return false;
      if (write.fact !== fact && !isPlaced(write.operation)) return true;
    }
    return false;
  }
}

interface Write {
  readonly operation: number;
  readonly fact: Fact;
  readonly dueAt: number;
}

function firstDue(writes: readonly Write[], now: number): number {
  let [low, high] = [0, writes.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (writes[middle]!.dueAt < now) low = middle + 1;
    else high = middle;
  }
  return low;
}
