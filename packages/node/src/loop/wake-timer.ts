/**
 * One timer for the core's deadline.
 *
 * A busy leader moves its deadline with every batch it sends. Setting and clearing a timer each time
 * would cost more than the batch, so the timer stays where it is when the deadline moves away, finds
 * on firing that it is early, and goes to sleep for the rest.
 */

import type { Milliseconds } from '@quorate/core';

export class WakeTimer {
  readonly #now: () => Milliseconds;
  readonly #onDue: () => void;
  #deadline: Milliseconds = Infinity;
  #firesAt: Milliseconds = Infinity;
  #timer: NodeJS.Timeout | undefined;

  /** @param onDue Called once when a deadline has come. The next one must be set anew. */
  constructor(now: () => Milliseconds, onDue: () => void) {
    this.#now = now;
    this.#onDue = onDue;
  }

  /** Replaces the deadline. Cheap when it moves later, which it nearly always does. */
  set(deadline: Milliseconds): void {
    this.#deadline = deadline;
    if (deadline < this.#firesAt) this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#firesAt = Infinity;
    this.#deadline = Infinity;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    // Node counts in whole milliseconds and may be a fraction early; never 0, which it reads as 1.
    const delay = Math.max(1, Math.ceil(this.#deadline - this.#now()));
    this.#firesAt = this.#deadline;
    this.#timer = setTimeout(this.#fire, delay);
  }

  readonly #fire = (): void => {
    this.#firesAt = Infinity;
    if (this.#deadline === Infinity) return;
    if (this.#now() < this.#deadline) {
      this.#arm();
      return;
    }
    this.#deadline = Infinity;
    this.#onDue();
  };
}
