import type { Milliseconds } from '@quorate/core';
import { between, chance } from './dice.ts';
import type { WriteDuration } from './disk.ts';

export interface DiskOptions {
  readonly minWriteMs: Milliseconds;
  readonly maxWriteMs: Milliseconds;
  /** So many of the writes take between one half and the whole of `stallMs` longer. */
  readonly stallProbability: number;
  readonly stallMs: Milliseconds;
}

/** Usually quick, now and then stalled. */
export function unevenDisk(options: DiskOptions): WriteDuration {
  const { minWriteMs, maxWriteMs, stallProbability, stallMs } = options;
  return (random) => {
    const usual = between(random, minWriteMs, maxWriteMs);
    return chance(random, stallProbability) ? usual + between(random, stallMs / 2, stallMs) : usual;
  };
}
