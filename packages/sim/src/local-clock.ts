/**
 * One machine's monotonic clock, derived from the true time: it may run fast or slow, and it may jump
 * ahead. It never goes back and never stands still, as the operating system promises of such a clock;
 * that it keeps pace with others nobody promises.
 */

import type { Milliseconds } from '@quorate/core';
import type { Time } from './time.ts';

/**
 * A deadline that rounding has missed is tried again no sooner. Less would be lost in the true
 * time's last digit, and time would stand still.
 */
const SHORTEST_WAIT_MS = 1e-6;

export class LocalClock {
  readonly #time: Time;
  /** Local milliseconds for each true one. */
  #rate = 1;
  /** Since then `#rate` holds: true time, and what this clock showed. */
  #since: Milliseconds = 0;
  #base: Milliseconds = 0;

  constructor(time: Time) {
    this.#time = time;
  }

  now(): Milliseconds {
    return this.#base + (this.#time.now() - this.#since) * this.#rate;
  }

  /** True time from now until this clock shows `deadline`, if nobody sets it meanwhile. */
  trueDelayUntil(deadline: Milliseconds): Milliseconds {
    const local = deadline - this.now();
    return local <= 0 ? 0 : Math.max(local / this.#rate, SHORTEST_WAIT_MS);
  }

  /** @param rate Above 0. @param jumpMs At least 0: what it skips now. */
  set(rate: number, jumpMs: Milliseconds): void {
    if (!(rate > 0 && jumpMs >= 0)) throw new RangeError('a monotonic clock goes ahead');
    this.#base = this.now() + jumpMs;
    this.#since = this.#time.now();
    this.#rate = rate;
  }
}
