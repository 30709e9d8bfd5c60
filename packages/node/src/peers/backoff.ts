/**
 * How long to wait before the next attempt: doubling, capped, and spread so that peers that failed
 * together do not return together.
 */
export class Backoff {
  readonly #firstMs: number;
  readonly #capMs: number;
  #attempts = 0;

  constructor(firstMs: number, capMs: number) {
    this.#firstMs = firstMs;
    this.#capMs = Math.max(firstMs, capMs);
  }

  /** In milliseconds, between half and all of what the doubling says. */
  next(): number {
    const whole = Math.min(this.#capMs, this.#firstMs * 2 ** this.#attempts);
    this.#attempts += 1;
    return whole * (0.5 + Math.random() / 2);
  }

  reset(): void {
    this.#attempts = 0;
  }
}
