/**
 * Hot path: one log for all groups of a host. What all of them ask for in one round becomes one record
 * of a log below (disk-log.ts), hence one sync; that log sees to torn writes, damage, files and a full
 * disk, and knows nothing of groups.
 *
 * A record can go when no group needs it or an older one. So that a group which has long been idle does
 * not keep all that others have written since, what it needs is written anew at the end, as soon as
 * most of the log is garbage. docs/adr/0009-one-log-for-all-groups.md says why that is cheap.
 */

import {
  bytesOf,
  type Configuration,
  configurationOf,
  type LogIndex,
  type LogReader,
  type Term,
} from '@quorate/core';
import type { RaftError } from '../../errors.ts';
import { DiskLog, type DiskLogOptions } from '../disk-log.ts';
import { DiskLogReader } from '../log-reader.ts';
import type { LogShape } from '../log-shape.ts';
import type { WriteListener } from '../storage.ts';
import { bytesOfPart, composeParts, type GroupPart } from './group-parts.ts';
import { GroupState } from './group-state.ts';
import { RecordSizes } from './record-sizes.ts';
import { contentOf, replayGroups } from './replay.ts';

export interface SharedLogOptions extends Omit<DiskLogOptions, 'initialConfiguration'> {
  /** Garbage that is left alone, in bytes. @default 33_554_432 (32 MiB) */
  readonly cleanBytes?: number;
  /** Groups that are not to be found in it any more. */
  readonly isRemoved: (group: number) => boolean;
  /** The log is dead. Called once. */
  readonly onFailure: (error: RaftError) => void;
}

const DEFAULT_CLEAN_BYTES = 33_554_432;
/** Moved with one record at most, besides one group however large: what is moved delays what is new. */
const MOST_MOVED_BYTES = 1_048_576;
/** The log below has no members of its own. */
const NOBODY = configurationOf([]);

interface Item {
  readonly state: GroupState;
  readonly part: GroupPart;
  readonly done: () => void;
  readonly failed: (error: RaftError) => void;
}

const NOBODY_WAITS = { done: () => {}, failed: () => {} };

/** A record on its way to the disk. */
interface Outgoing extends Pick<ReturnType<typeof composeParts>, 'locations'> {
  readonly record: number;
  readonly items: readonly Item[];
}

export class SharedLog implements WriteListener {
  readonly #disk: DiskLog;
  readonly #cleanBytes: number;
  readonly #onFailure: (error: RaftError) => void;
  readonly #states: Map<number, GroupState>;
  readonly #sizes: RecordSizes;
  #asked: Item[] = [];
  /** Of the entries in it. */
  #askedBytes = 0;
  readonly #outgoing: Outgoing[] = [];
  #lastRecord: number;
  /** Groups that need one of the oldest records: what they need is written anew. */
  #toMove: GroupState[] = [];
  #cleanedAt = 0;
  /** Some of what was asked for waits until what is on its way of the same group is durable. */
  #isHolding = false;
  /** Resolves when the records are gone that were let go of last. */
  #dropped: Promise<void> = Promise.resolve();
  #failure: RaftError | undefined;
  #waiting: { readonly state: GroupState; readonly resolve: () => void }[] = [];
  /** The record that was read last. */
  #read: { readonly record: number; readonly content: Uint8Array } | undefined;

  /** @throws {RaftError} `RAFT_STORAGE_CORRUPT` with file and offset. */
  static async open(
    options: SharedLogOptions,
  ): Promise<{ readonly log: SharedLog; readonly warnings: readonly string[] }> {
    const opened = await DiskLog.open({ ...options, initialConfiguration: NOBODY });
    const { shape, warnings } = opened.recovered;
    try {
      return { log: new SharedLog(opened.log, options, shape), warnings };
    } catch (error) {
      await opened.log.close();
      throw error;
    }
  }

  private constructor(disk: DiskLog, options: SharedLogOptions, records: LogShape) {
    const { directory, onFailure, isRemoved, cleanBytes = DEFAULT_CLEAN_BYTES } = options;
    const { lastIndex: lastRecord } = records;
    const base = records.base.index;
    this.#disk = disk;
    this.#cleanBytes = cleanBytes;
    this.#onFailure = onFailure;
    this.#lastRecord = lastRecord;
    const sizes = new RecordSizes(base, cleanBytes / 64);
    this.#sizes = sizes;
    const found = (record: number, byteLength: number) => sizes.add(record, byteLength);
    const { reader } = disk;
    this.#states = replayGroups({ reader, base, lastRecord, directory, isRemoved, found });
  }

