/**
 * A server's disk: writes take time, become durable in order, and a crash loses those that were not
 * done. Of several in flight a crash may find any number done, always the oldest ones, and the next
 * one torn. A write or a sync may fail, and what was stored may rot.
 */

import type {
  Batch,
  LogIndex,
  Milliseconds,
  NodeId,
  Random,
  SnapshotMeta,
  Term,
  Write,
} from '@quorate/core';
import { below } from './dice.ts';
import { isFlippedBitNoticed, isTornTailNoticed } from './record.ts';
import type { StoredLog } from './stored-log.ts';
import type { Time, Timer } from './time.ts';

/** How long the next write takes. */
export type WriteDuration = (random: Random) => Milliseconds;

/** `write`: the next write is refused. `sync`: the next sync fails, and what it was for may be lost. */
export type DiskFailure = 'write' | 'sync';

/** What a disk does that its server, or who watches, must know. */
export interface DiskEvents {
  /** A write or a sync failed. The server must end: what it was for may be lost (hazard 26). */
  failed(failure: DiskFailure): void;
  /** Of a crash: writes that were under way and are lost; the oldest of them may be half there. */
  lostWrites(count: number, isTorn: boolean): void;
}

/** Which part of what is stored has rotted. */
export type Rot =
  | { readonly kind: 'entries'; readonly first: LogIndex; readonly last: LogIndex }
  | { readonly kind: 'hardState' };

/** What has come of a snapshot that a leader is sending. */
export interface UnfinishedSnapshot {
  readonly index: LogIndex;
  readonly term: Term;
  /** Who sent it. */
  readonly from: NodeId;
  readonly bytes: Uint8Array;
}

interface Job {
  readonly change: (stored: StoredLog) => void;
  /** The write in the log; undefined for a snapshot, which is a file of its own. */
  readonly write: Write | undefined;
  readonly onDurable: (() => void)[];
}

export class Disk {
  /** What a crash leaves for certain. */
  readonly durable: StoredLog;
  /** What will be there when all writes are done, if no crash comes between. */
  latest: StoredLog;
  writeDuration: WriteDuration;
  /** It is not synced on the way: a crash may leave less of it. */
  unfinished: UnfinishedSnapshot | undefined;
  readonly #time: Time;
  readonly #random: Random;
  /** Oldest first; the disk is at work on the first `#atWork` of them. */
  #inFlight: Job[] = [];
  #atWork = 0;
  /** As many of them, the oldest, a crash leaves done for certain. */
  #firm = 0;
  #work: { readonly doneAt: Milliseconds; timer: Timer } | undefined;
  #stalledUntil: Milliseconds = -Infinity;
  #willFail: DiskFailure | undefined;
  #rot: Rot | undefined;
  /** After a failure, until another server is attached: it takes nothing, and promises nothing. */
  #hasFailed = false;
  #events: DiskEvents = { failed: () => {}, lostWrites: () => {} };

  constructor(time: Time, random: Random, writeDuration: WriteDuration, stored: StoredLog) {
    this.#time = time;
    this.#random = random;
    this.writeDuration = writeDuration;
    this.durable = stored;
    this.latest = stored.copy();
  }

  /** The server that runs on it. */
  attach(events: DiskEvents): void {
    this.#events = events;
    this.#hasFailed = false;
  }

  write(write: Write, snapshotData: Uint8Array | undefined, onDurable: () => void): void {
    this.#begin((stored) => stored.apply(write, snapshotData), write, onDurable);
  }

  /** Saves a snapshot of the own state machine. Leaves alone a newer one, which a leader sent. */
  saveSnapshot(snapshot: SnapshotMeta, data: Uint8Array, onDurable: () => void): void {
    const change = (stored: StoredLog) => {
      if (snapshot.index > stored.snapshot.index) stored.saveSnapshot(snapshot, data);
    };
    this.#begin(change, undefined, onDurable);
  }

