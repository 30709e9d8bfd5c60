import { setTimeout as sleep } from 'node:timers/promises';
import type { Milliseconds } from '@quorate/core';

/** What may be sent at once after a pause, in time at the full rate. */
const BURST_MS = 100;

/** Bytes in a second, shared by all who take from it, first come first served. */
export class Throttle {
  readonly #bytesPerSecond: number;
  readonly #now: () => Milliseconds;
  /** When all that was taken so far will have been paid for. */
  #paidAt: Milliseconds = -Infinity;

  /** @param bytesPerSecond 0: no limit. */
  constructor(bytesPerSecond: number, now: () => Milliseconds) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#now = now;
  }

  /** Resolves when so many bytes may leave. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const waitMs = this.reserve(bytes);
    if (waitMs > 0) await sleep(waitMs, undefined, { signal });
  }

  /** How long to wait for them. They are taken. */
  reserve(bytes: number): Milliseconds {
    if (this.#bytesPerSecond === 0) return 0;
    const now = this.#now();
    const start = Math.max(this.#paidAt, now - BURST_MS);
    this.#paidAt = start + (bytes * 1000) / this.#bytesPerSecond;
    return start - now;
  }
}
