/**
 * What a cluster needs of time, so that the same servers, networks and tests run in virtual time and
 * in real time. `VirtualTime` is the deterministic one; the real one belongs to whoever may touch
 * the world (`scripts/lab.mjs`).
 */

import type { Milliseconds } from '@quorate/core';

export interface Time {
  now(): Milliseconds;
  /** Runs `action` once, `delayMs` from now, or at the next chance when that is 0. */
  after(delayMs: Milliseconds, action: () => void): Timer;
  /**
   * Suspends the calling task until `wake` is called; further calls do nothing. Every wait in a task
   * must end up here: virtual time goes on only when all tasks are blocked.
   */
  block<Value>(register: (wake: (value: Value) => void) => void): Promise<Value>;
  /** Starts a task beside the calling one. Its failure is rethrown by `join`. */
  spawn<Value>(body: () => Promise<Value>): Task<Value>;
}

export interface Timer {
  cancel(): void;
}

export interface Task<Value> {
  join(): Promise<Value>;
}

export function sleep(time: Time, delayMs: Milliseconds): Promise<void> {
  return time.block((wake) => {
    time.after(delayMs, () => wake(undefined));
  });
}

/** Runs the bodies side by side and answers their results in order. */
export async function together<Value>(
  time: Time,
  bodies: readonly (() => Promise<Value>)[],
): Promise<Value[]> {
  const tasks = bodies.map((body) => time.spawn(body));
  const values: Value[] = [];
  for (const task of tasks) values.push(await task.join());
  return values;
}

/** Waits until `condition` holds; answers false when `timeoutMs` pass before. Looks every `everyMs`. */
export async function waitUntil(
  time: Time,
  condition: () => boolean,
  timeoutMs: Milliseconds,
  everyMs: Milliseconds,
): Promise<boolean> {
  const end = time.now() + timeoutMs;
  while (!condition()) {
    if (time.now() >= end) return false;
    await sleep(time, everyMs);
  }
  return true;
}