  get bytesOnDisk(): number {
    return this.#disk.bytesOnDisk;
  }

  hasRoomFor(byteLength: number): boolean {
    return this.#disk.hasRoomFor(this.#askedBytes + byteLength);
  }

  /** The newest one, on its way or durable. */
  get lastRecord(): number {
    return this.#lastRecord;
  }

  /** Groups that have anything in the log. */
  groups(): readonly number[] {
    const withData = [...this.#states.values()].filter(({ neededFrom }) => neededFrom < Infinity);
    return withData.map(({ id }) => id).sort((a, b) => a - b);
  }

  /** A group's state; an empty one for a group that the log has not seen. */
  stateOf(group: number): GroupState {
    let state = this.#states.get(group);
    if (state === undefined) {
      state = new GroupState(group, false);
      this.#states.set(group, state);
    }
    return state;
  }

  has(group: number): boolean {
    const state = this.#states.get(group);
    return state !== undefined && !state.isNew;
  }

  /**
   * Nothing of this group is needed any more: it is not open, and was noted as removed. Resolves when
   * its records are gone, but for as much garbage as is left alone.
   */
  async forget(group: number): Promise<void> {
    const state = this.#states.get(group);
    if (state === undefined) return;
    this.#states.delete(group);
    this.#toMove = this.#toMove.filter((moving) => moving !== state);
    while (this.#failure === undefined) {
      this.#clean();
      // Now, and not with what others write some time.
      const [first] = this.#toMove;
      if (first === undefined) break;
      await this.settled(first);
    }
    await this.#dropped;
  }

  readerOf({ shape }: GroupState): LogReader {
    return new DiskLogReader(shape, {
      bytesAt: (record, offset, length) =>
        this.#contentOf(record).subarray(offset, offset + length),
      nameOf: (record) => `record ${record} of the shared log`,
    });
  }

  requireUsable(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** The group begins, with whatever is written of it first. */
  begin(state: GroupState, configuration: Configuration): void {
    state.begin(configuration, 0);
    this.repeatBeginning(state);
  }

  /** In one record with the snapshot that was just asked for, behind it. */
  repeatBeginning(state: GroupState): void {
    if (state.beginningPart !== undefined) this.ask(state, state.beginningPart, NOBODY_WAITS);
  }

  /** Takes note; `commit` writes it. `done` is called when it is durable, never from within. */
  ask(state: GroupState, part: GroupPart, waiting: Pick<Item, 'done' | 'failed'>): void {
    state.open += 1;
    this.#asked.push({ state, part, ...waiting });
    this.#askedBytes += batchBytes(part);
  }

  /** Writes all that was asked for, as one record. */
  commit(): void {
    if (this.#failure !== undefined) return;
    try {
      this.#commit();
    } catch (error) {
      // The disk has failed; or what is to be moved is not there any more as it was written.
      this.failed(error as RaftError);
    }
  }

  #commit(): void {
    const items = this.#toMove.length > 0 ? this.#withMoves(this.#asked) : this.#asked;
    if (items === this.#asked) this.#asked = [];
    this.#askedBytes = 0;
    for (const { part } of this.#asked) this.#askedBytes += batchBytes(part);
    this.#isHolding = this.#asked.length > 0;
    if (items.length === 0) return;
    const record = this.#lastRecord + 1;
    const { batch, locations } = composeParts(
      items.map(({ part }) => part),
      record,
    );
    this.#lastRecord = record;
    this.#sizes.add(record, batch.byteLength);
    this.#outgoing.push({ record, items, locations });
    const write = { sequence: record, hardState: undefined, batches: [batch], snapshot: undefined };
    if (this.#disk.write(write, this)) this.durable(record);
  }

  /** The log below has written the records up to this one. */
  durable(record: number): void {
    while (this.#outgoing[0] !== undefined && this.#outgoing[0].record <= record) {
      this.#settle(this.#outgoing.shift()!);
    }
    // What was held back need not wait for another round: there may be none for long.
    if (this.#isHolding) this.commit();
    if (this.#waiting.length > 0) this.#answerWaiting();
    if (this.#sizes.total - this.#cleanedAt >= this.#cleanBytes / 4) this.#clean();
  }

  failed(error: RaftError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    const items = [...this.#outgoing.flatMap((outgoing) => outgoing.items), ...this.#asked];
    for (const item of items) item.failed(error);
    for (const { listener } of this.#states.values()) listener?.failed(error);
    this.#answerWaiting();
    this.#onFailure(error);
  }

  /** Resolves when nothing of this group is on its way any more. */
  async settled(state: GroupState): Promise<void> {
    this.commit();
    if (state.open === 0 || this.#failure !== undefined) return;
    await new Promise<void>((resolve) => this.#waiting.push({ state, resolve }));
  }

  async close(): Promise<void> {
    for (const state of this.#states.values()) await this.settled(state);
    await this.#disk.close();
  }

  #settle({ record, items, locations }: Outgoing): void {
    for (const [at, { state, part, done }] of items.entries()) {
      if (part.kind === 'write') state.applyWrite(part.write, locations[at]!, record);
      else if (part.kind === 'compaction') state.applyCompaction(part.compaction, record);
      else state.begin(part.configuration, record);
      state.open -= 1;
      done();
    }
  }

  #answerWaiting(): void {
    const isOver = ({ open }: GroupState) => open === 0 || this.#failure !== undefined;
    for (const { state, resolve } of this.#waiting) if (isOver(state)) resolve();
    this.#waiting = this.#waiting.filter(({ state }) => !isOver(state));
  }

  /**
   * Lets go of the records that nobody needs. When those that are left are mostly garbage, whoever
   * needs one of the older half has it moved: then that half can go.
   */
  #clean(): void {
    this.#cleanedAt = this.#sizes.total;
    let floor = this.#lastRecord + 1;
    let liveBytes = 0;
    for (const { neededFrom, shape } of this.#states.values()) {
      if (neededFrom < floor) floor = neededFrom;
      liveBytes += shape.batches.byteLength;
    }
    this.#dropBefore(Math.min(floor, this.#outgoing[0]?.record ?? floor));
    const length = this.#sizes.since(floor);
    if (length < this.#cleanBytes + 2 * liveBytes || this.#toMove.length > 0) return;
    const middle = this.#sizes.recordAfter(floor, length / 2);
    this.#toMove = [...this.#states.values()].filter(({ neededFrom }) => neededFrom < middle);
  }

  #dropBefore(record: number): void {
    const index = (record - 1) as LogIndex;
    if (index <= this.#sizes.base) return;
    this.#sizes.dropThrough(index);
    const snapshot = { index, term: 1 as Term, configuration: NOBODY };
    const dropped = this.#disk.compact(snapshot, index);
    this.#dropped = dropped.catch((error: RaftError) => this.failed(error));
  }

  /**
   * What is to be moved, in front of what was asked for. A group is moved when nothing of it is on its
   * way; what it has asked for meanwhile waits for that, so that the order of its parts stays.
   */
  #withMoves(asked: readonly Item[]): Item[] {
    const now: Item[] = [];
    const later: Item[] = [];
    const askedOf = new Map<GroupState, number>();
    for (const { state } of asked) askedOf.set(state, (askedOf.get(state) ?? 0) + 1);
    let bytes = 0;
    const left: GroupState[] = [];
    const held = new Set<GroupState>();
    for (const state of this.#toMove) {
      const isOnItsWay = state.open > (askedOf.get(state) ?? 0);
      if (isOnItsWay || bytes > MOST_MOVED_BYTES) {
        left.push(state);
        if (isOnItsWay && bytes <= MOST_MOVED_BYTES) held.add(state);
        continue;
      }
      const reader = this.readerOf(state);
      const read = (from: LogIndex, through: LogIndex) => reader.read(from, through, Infinity);
      for (const part of state.partsToMove(read)) {
        bytes += bytesOfPart(part);
        state.open += 1;
        now.push({ state, part, ...NOBODY_WAITS });
      }
    }
    this.#toMove = left;
    for (const item of asked) (held.has(item.state) ? later : now).push(item);
    this.#asked = later;
    return now;
  }

  #contentOf(record: number): Uint8Array {
    if (this.#read?.record === record) return this.#read.content;
    const index = record as LogIndex;
    const [batch] = this.#disk.reader.read(index, index, Infinity);
    const content = contentOf(batch);
    this.#read = { record, content };
    return content;
  }
}

const batchBytes = (part: GroupPart): number =>
  part.kind === 'write' ? bytesOf(part.write.batches) : 0;
