/** What a shared log knows of one group. */

import { type Configuration, configurationOf, type LogIndex, nextIndex } from '@quorate/core';
import type { Compaction, StoredWrite } from '@quorate/wire';
import { locationsIn } from '../batch-locations.ts';
import type { BatchLocation } from '../batch-table.ts';
import { LogShape } from '../log-shape.ts';
import type { WriteListener } from '../storage.ts';
import type { FoundPart, GroupPart } from './group-parts.ts';

/** Until the group's first part says with whom it begins. */
const UNKNOWN = configurationOf([]);

export class GroupState {
  readonly id: number;
  readonly shape: LogShape;
  /**
   * With whom the group began, for ever: two hosts that say different things of that have two groups.
   * Without voters: unknown, or nobody, because it is to be added.
   */
  beginning: Configuration = UNKNOWN;
  /**
   * The records that hold its newest hard state, its newest snapshot or base, and its beginning. 0: it
   * has none.
   */
  #hardStateAt = 0;
  #snapshotAt = 0;
  #beginningAt = 0;
  /** Parts that are asked for and not yet durable. */
  open = 0;
  /** Who hears of the log's failure; undefined while the group is not open. */
  listener: WriteListener | undefined;

  /** @param mayBeginAnywhere The records before the first one of the log may have held some of it. */
  constructor(id: number, mayBeginAnywhere: boolean) {
    this.id = id;
    this.shape = new LogShape(UNKNOWN, mayBeginAnywhere);
  }

  /** The oldest record that is still needed; Infinity when none is. */
  get neededFrom(): number {
    const { batches } = this.shape;
    const first = batches.length > 0 ? batches.at(0).segment : Infinity;
    const hardState = this.#hardStateAt || Infinity;
    const beginning = this.#beginningAt || Infinity;
    return Math.min(first, hardState, beginning, this.#snapshotAt || Infinity);
  }

  applyWrite(write: StoredWrite, locations: readonly BatchLocation[], record: number): void {
    this.shape.applyWrite(write, locations);
    if (write.hardState !== undefined) this.#hardStateAt = record;
    if (write.snapshot !== undefined) this.#snapshotAt = record;
  }

  applyCompaction(compaction: Compaction, record: number): void {
    this.shape.applyCompaction(compaction);
    this.#snapshotAt = record;
    this.shape.dropThroughBase();
  }

  /** With whom the group begins; in force if no snapshot has replaced that. */
  begin(configuration: Configuration, record: number): void {
    this.beginning = configuration;
    this.#beginningAt = record;
    const { snapshot } = this.shape;
    if (snapshot.index > 0) return;
    this.shape.snapshot = { ...snapshot, configuration };
    // It may have no entry yet, and none for long: it waits to be added, or for a majority.
    this.shape.begins();
  }

  /** To be written behind each snapshot, so that neither keeps the record of the other. */
  get beginningPart(): GroupPart | undefined {
    const { id: group, beginning: configuration } = this;
    return configuration === UNKNOWN ? undefined : { group, kind: 'beginning', configuration };
  }

  /** While the log is replayed, entries that are needed may not have come yet. */
  replay(part: FoundPart, record: number): void {
    if (part.kind === 'beginning') {
      this.begin(part.configuration, record);
    } else if (part.kind === 'compaction') {
      this.shape.applyCompaction(part.compaction);
      this.#snapshotAt = record;
    } else {
      this.applyWrite(part.write, locationsIn(part, record, 0), record);
    }
  }

  /** Nothing is known of it, nor has anything been asked for. */
  get isNew(): boolean {
    return this.neededFrom === Infinity && this.open === 0;
  }

  /** It has neither promised nor heard anything: it may as well begin with others. */
  get isUntouched(): boolean {
    const { hardState, lastIndex, snapshot } = this.shape;
    return hardState.term === 0 && lastIndex === 0 && snapshot.index === 0 && this.open === 0;
  }

  /** Everything that is still needed, to be written in one piece: replayed alone it gives the same. */
  partsToMove(read: (from: LogIndex, through: LogIndex) => StoredWrite['batches']): GroupPart[] {
    const { id: group, shape } = this;
    const { hardState, snapshot, base, lastIndex } = shape;
    const first = nextIndex(base.index);
    const batches = first > lastIndex ? [] : read(first, lastIndex);
    const write = { hardState, batches, snapshot: undefined };
    const parts: GroupPart[] = [{ group, kind: 'write', write }];
    if (snapshot.index > 0)
      parts.push({ group, kind: 'compaction', compaction: { snapshot, base } });
    if (this.beginningPart !== undefined) parts.push(this.beginningPart);
    return parts;
  }
}
