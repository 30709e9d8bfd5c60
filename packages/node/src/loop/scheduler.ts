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
  /** When its time comes it will ask others for something, such as their votes; not tell them that it lives. */
  readonly mayWait: boolean;
  /** The time it waited for has come: it hears of that in its next turn. */
  timeIsDue(): void;
  takeTurn(now: Milliseconds): void;
  /** Everything that this round has for peers and disk is on its way. */
  endTurn(): void;
}

/** For how long turns may follow one another before sockets are read again. */
const ROUND_MS = 10;

/** So many wait for a turn before those who may wait longer have to; but a few of these always get one. */
const QUEUED_AT_ONCE = 512;
const LEAST_ADMITTED = 16;

export class Scheduler {
  readonly #now: () => Milliseconds;
  readonly #endRound: () => void;
  readonly #timer: WakeTimer;
  readonly #deadlines = new Deadlines<TurnTaker>();
  /** Their time has come, and there was no room for them in the queue. */
  readonly #waiting = new Set<TurnTaker>();
  /** In the order in which they were woken, each once; those before `#next` have had their turn. */
  #queue: TurnTaker[] = [];
  #next = 0;
  #isScheduled = false;

  /** @param endRound Sends and writes what the turns of one round have left to be sent and written. */
  constructor(now: () => Milliseconds, endRound: () => void = () => {}) {
    this.#now = now;
    this.#endRound = endRound;
    this.#timer = new WakeTimer(now, () => {
      for (const taker of this.#deadlines.takeDue(now())) {
        if (taker.mayWait) this.#waiting.add(taker);
        else this.#wakeDue(taker);
      }
      this.#admit();
      this.#timer.set(this.#deadlines.next);
    });
  }

  #wakeDue(taker: TurnTaker): void {
    taker.timeIsDue();
    this.wake(taker);
  }

  /**
   * Who is about to begin an election may wait a little longer, behind those who have something to hear or to
   * say: elections that are under way come to their end before more are begun. Where thousands of groups lose
   * their leaders at once, begun all together none would be answered in time. A leader does not wait: its
   * followers would.
   */
  #admit(): void {
    let room = Math.max(QUEUED_AT_ONCE - (this.#queue.length - this.#next), LEAST_ADMITTED);
    for (const taker of this.#waiting) {
      if (room === 0) return;
      this.#waiting.delete(taker);
      // It may have heard of a leader by now.
      if (taker.deadline > this.#now()) this.#deadlines.update(taker);
      else {
        this.#wakeDue(taker);
        room -= 1;
      }
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
    this.#waiting.delete(taker);
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
    this.#admit();
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
