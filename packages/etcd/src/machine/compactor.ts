/**
 * Removes what compactions have condemned, a little at a time, so that neither clients nor
 * heartbeats wait for it. Readers do not see the difference: a compacted revision is refused from
 * the moment the compaction is applied.
 */

import { setImmediate } from 'node:timers/promises';
import type { KvStore } from '@quorate/kv';

/** About a millisecond of work between two chances for everybody else. */
const ROWS_AT_ONCE = 256;

export class Compactor {
  readonly #store: KvStore;
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(store: KvStore) {
    this.#store = store;
  }

  /** Begins, or goes on where it was stopped. A failed store fails the next write too: no need to say so here. */
  start(): void {
    this.#isStopped = false;
    this.#running ??= this.#removeAll().finally(() => {
      this.#running = undefined;
    });
    this.#running.catch(() => {});
  }

  /** Resolves when nothing condemned is left, or when `stop` was called. */
  async finished(): Promise<void> {
    await this.#running;
  }

  /** Resolves when the store is left alone. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running?.catch(() => {});
  }

  async #removeAll(): Promise<void> {
    while (!this.#isStopped && this.#store.compactSome(ROWS_AT_ONCE)) await setImmediate();
  }
}
