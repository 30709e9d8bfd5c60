/**
 * Applies what is committed, in log order, behind the loop's back: acknowledgements to peers have
 * left before, and a long queue is worked off in portions between which the loop gets its turns.
 *
 * Hot: runs once a portion, never once an entry.
 */

import {
  type Batch,
  batchFrom,
  batchThrough,
  type CommandBatch,
  indexAfter,
  type LogIndex,
  lastIndexOf,
  type Milliseconds,
  previousIndex,
  type SnapshotMeta,
} from '@quorate/core';
import type { AppliedRange } from '../calls/placed-proposals.ts';
import type { StateMachine } from '../state-machine.ts';
import { CommittedBatch } from './committed-batch.ts';

/**
 * Commands in one call of `apply`: enough to be worth a transaction. Few, because those whose
 * results are told propose again, and it is better that they do so while the rest is applied.
 */
const MAX_PORTION = 256;
/** How long portions may follow one another before others get a turn. */
const TIME_SLICE_MS = 0.5;

export interface ApplyObserver<Result> {
  /** @param results Holds the result of the entry at `range.firstIndex` at position `resultsFrom`. */
  applied(range: AppliedRange, results: readonly Result[], resultsFrom: number): void;
  /** The machine stands at `index` and is between two calls. */
  reached(index: LogIndex): void;
  /** The machine's state was replaced. */
  restored(snapshot: SnapshotMeta): void;
  /** The machine failed. Nothing more will be applied. */
  failed(error: unknown): void;
}

type Work = Batch | { readonly kind: 'restore'; readonly snapshot: SnapshotMeta };

const NOTHING: readonly never[] = [];

export class Applier<Result> {
  readonly #machine: StateMachine<Result>;
  readonly #observer: ApplyObserver<Result>;
  readonly #openSnapshot: (snapshot: SnapshotMeta) => AsyncIterable<Uint8Array>;
  readonly #now: () => Milliseconds;
  readonly #pauseEvery: number;
  #work: readonly Work[] = NOTHING;
  /** The call of the machine that is under way; undefined between two calls. */
  #running: Promise<void> | undefined;
  #isStopped = false;
  #appliedIndex: LogIndex;

  /**
   * @param from.appliedIndex Where the machine stands.
   * @param from.pauseEvery No portion crosses a multiple of this index, so that `reached` tells of
   *   each: the places for snapshots.
   */
  constructor(from: {
    readonly machine: StateMachine<Result>;
    readonly observer: ApplyObserver<Result>;
    readonly openSnapshot: (snapshot: SnapshotMeta) => AsyncIterable<Uint8Array>;
    readonly now: () => Milliseconds;
    readonly appliedIndex: LogIndex;
    readonly pauseEvery: number;
  }) {
    this.#machine = from.machine;
    this.#observer = from.observer;
    this.#openSnapshot = from.openSnapshot;
    this.#now = from.now;
    this.#pauseEvery = from.pauseEvery;
    this.#appliedIndex = from.appliedIndex;
  }

  get appliedIndex(): LogIndex {
    return this.#appliedIndex;
  }

  /** Nothing waits to be applied. */
  get isIdle(): boolean {
    return this.#work.length === 0;
  }

  /** Takes note; `run` does it. */
  enqueue(batches: readonly Batch[]): void {
    if (this.#work.length === 0) this.#work = batches;
    else if (batches.length > 0) this.#work = this.#work.concat(batches);
  }

  restore(snapshot: SnapshotMeta): void {
    this.#work = [...this.#work, { kind: 'restore', snapshot }];
  }

  /** Resolves when no call of the machine is under way. */
  async betweenCalls(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Nothing more is applied. Resolves when the machine is not being called any more. */
  stop(): Promise<void> {
    this.#isStopped = true;
    return this.betweenCalls();
  }

  /** Works off the queue for one time slice. Once begun, the rest follows by itself. */
  readonly run = (): void => {
    const began = this.#now();
    while (this.#running === undefined && this.#work.length > 0 && !this.#isStopped) {
      this.#running = this.#startNext()?.catch(this.#fail).then(this.#goOn);
      if (this.#now() - began > TIME_SLICE_MS) {
        if (this.#running === undefined) setImmediate(this.run);
        return;
      }
    }
  };

  readonly #goOn = (): void => {
    this.#running = undefined;
    setImmediate(this.run);
  };

  readonly #fail = (error: unknown): void => {
    this.#isStopped = true;
    this.#observer.failed(error);
  };

  /** One call of the machine. Answers a promise when the machine takes its time. */
  #startNext(): Promise<void> | undefined {
    const first = this.#work[0] as Work;
    if (first.kind === 'restore') {
      this.#work = this.#work.slice(1);
      return this.#restore(first.snapshot);
    }
    const portion = this.#takePortion();
    const commands = commandsOf(portion);
    if (commands.length === 0) {
      this.#finish(portion, []);
      return undefined;
    }
    try {
      const results = this.#machine.apply(commands);
      if (results instanceof Promise) return results.then((late) => this.#finish(portion, late));
      this.#finish(portion, results as readonly Result[]);
    } catch (error) {
      this.#fail(error);
    }
    return undefined;
  }

  #takePortion(): readonly Batch[] {
    let room = Math.min(MAX_PORTION, this.#pauseEvery - (this.#appliedIndex % this.#pauseEvery));
    const first = this.#work[0] as Batch;
    if (this.#work.length === 1 && first.count <= room) {
      this.#work = NOTHING;
      return [first];
    }
    const portion: Batch[] = [];
    let cutOff: Batch | undefined;
    let taken = 0;
    for (const next of this.#work) {
      if (next.kind === 'restore' || room === 0) break;
      taken += 1;
      if (next.count > room) {
        const cut = indexAfter(next.firstIndex, room);
        portion.push(batchThrough(next, previousIndex(cut)));
        cutOff = batchFrom(next, cut);
        break;
      }
      portion.push(next);
      room -= next.count;
    }
    const left = this.#work.slice(taken);
    this.#work = cutOff === undefined ? left : [cutOff, ...left];
    return portion;
  }

  #finish(portion: readonly Batch[], results: readonly Result[]): void {
    let expected = 0;
    for (const batch of portion) if (batch.kind === 'commands') expected += batch.count;
    if (results.length !== expected) {
      throw new RangeError(`apply answered ${results.length} results for ${expected} commands`);
    }
    let resultsFrom = 0;
    for (const batch of portion) {
      const { firstIndex, term } = batch;
      const range = { firstIndex, lastIndex: lastIndexOf(batch), term };
      const hasResults = batch.kind === 'commands';
      this.#observer.applied(range, hasResults ? results : [], resultsFrom);
      if (hasResults) resultsFrom += batch.count;
    }
    this.#appliedIndex = lastIndexOf(portion[portion.length - 1] as Batch);
    this.#observer.reached(this.#appliedIndex);
  }

  async #restore(snapshot: SnapshotMeta): Promise<void> {
    await this.#machine.restore(snapshot.index, this.#openSnapshot(snapshot));
    this.#appliedIndex = snapshot.index;
    this.#observer.restored(snapshot);
  }
}

const isOfCommands = (batch: Batch): batch is CommandBatch => batch.kind === 'commands';

function commandsOf(portion: readonly Batch[]): CommittedBatch[] {
  const commands = portion.every(isOfCommands) ? portion : portion.filter(isOfCommands);
  return commands.map((batch) => new CommittedBatch(batch));
}
