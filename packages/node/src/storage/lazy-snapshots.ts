import type { SnapshotMeta } from '@quorate/core';
import type { Prefix } from '@quorate/wire';
import type { SnapshotStore } from './storage.ts';

/** A snapshot store that is not made before there is a snapshot: most of many groups have none. */
export class LazySnapshots implements SnapshotStore {
  readonly #make: () => Promise<SnapshotStore>;
  #making: Promise<SnapshotStore> | undefined;
  #made: SnapshotStore | undefined;

  constructor(make: () => Promise<SnapshotStore>) {
    this.#make = make;
  }

  async create(snapshot: SnapshotMeta): ReturnType<SnapshotStore['create']> {
    return (await this.#store()).create(snapshot);
  }

  async unfinished(): ReturnType<SnapshotStore['unfinished']> {
    return this.#made?.unfinished();
  }

  async receive(snapshot: SnapshotMeta, after: Prefix): ReturnType<SnapshotStore['receive']> {
    return (await this.#store()).receive(snapshot, after);
  }

  latest(): SnapshotMeta | undefined {
    return this.#made?.latest();
  }

  open(snapshot: SnapshotMeta): AsyncIterable<Uint8Array> {
    if (this.#made === undefined) throw new RangeError(`there is no snapshot of ${snapshot.index}`);
    return this.#made.open(snapshot);
  }

  async removeOlderThan(snapshot: SnapshotMeta, except: readonly SnapshotMeta[]): Promise<void> {
    await this.#made?.removeOlderThan(snapshot, except);
  }

  async #store(): Promise<SnapshotStore> {
    this.#making ??= this.#make();
    this.#made = await this.#making;
    return this.#made;
  }
}
