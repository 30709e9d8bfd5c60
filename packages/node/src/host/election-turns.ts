import type { Random } from '@quorate/core';

/** So many draws of one are from the whole interval. */
const OUT_OF_TURN = 1 / 16;

/**
 * Dice for the election timeouts of one of a group's servers: each host has its turn, in an interval of
 * its own with as much space behind it. Drawn by chance alone, as §9.3 has it, the timeouts of some of
 * thousands of groups come too close to each other, again and again, and while hosts that have just
 * started, or lost one of them, elect leaders for all groups at once, messages take long. The first turn
 * goes from host to host with the group's number, and so, where nothing is wrong, does the lead.
 *
 * Nobody is waited for: who cannot win or does not run is followed by the next. A draw out of turn
 * comes now and then, so that two hosts whose turns are too close for their network are not so for ever.
 *
 * @param position Of the host among the group's, from 0 to `count - 1`.
 */
export function turnOf(
  group: number,
  position: number,
  count: number,
  chance: Random = Math.random,
): Random {
  const turn = (group + position) % count;
  return () => (chance() < OUT_OF_TURN ? chance() : (turn + chance() / 2) / count);
}
