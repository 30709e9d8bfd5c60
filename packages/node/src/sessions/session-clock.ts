/**
 * Replicated time: while this server leads and there are sessions, it says now and then how long it
 * has led (dissertation §6.3). By a monotonic clock, and only of the time it led itself: whatever a wall
 * clock does, and however long a cluster was without a leader, no session ends of it.
 */

import type { Milliseconds } from '@quorate/core';
import type { SessionTable } from '@quorate/wire';
import { LONGEST_TIMER_MS } from './options.ts';

/** Words in the shortest timeout: fewer than the table's bound on one word allows. */
const WORDS = 8;

export interface SessionClockHost {
  readonly now: () => Milliseconds;
  readonly isLeader: () => boolean;
  readonly table: () => SessionTable;
  /** Puts the word into the log. False: refused for now. */
  readonly say: (elapsedMs: number) => boolean;
}

export class SessionClock {
  readonly #host: SessionClockHost;
  /** Up to when this server has told of its lead. Undefined: it has nothing to tell. */
  #since: Milliseconds | undefined;
  #timer: NodeJS.Timeout | undefined;
  #everyMs = 0;

  constructor(host: SessionClockHost) {
    this.#host = host;
  }

  /** Who leads has changed, or which sessions there are. */
  readonly check = (): void => {
    const { now, isLeader, table } = this.#host;
    if (!isLeader() || table().size === 0) {
      this.stop();
      return;
    }
    this.#since ??= now();
    const everyMs = Math.max(1, Math.floor(table().shortestTimeoutMs / WORDS));
    if (everyMs === this.#everyMs) return;
    clearInterval(this.#timer);
    this.#everyMs = everyMs;
    this.#timer = setInterval(this.#tell, Math.min(everyMs, LONGEST_TIMER_MS)).unref();
  };

  stop(): void {
    clearInterval(this.#timer);
    this.#since = undefined;
    this.#everyMs = 0;
  }

  readonly #tell = (): void => {
    const { now, isLeader, say } = this.#host;
    if (this.#since === undefined || !isLeader()) return;
    const elapsedMs = Math.floor(now() - this.#since);
    if (elapsedMs > 0 && say(elapsedMs)) this.#since += elapsedMs;
  };
}