  /** Drops the entries before `firstIndex`, which a durable snapshot replaces. */
  dropBefore(firstIndex: LogIndex): void {
    this.latest.dropBefore(firstIndex);
    // Writes that are under way may replace what still lies there.
    this.afterWrites(() => {
      this.durable.dropBefore(firstIndex);
      if (this.#rot?.kind === 'entries' && this.#rot.last < firstIndex) this.#rot = undefined;
    });
  }

  /** Entries for a slow follower, or undefined: the disk cannot read them. */
  read(from: LogIndex, through: LogIndex, maxBytes: number): readonly Batch[] | undefined {
    const batches = this.durable.read(from, through, maxBytes);
    const last = batches.at(-1);
    const rot = this.#rot;
    if (rot?.kind !== 'entries' || last === undefined) return batches;
    const end = last.firstIndex + last.count - 1;
    return rot.last < from || rot.first > end ? batches : undefined;
  }

  /** Runs `action` once all writes begun so far are durable: now, if they are. */
  afterWrites(action: () => void): void {
    if (this.#hasFailed) return;
    const last = this.#inFlight.at(-1);
    if (last === undefined) action();
    else last.onDurable.push(action);
  }

  /** Whatever a crash may lose, it is not what has been begun so far. */
  makeFirm(): void {
    this.#firm = this.#inFlight.length;
  }

  /** What it is at work on is durable now; what was written meanwhile is next. False: it is idle. */
  finishNow(): boolean {
    if (this.#work === undefined) return false;
    this.#work.timer.cancel();
    this.#finish();
    return true;
  }

  /** For so long nothing becomes durable, also what is under way. */
  stall(forMs: Milliseconds): void {
    this.#stalledUntil = Math.max(this.#stalledUntil, this.#time.now() + forMs);
    if (this.#work === undefined || this.#work.doneAt >= this.#stalledUntil) return;
    this.#work.timer.cancel();
    this.#finishAt(this.#stalledUntil);
  }

  /** The next write or sync fails; later ones do not. */
  failNext(failure: DiskFailure): void {
    this.#willFail = failure;
  }

  get rot(): Rot | undefined {
    return this.#rot;
  }

  /**
   * One bit turns in something that is stored: which, and in it where, `place` and `bit` say, both in
   * [0, 1). Only one place of a disk is rotten at a time. Answers false if nothing is stored.
   */
  flipBit(place: number, bit: number): boolean {
    const { batches, hardState } = this.durable;
    if (this.#rot !== undefined || hardState.term === 0) return false;
    // As many places as batches, and one for the hard state.
    const batch = batches[Math.floor(place * (batches.length + 1))];
    const record = {
      hardState: batch === undefined ? hardState : undefined,
      batches: batch === undefined ? [] : [batch],
      snapshot: undefined,
    };
    if (!isFlippedBitNoticed(record, bit)) throw new Error('a flipped bit went unnoticed');
    if (batch === undefined) this.#rot = { kind: 'hardState' };
    else {
      const last = (batch.firstIndex + batch.count - 1) as LogIndex;
      this.#rot = { kind: 'entries', first: batch.firstIndex, last };
    }
    return true;
  }

  /** It was the cable: what is read is what was written again. */
  repair(): void {
    this.#rot = undefined;
    this.#willFail = undefined;
    this.#stalledUntil = -Infinity;
  }

  /** @param survivors How many of the writes in flight are done, the oldest ones; drawn by default. */
  crash(survivors?: number): void {
    const lost = this.#loseSome(survivors ?? this.#drawSurvivors());
    // A part of the oldest lost write may be there; a checksum says so, and it counts as lost.
    const torn = lost[0]?.write;
    const isTorn = torn !== undefined && this.#random() < 0.5;
    if (isTorn && !isTornTailNoticed(torn, this.#random())) {
      throw new Error('a torn write went unnoticed');
    }
    if (lost.length > 0) this.#events.lostWrites(lost.length, isTorn);
  }

  #drawSurvivors(): number {
    return this.#firm + below(this.#random, this.#inFlight.length - this.#firm + 1);
  }

  /** The oldest `done` of the writes in flight are done; the others are gone. */
  #loseSome(done: number): readonly Job[] {
    const lost = this.#inFlight.slice(done);
    for (const job of this.#inFlight.slice(0, done)) job.change(this.durable);
    this.#work?.timer.cancel();
    this.#work = undefined;
    this.#atWork = 0;
    this.#firm = 0;
    this.#inFlight = [];
    this.latest = this.durable.copy();
    if (this.unfinished !== undefined) {
      const { bytes } = this.unfinished;
      const kept = bytes.subarray(0, below(this.#random, bytes.byteLength + 1));
      this.unfinished = { ...this.unfinished, bytes: kept };
    }
    return lost;
  }

  #begin(change: Job['change'], write: Write | undefined, onDurable: () => void): void {
    if (this.#hasFailed) return;
    if (this.#willFail === 'write') {
      this.#fail();
      return;
    }
    change(this.latest);
    this.#inFlight.push({ change, write, onDurable: [onDurable] });
    if (this.#work === undefined) this.#sync();
  }

  /** All that waits becomes durable together, as one sync does it. */
  #sync(): void {
    this.#atWork = this.#inFlight.length;
    if (this.#atWork === 0) return;
    const doneAt = this.#time.now() + this.writeDuration(this.#random);
    this.#finishAt(Math.max(doneAt, this.#stalledUntil));
  }

  #finishAt(doneAt: Milliseconds): void {
    const timer = this.#time.after(doneAt - this.#time.now(), () => this.#finish());
    this.#work = { doneAt, timer };
  }

  #finish(): void {
    this.#work = undefined;
    if (this.#willFail === 'sync') {
      this.#fail();
      return;
    }
    const done = this.#inFlight.splice(0, this.#atWork);
    this.#firm = Math.max(0, this.#firm - done.length);
    this.#sync();
    for (const { change, onDurable } of done) {
      change(this.durable);
      for (const action of onDurable) action();
    }
  }

  /** Nobody may be told that what was under way is durable: some of it may be, some is lost. */
  #fail(): void {
    const failure = this.#willFail!;
    this.#willFail = undefined;
    this.#hasFailed = true;
    this.#loseSome(this.#drawSurvivors());
    this.#events.failed(failure);
  }
}
