import { type Milliseconds, type Random, seededRandom } from '@quorate/core';

/** An integer from 0 to `count - 1`. */
export const below = (random: Random, count: number): number => Math.floor(random() * count);

/** A number in [`from`, `to`). */
export const between = (random: Random, from: number, to: number): number =>
  from + random() * (to - from);

/** True in `probability` of all cases. */
export const chance = (random: Random, probability: number): boolean => random() < probability;

export function pick<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[below(random, items.length)];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
}

export function shuffled<Item>(random: Random, items: readonly Item[]): Item[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = below(random, last + 1);
    [result[last], result[other]] = [result[other]!, result[last]!];
  }
  return result;
}

/** A seed for an independent stream, so that drawing more here changes nothing there. */
export const seedFrom = (random: Random): number => below(random, 2 ** 32);

/** A seed that follows from another one and from who is to have it. */
export function seedOf(seed: number, ...names: readonly number[]): number {
  let mixed = seed;
  for (const name of names) {
    mixed = Math.imul(mixed ^ name, 0x9e3779b1);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
    mixed ^= mixed >>> 13;
  }
  return mixed >>> 0;
}

/**
 * Dice that roll what the time says, by the millisecond, and not what was rolled before: when something
 * is left out of a run, the rest of it meets the same luck as long as it happens at much the same time.
 * Runs that fail become smaller so than with dice that go on from roll to roll (docs/simulation.md).
 */
export function diceOfTime(seed: number, now: () => Milliseconds): Random {
  let since = -1;
  let random: Random = () => 0;
  return () => {
    const at = Math.floor(now());
    if (at !== since) {
      since = at;
      random = seededRandom(seedOf(seed, at));
    }
    return random();
  };
}
