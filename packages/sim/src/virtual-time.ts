/**
 * A clock that jumps from event to event, and tasks (plain async functions) that live on it.
 *
 * The order of everything follows from the order of the calls: events by (time, sequence), promise
 * continuations by the first-in-first-out rule of the language. So a run is the same on every
 * machine and in every engine, without a single real timer.
 *
 * Time goes on only when no task can run. To know that, every wait passes through `block`, and the
 * tasks that are not blocked are counted.
 */

import type { Milliseconds } from '@quorate/core';
import { EventQueue, type ScheduledEvent } from './event-queue.ts';
import type { Task, Time, Timer } from './time.ts';

/** Microtasks a task may use between two waits. One that needs more waits for something else. */
const MAX_MICROTASKS = 100_000;

/** Events of one run, far above what any needs. More means that something repeats itself for ever. */
const MAX_EVENTS = 5_000_000;

export class VirtualTime implements Time {
  readonly #queue = new EventQueue();
  #now: Milliseconds = 0;
  #sequence = 0;
  #events = 0;
  #runnableTasks = 0;
  #passing: Passing | undefined;
  #failure: { readonly error: unknown } | undefined;

  now(): Milliseconds {
    return this.#now;
  }

  after(delayMs: Milliseconds, action: () => void): Timer {
    const sequence = this.#sequence++;
    const event: ScheduledEvent = { at: this.#now + Math.max(0, delayMs), sequence, action };
    this.#queue.push(event);
    return {
      cancel: () => {
        event.action = undefined;
      },
    };
  }

  block<Value>(register: (wake: (value: Value) => void) => void): Promise<Value> {
    this.#runnableTasks--;
    if (this.#runnableTasks < 0) {
      throw new Error('one task waits for two things at once: use `together` or `spawn`');
    }
    return new Promise((resolve) => {
      let isAwake = false;
      register((value) => {
        if (isAwake) return;
        isAwake = true;
        this.#runnableTasks++;
        resolve(value);
      });
    });
  }

  spawn<Value>(body: () => Promise<Value>): VirtualTask<Value> {
    this.#runnableTasks++;
    return new VirtualTask(this, body, () => {
      this.#runnableTasks--;
    });
  }

  /** Runs `body` and every event it depends on; answers what it returns. */
  async run<Value>(body: () => Promise<Value>): Promise<Value> {
    const main = this.spawn(body);
    while (main.outcome === undefined && this.#failure === undefined) {
      if (this.#runnableTasks > 0) await this.#letTasksRun();
      else if (!this.#hasPassed()) this.#nextEvent();
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    return main.join();
  }

  /**
   * Waits until all that is due by `at` has happened, what follows from it included, and the clock
   * stands there. Ends before that when `isEnough`, which is asked after each event. One task at a
   * time may wait so.
   */
  pass(at: Milliseconds, isEnough: () => boolean = () => false): Promise<void> {
    return this.block<void>((wake) => {
      this.#passing = { at, isEnough, wake: () => wake() };
    });
  }

  /** Ends `run` with this error. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** Wakes the task that waits in `pass`, if its time has come. */
  #hasPassed(): boolean {
    const passing = this.#passing;
    if (passing === undefined) return false;
    const { at, isEnough, wake } = passing;
    const isOver = this.#queue.next === undefined || this.#queue.next.at > at;
    if (!isOver && !isEnough()) return false;
    if (isOver) this.#now = Math.max(this.#now, at);
    this.#passing = undefined;
    wake();
    return true;
  }

  #nextEvent(): void {
    const event = this.#queue.pop();
    if (event === undefined) throw new Error('every task waits, and nothing is going to happen');
    if (event.action === undefined) return;
    this.#events++;
    if (this.#events > MAX_EVENTS) throw new Error(`more than ${MAX_EVENTS} events`);
    this.#now = event.at;
    event.action();
  }

  async #letTasksRun(): Promise<void> {
    for (let spins = 0; this.#runnableTasks > 0; spins++) {
      if (spins > MAX_MICROTASKS)
        throw new Error('a task waits for something that is not of this clock');
      await undefined;
    }
  }
}

interface Passing {
  readonly at: Milliseconds;
  readonly isEnough: () => boolean;
  readonly wake: () => void;
}

type Outcome<Value> =
  | { readonly kind: 'returned'; readonly value: Value }
  | { readonly kind: 'threw'; readonly error: unknown };

class VirtualTask<Value> implements Task<Value> {
  readonly #time: VirtualTime;
  readonly #joiners: (() => void)[] = [];
  outcome: Outcome<Value> | undefined;

  constructor(time: VirtualTime, body: () => Promise<Value>, onEnd: () => void) {
    this.#time = time;
    const end = (outcome: Outcome<Value>): void => {
      this.outcome = outcome;
      for (const joiner of this.#joiners) joiner();
      // A failure that nobody waits for must not go unseen.
      if (outcome.kind === 'threw' && this.#joiners.length === 0) time.fail(outcome.error);
      onEnd();
    };
    body().then(
      (value) => end({ kind: 'returned', value }),
      (error: unknown) => end({ kind: 'threw', error }),
    );
  }

  async join(): Promise<Value> {
    if (this.outcome === undefined) {
      await this.#time.block<void>((wake) => this.#joiners.push(() => wake()));
    }
    const outcome = this.outcome!;
    if (outcome.kind === 'threw') throw outcome.error;
    return outcome.value;
  }
}
