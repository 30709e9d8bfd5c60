/**
 * Gives turns to whoever has something to do, once in a round of the event loop, and one timer for
 * all that wait for a time. A server of its own is the only one here; a host has thousands of groups.
 *
 * Hot: runs once a round.
 */

import type { Milliseconds } from '@quorate/core';
import { Deadlines, type Sleeper } from './deadlines.ts';
import { WakeTimer } from './wake-timer.ts';

export interface TurnTaker extends Sleeper {
  /** It has been woken and waits for its turn. The scheduler's to set. */
  isQueued: boolean;
  /** The time it waited for has come: it hears of that in its next turn. */
  timeIsDue(): void;
  takeTurn(now: Milliseconds): void;
  /** Everything that this round has for peers and disk is on its way. */
  endTurn(): void;
}

/** For how long turns may follow one another before sockets are read again. */
const ROUND_MS = 10;

/** So many wait for a turn before those whose time has come have to; but a few of these always get one. */
const WAITING_AT_ONCE = 512;
const LEAST_DUE = 16;

export class Scheduler {
  readonly #now: () => Milliseconds;
  readonly #endRound: () => void;
  readonly #timer: WakeTimer;
  readonly #deadlines = new Deadlines<TurnTaker>();
  /** In the order in which they were woken, each once; those before `#next` have had their turn. */
  #queue: TurnTaker[] = [];
  #next = 0;
  #isScheduled = false;

  /** @param endRound Sends and writes what the turns of one round have left to be sent and written. */
  constructor(now: () => Milliseconds, endRound: () => void = () => {}) {
    this.#now = now;
    this.#endRound = endRound;
    this.#timer = new WakeTimer(now, () => {
      this.#wakeDue();
      // Early when some are left: then they come in the next round of the event loop.
      this.#timer.set(this.#deadlines.next);
    });
  }

  /**
   * Whoever has been waiting for a time may wait a little longer, behind those who have something to hear:
   * elections that are under way come to their end before more are begun. Where thousands of groups lose
   * their leaders at once, begun all together none would be answered in time.
   */
  #wakeDue(): void {
    const room = WAITING_AT_ONCE - (this.#queue.length - this.#next);
    for (const taker of this.#deadlines.takeDue(this.#now(), Math.max(room, LEAST_DUE))) {
      taker.timeIsDue();
      this.wake(taker);
    }
  }

  /**
   * A turn is needed. It comes when this round of the event loop has read its sockets. After a pause
   * of the process a late heartbeat is therefore seen before the clock is.
   */
  wake(taker: TurnTaker): void {
    if (taker.isQueued) return;
    taker.isQueued = true;
    this.#queue.push(taker);
    this.#schedule();
  }

  /** Waits for no time any more. A turn that it was woken for it still gets. */
  forget(taker: TurnTaker): void {
    this.#deadlines.remove(taker);
    if (this.#deadlines.isEmpty) this.#timer.stop();
  }

  readonly #round = (): void => {
    this.#isScheduled = false;
    const taken: TurnTaker[] = [];
    const began = this.#now();
    // Whoever is woken by this round has its turn in the next one.
    for (const end = this.#queue.length; this.#next < end; ) {
      const now = this.#now();
      if (now - began > ROUND_MS) break;
      const taker = this.#queue[this.#next++] as TurnTaker;
      taker.isQueued = false;
      taken.push(taker);
      taker.takeTurn(now);
      this.#deadlines.update(taker);
    }
    this.#dropTaken();
    this.#endRound();
    this.#timer.set(this.#deadlines.next);
    for (const taker of taken) taker.endTurn();
    if (this.#queue.length > this.#next) this.#schedule();
  };

  #dropTaken(): void {
    if (this.#next === this.#queue.length) this.#queue.length = 0;
    else if (2 * this.#next > this.#queue.length) this.#queue = this.#queue.slice(this.#next);
    else return;
    this.#next = 0;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#round);
  }
}
