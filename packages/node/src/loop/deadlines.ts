/**
 * Who is to be woken next: a binary heap with a place for each that waits for a time.
 *
 * Hot: a busy leader moves its deadline with every batch it sends. So whoever waits stays where it
 * is when its deadline moves away, and is asked again when its place has come. Those that wait for
 * nothing, as idle groups do, have no place.
 */

import type { Milliseconds } from '@quorate/core';

/** Waits for a time. */
export interface Sleeper {
  /** Infinity: waits for nothing. */
  readonly deadline: Milliseconds;
  /**
   * Where it has its place; Infinity at first and when it has none. An older place, which came too late
   * for a nearer deadline, is stale. Kept here and not in a map, because it is asked for once a turn.
   */
  placedAt: Milliseconds;
}

interface Place<Who> {
  readonly who: Who;
  readonly at: Milliseconds;
}

export class Deadlines<Who extends Sleeper> {
  readonly #heap: Place<Who>[] = [];
  /** Who has a place that is not stale. */
  #count = 0;

  /** When to call `takeDue`. May be early; Infinity when nobody waits. */
  get next(): Milliseconds {
    return this.#heap[0]?.at ?? Infinity;
  }

  /** Nobody waits for a time. */
  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** `who.deadline` may have changed. */
  update(who: Who): void {
    const { deadline } = who;
    if (deadline >= who.placedAt) return;
    if (who.placedAt === Infinity) this.#count += 1;
    who.placedAt = deadline;
    this.#heap.push({ who, at: deadline });
    this.#rise(this.#heap.length - 1);
  }

  /** Waits no more. */
  remove(who: Who): void {
    this.#giveUpPlace(who);
    // What is left is stale, and nobody shall be woken for it.
    if (this.isEmpty) this.#heap.length = 0;
  }

  /** Those whose deadline has come, earliest first. Each has to be updated to be woken again. */
  takeDue(now: Milliseconds): Who[] {
    const due: Who[] = [];
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.at > now) return due;
      this.#removeFirst();
      const { who, at } = first;
      if (who.placedAt !== at) continue;
      this.#giveUpPlace(who);
      if (who.deadline <= now) due.push(who);
      else this.update(who);
    }
  }

  #giveUpPlace(who: Who): void {
    if (who.placedAt < Infinity) this.#count -= 1;
    who.placedAt = Infinity;
  }

  #rise(from: number): void {
    const heap = this.#heap;
    const place = heap[from] as Place<Who>;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = heap[parent] as Place<Who>;
      if (above.at <= place.at) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = place;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop() as Place<Who>;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && right.at < (heap[child] as Place<Who>).at) child += 1;
      const below = heap[child] as Place<Who>;
      if (below.at >= last.at) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}
