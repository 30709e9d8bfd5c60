/** The state machine's side of a server: takes committed entries in order, in its own time (Figure 2). */

import {
  type Batch,
  type Configuration,
  type LogIndex,
  lastIndexOf,
  type SnapshotMeta,
} from '@quorate/core';
import type { Service } from './server-config.ts';

export interface ApplierConfig {
  readonly service: Service;
  /** Where the state machine stands. */
  readonly snapshot: SnapshotMeta;
  /** Runs `action` when the state machine has had the time for one piece of work. */
  readonly later: (action: () => void) => void;
  /** A batch is about to be applied. */
  readonly onBatch: (batch: Batch) => void;
  /** A piece of work is done. */
  readonly onApplied: (index: LogIndex) => void;
}

export class Applier {
  readonly #config: ApplierConfig;
  readonly #work: (() => void)[] = [];
  #appliedIndex: LogIndex;
  /** Configurations applied since the state was last restored, ascending. */
  #configurations: { readonly index: LogIndex; readonly configuration: Configuration }[];
  /** Who waits for an index, in the order of asking. */
  #waiting: { readonly index: LogIndex; readonly action: () => void }[] = [];

  constructor(config: ApplierConfig) {
    this.#config = config;
    this.#appliedIndex = config.snapshot.index;
    this.#configurations = [config.snapshot];
  }

  get appliedIndex(): LogIndex {
    return this.#appliedIndex;
  }

  apply(committed: readonly Batch[]): void {
    this.#enqueue(() => {
      const { onBatch, service } = this.#config;
      for (const batch of committed) {
        if (batch.kind === 'configuration') {
          const { firstIndex: index, configuration } = batch;
          this.#configurations.push({ index, configuration });
        }
        onBatch(batch);
        this.#appliedIndex = lastIndexOf(batch);
        service.apply(batch);
      }
    });
  }

  restore(snapshot: SnapshotMeta, data: Uint8Array): void {
    this.#enqueue(() => {
      this.#appliedIndex = snapshot.index;
      this.#configurations = [snapshot];
      this.#config.service.restore(snapshot, data);
    });
  }

  /** Runs `action` once the state machine stands at `index` or later: now, if it does. */
  whenApplied(index: LogIndex, action: () => void): void {
    if (index <= this.#appliedIndex) action();
    else this.#waiting.push({ index, action });
  }

  /** What was in force at an applied index. */
  configurationAt(index: LogIndex): Configuration {
    const applied = this.#configurations.findLast((entry) => entry.index <= index);
    if (applied === undefined) throw new RangeError(`entry ${index} was applied before a restore`);
    return applied.configuration;
  }

  #enqueue(work: () => void): void {
    this.#work.push(work);
    if (this.#work.length === 1) this.#next();
  }

  #next(): void {
    this.#config.later(() => {
      this.#work[0]!();
      this.#work.shift();
      this.#wakeWaiting();
      if (this.#work.length > 0) this.#next();
      this.#config.onApplied(this.#appliedIndex);
    });
  }

  #wakeWaiting(): void {
    if (this.#waiting.length === 0) return;
    const due = this.#waiting.filter(({ index }) => index <= this.#appliedIndex);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter(({ index }) => index > this.#appliedIndex);
    for (const { action } of due) action();
  }
}
