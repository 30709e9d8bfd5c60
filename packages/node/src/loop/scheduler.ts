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
  /** The time it waited for has come: it hears of that in its next turn. */
  timeIsDue(): void;
  takeTurn(now: Milliseconds): void;
  /** Everything that this round has for peers and disk is on its way. */
  endTurn(): void;
}

/** For how long turns may follow one another before sockets are read again. */
const ROUND_MS = 10;

export class Scheduler {
  readonly #now: () => Milliseconds;
  readonly #endRound: () => void;
  readonly #timer: WakeTimer;
  readonly #deadlines = new Deadlines<TurnTaker>();
  /** Each once, in the order in which they were woken. */
  #ready = new Set<TurnTaker>();
  #isScheduled = false;

  /** @param endRound Sends and writes what the turns of one round have left to be sent and written. */
  constructor(now: () => Milliseconds, endRound: () => void = () => {}) {
    this.#now = now;
    this.#endRound = endRound;
    this.#timer = new WakeTimer(now, () => {
      for (const taker of this.#deadlines.takeDue(now())) {
        taker.timeIsDue();
        this.wake(taker);
      }
      this.#timer.set(this.#deadlines.next);
    });
  }

  /**
   * A turn is needed. It comes when this round of the event loop has read its sockets. After a pause
   * of the process a late heartbeat is therefore seen before the clock is.
   */
  wake(taker: TurnTaker): void {
    this.#ready.add(taker);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#round);
  }

  /** No turn and no time any more, unless it is woken again. */
  forget(taker: TurnTaker): void {
    this.#ready.delete(taker);
    this.#deadlines.remove(taker);
    if (this.#deadlines.isEmpty) this.#timer.stop();
  }

  readonly #round = (): void => {
    this.#isScheduled = false;
    const ready = this.#ready;
    // Whoever is woken by this round has its turn in the next one.
    this.#ready = new Set();
    const taken: TurnTaker[] = [];
    const began = this.#now();
    for (const taker of ready) {
      const now = this.#now();
      if (now - began > ROUND_MS) break;
      ready.delete(taker);
      taken.push(taker);
      taker.takeTurn(now);
      this.#deadlines.update(taker);
    }
    this.#endRound();
    this.#timer.set(this.#deadlines.next);
    for (const taker of taken) taker.endTurn();
    if (ready.size > 0) this.#goOn(ready);
  };

  /** The round was long enough: the others have their turns in the next one. */
  #goOn(left: ReadonlySet<TurnTaker>): void {
    const woken = this.#ready;
    this.#ready = new Set(left);
    for (const taker of woken) this.#ready.add(taker);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#round);
  }
}
