/** The dice. A function that answers a number in [0, 1), as `Math.random` does. */
export type Random = () => number;

/**
 * A small seeded generator (mulberry32): the same seed gives the same rolls on every machine. Good
 * enough to spread election timeouts and to drive a simulation; no good for secrets.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
