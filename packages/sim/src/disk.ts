/**
 * A server's disk: writes take time, become durable in order, and a crash loses those that were not
 * done. Of several in flight a crash may find any number done, always the oldest ones.
 */

import type { LogIndex, Milliseconds, Random, SnapshotMeta, Write } from '@quorate/core';
import { below } from './dice.ts';
import type { StoredLog } from './stored-log.ts';
import type { Time, Timer } from './time.ts';

/** How long the next write takes. */
export type WriteDuration = (random: Random) => Milliseconds;

interface Job {
  readonly change: (stored: StoredLog) => void;
  readonly onDurable: (() => void)[];
}

export class Disk {
  /** What a crash leaves for certain. */
  readonly durable: StoredLog;
  /** What will be there when all writes are done, if no crash comes between. */
  latest: StoredLog;
  readonly #time: Time;
  readonly #random: Random;
  readonly #writeDuration: WriteDuration;
  /** Oldest first; the disk is at work on the first `#atWork` of them. */
  #inFlight: Job[] = [];
  #atWork = 0;
  #timer: Timer | undefined;

  constructor(time: Time, random: Random, writeDuration: WriteDuration, stored: StoredLog) {
    this.#time = time;
    this.#random = random;
    this.#writeDuration = writeDuration;
    this.durable = stored;
    this.latest = stored.copy();
  }

  write(write: Write, snapshotData: Uint8Array | undefined, onDurable: () => void): void {
    this.#begin((stored) => stored.apply(write, snapshotData), onDurable);
  }

  /** Saves a snapshot of the own state machine. Leaves alone a newer one, which a leader sent. */
  saveSnapshot(snapshot: SnapshotMeta, data: Uint8Array, onDurable: () => void): void {
    this.#begin((stored) => {
      if (snapshot.index > stored.snapshot.index) stored.saveSnapshot(snapshot, data);
    }, onDurable);
  }

  /** Drops the entries before `firstIndex`, which a durable snapshot replaces. */
  dropBefore(firstIndex: LogIndex): void {
    this.durable.dropBefore(firstIndex);
    this.latest.dropBefore(firstIndex);
  }

  /** Runs `action` once all writes begun so far are durable: now, if they are. */
  afterWrites(action: () => void): void {
    const last = this.#inFlight.at(-1);
    if (last === undefined) action();
    else last.onDurable.push(action);
  }

  crash(): void {
    const done = below(this.#random, this.#inFlight.length + 1);
    for (const job of this.#inFlight.slice(0, done)) job.change(this.durable);
    this.#timer?.cancel();
    this.#atWork = 0;
    this.#inFlight = [];
    this.latest = this.durable.copy();
  }

  #begin(change: (stored: StoredLog) => void, onDurable: () => void): void {
    change(this.latest);
    this.#inFlight.push({ change, onDurable: [onDurable] });
    if (this.#atWork === 0) this.#work();
  }

  /** All that waits becomes durable together, as one sync does it. */
  #work(): void {
    this.#atWork = this.#inFlight.length;
    if (this.#atWork === 0) return;
    this.#timer = this.#time.after(this.#writeDuration(this.#random), () => {
      const done = this.#inFlight.splice(0, this.#atWork);
      this.#work();
      for (const { change, onDurable } of done) {
        change(this.durable);
        for (const action of onDurable) action();
      }
    });
  }
}
