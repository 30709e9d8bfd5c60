import type { Random } from '@quorate/core';

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
