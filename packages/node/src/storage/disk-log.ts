/**
 * Hot path: the log on disk (bench/log.mjs measures it).
 *
 * One record, hence one durable write, at a time. What is asked for meanwhile is combined into the
 * next record, so a slow disk makes larger writes instead of a longer queue. A small write with
 * nothing before it is made synchronously: 100 µs less than through Node's thread pool, at the
 * price of a blocked event loop, and therefore not while the disk is slow.
 */

import type { Configuration, LogIndex, SnapshotMeta, Write } from '@quorate/core';
import { type Compaction, encodedWriteSize } from '@quorate/wire';
import { RaftError } from '../errors.ts';
import { diskError } from './disk-errors.ts';
import { type FileSystem, nodeFileSystem, orClose, writeAll, writeAllSync } from './file-system.ts';
import { RESERVE_ON_DISK_BYTES } from './free-space.ts';
import { recordBytes, SEGMENT_HEADER_BYTES } from './log-format.ts';
import { DiskLogReader, filesOf } from './log-reader.ts';
import type { LogShape } from './log-shape.ts';
import { type ComposedRecord, composeRecord, contentBytesOf } from './record-composer.ts';
import { noteLastIndex, type RecoveredLog, recoverLog, type Segment } from './recovery.ts';
import { type SegmentFile, SegmentSupply } from './segment-supply.ts';
import type { Log, WriteListener } from './storage.ts';

export interface DiskLogOptions {
  readonly directory: string;
  readonly initialConfiguration: Configuration;
  /** 32 random bits of this directory. */
  readonly salt: number;
  readonly segmentBytes?: number;
  readonly syncWriteBytes?: number;
  readonly fileSystem?: FileSystem;
  /**
   * Not 0: a state machine writes what it is given to the same disk, and so much is left to it. What
   * is allocated for the log is then not room enough. @default 0
   */
  readonly machineReserveBytes?: number;
}

/** The first file: all that an idle server ever fills. Each next one is twice as large. */
const FIRST_SEGMENT_BYTES = 1_048_576;
const DEFAULT_SEGMENT_BYTES = 67_108_864;
const DEFAULT_SYNC_WRITE_BYTES = 131_072;

/**
 * More is not combined: with its headers it goes to the disk at once (durable-file.ts), and a larger
 * write delays those who wait for its first part.
 */
const MOST_COMBINED_BYTES = 1_044_480;

/**
 * Small writes are synchronous while they take less than this on average. A rare slow one is the
 * disk's tail, which a thread could not shorten; a disk that is slow throughout would block the
 * event loop most of the time.
 */
const SLOW_WRITE_MS = 3;
/** How many writes the average remembers, more or less. */
const AVERAGED_WRITES = 16;

/**
 * Records that are larger than this on average are written into a growing file: filling it first
 * would write everything twice, and saves them little.
 */
const BULK_RECORD_BYTES = 32_768;

/** Of an allocated file, kept for votes and compactions when the disk is full. */
const RESERVE_BYTES = 262_144;

type Item =
  | { readonly kind: 'write'; readonly write: Write; readonly listener: WriteListener }
  | {
      readonly kind: 'compaction';
      readonly compaction: Compaction;
      readonly resolve: () => void;
      readonly reject: (error: RaftError) => void;
    };

/** A record on its way to the disk, and what to note when it is there. */
interface Outgoing {
  readonly record: ComposedRecord;
  readonly segment: Segment;
  readonly position: number;
  readonly items: readonly Item[];
}

export class DiskLog implements Log {
  readonly reader: DiskLogReader;
  readonly #options: Required<DiskLogOptions>;
  readonly #shape: LogShape;
  readonly #segments: Segment[];
  readonly #supply: SegmentSupply;
  /** Where the next record goes in the last segment, and what it is called. */
  #position: number;
  #nextRecord: number;
  #lastChecksum: number;
  readonly #queue: Item[] = [];
  /** Of what was asked for and is not durable. */
  #waitingBytes = 0;
  /** The asynchronous writing while it lasts. */
  #draining: Promise<void> | undefined;
  /** Of small writes, synchronous or not, so that it also shows when the disk is fast again. */
  #averageWriteMs = 0;
  #averageRecordBytes = 0;
  #failure: RaftError | undefined;
  #isClosed = false;
  #hasWritten = false;
  /** Who hears of a failure that no write of its own met. */
  #listener: WriteListener | undefined;

  static async open(
    options: DiskLogOptions,
  ): Promise<{ readonly log: DiskLog; readonly recovered: RecoveredLog }> {
    const resolved: Required<DiskLogOptions> = {
      segmentBytes: DEFAULT_SEGMENT_BYTES,
      syncWriteBytes: DEFAULT_SYNC_WRITE_BYTES,
      fileSystem: nodeFileSystem,
      machineReserveBytes: 0,
      ...options,
    };
    await resolved.fileSystem.makeDirectory(resolved.directory);
    const recovered = await recoverLog(resolved);
    const log = new DiskLog(resolved, recovered);
    return orClose(log, async () => {
      await log.#supply.free.refresh();
      if (recovered.segments.length === 0) await log.#supply.fill(log.#segmentLimit(1));
      return { log, recovered };
    });
  }

  private constructor(options: Required<DiskLogOptions>, recovered: RecoveredLog) {
    this.#options = options;
    this.#shape = recovered.shape;
    this.#segments = recovered.segments;
    // A file whose first record is not there is begun anew: the record opens with the hard state.
    const isEmpty = recovered.position === SEGMENT_HEADER_BYTES;
    this.#position = isEmpty ? 0 : recovered.position;
    this.#nextRecord = recovered.nextRecord;
    this.#lastChecksum = recovered.lastChecksum;
    this.reader = new DiskLogReader(this.#shape, filesOf(this.#segments));
    this.#supply = new SegmentSupply({
      fileSystem: options.fileSystem,
      directory: options.directory,
      nextSegment: (recovered.segments.at(-1)?.segment ?? 0) + 1,
      prepared: recovered.prepared,
      onFailure: (cause, path) => this.#fail(cause, path),
      reserveBytes: RESERVE_ON_DISK_BYTES + options.machineReserveBytes,
    });
  }

  get bytesOnDisk(): number {
    const inUse = this.#segments.reduce((sum, segment) => sum + segment.capacity, 0);
    return inUse + this.#supply.bytesOnDisk;
  }

  hasRoomFor(byteLength: number): boolean {
    const wanted = this.#waitingBytes + byteLength;
    const { free, hasNoSpace, roomPrepared } = this.#supply;
    const { machineReserveBytes } = this.#options;
    const left = free.bytes - wanted;
    if (!hasNoSpace && left >= RESERVE_ON_DISK_BYTES + machineReserveBytes) return true;
    void free.refresh();
    if (machineReserveBytes > 0 && left < machineReserveBytes) return false;
    // What is allocated, nobody can take away. A record goes into one file or the other.
    const current = (this.#segments.at(-1)?.capacity ?? 0) - this.#position;
    return Math.max(current, roomPrepared) - wanted >= RESERVE_BYTES;
  }

  write(write: Write, listener: WriteListener): boolean {
    this.#requireUsable();
    this.#listener = listener;
    const item: Item = { kind: 'write', write, listener };
    const bytes = encodedWriteSize(write);
    if (this.#mayBlock(bytes) && this.#hasRoom(bytes)) {
      this.#writeNow(item);
      return true;
    }
    this.#enqueue(item);
    return false;
  }

  async compact(snapshot: SnapshotMeta, dropThrough: LogIndex): Promise<void> {
    this.#requireUsable();
    const compaction = this.#shape.compactionTo(snapshot, dropThrough);
    if (compaction === undefined) return;
    await new Promise<void>((resolve, reject) => {
      this.#enqueue({ kind: 'compaction', compaction, resolve, reject });
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#draining;
    try {
      // Proves at the next start that the record before it is whole: see recovery.ts.
      if (this.#hasWritten && this.#failure === undefined) await this.#writeRecord([]);
    } finally {
      await this.#supply.close();
      for (const { file } of this.#segments) await file.close();
    }
  }

  #requireUsable(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isClosed) throw new RaftError('RAFT_CLOSED', 'the log is closed; open it again');
  }

  #mayBlock(bytes: number): boolean {
    const isIdle = this.#draining === undefined;
    const { syncWriteBytes } = this.#options;
    return isIdle && bytes <= syncWriteBytes && this.#averageWriteMs < SLOW_WRITE_MS;
  }

  #writeNow(item: Item): void {
    const outgoing = this.#compose([item]);
    const { file, path } = outgoing.segment;
    const start = performance.now();
    try {
      writeAllSync(file, outgoing.record.chunks, outgoing.position);
    } catch (cause) {
      this.#failure = diskError(cause, path);
      throw this.#failure;
    }
    this.#noteDuration(performance.now() - start);
    this.#settle(outgoing);
  }

  #noteDuration(milliseconds: number): void {
    this.#averageWriteMs += (milliseconds - this.#averageWriteMs) / AVERAGED_WRITES;
  }

  #enqueue(item: Item): void {
    this.#waitingBytes += contentBytesOf(item);
    this.#queue.push(item);
    this.#draining ??= this.#drain();
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0 && this.#failure === undefined) {
      const items = this.#takeItems();
      try {
        await this.#writeRecord(items);
      } catch (cause) {
        this.#queue.unshift(...items);
        this.#fail(cause, this.#segments.at(-1)?.path ?? this.#options.directory);
        break;
      }
      if (this.#failure !== undefined) break;
      for (const item of items) this.#waitingBytes -= contentBytesOf(item);
      reportDurable(items);
    }
    this.#draining = undefined;
  }

  /** As much of the queue as makes one record. */
  #takeItems(): Item[] {
    let bytes = 0;
    let count = 0;
    for (const item of this.#queue) {
      bytes += contentBytesOf(item);
      if (bytes > MOST_COMBINED_BYTES && count > 0) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  async #writeRecord(items: readonly Item[]): Promise<void> {
    const bytes = items.reduce((sum, item) => sum + contentBytesOf(item), 0);
    if (!this.#hasRoom(bytes)) this.#beginSegment(await this.#supply.take());
    const outgoing = this.#compose(items);
    const start = performance.now();
    await writeAll(outgoing.segment.file, outgoing.record.chunks, outgoing.position);
    if (bytes <= this.#options.syncWriteBytes) this.#noteDuration(performance.now() - start);
    this.#settle(outgoing);
  }

  /**
   * Whether a record with that much content can be written without waiting: into the allocated
   * part of this file, else into the next one, else by growing this one.
   */
  #hasRoom(contentBytes: number): boolean {
    const current = this.#segments.at(-1);
    const end = this.#position + recordBytes(contentBytes);
    if (current !== undefined) {
      if (this.#position === 0 || end <= current.capacity) return true;
      if (this.#isBulk && end <= this.#segmentLimit(current.segment)) return true;
    }
    const ready = this.#supply.takeReady();
    if (ready !== undefined) {
      this.#beginSegment(ready);
      return true;
    }
    if (current === undefined) return false;
    return end <= this.#segmentLimit(current.segment);
  }

  /** Files double in size from the first on. */
  #segmentLimit(segment: number): number {
    return Math.min(FIRST_SEGMENT_BYTES * 2 ** (segment - 1), this.#options.segmentBytes);
  }

  #beginSegment(file: SegmentFile): void {
    this.#segments.push({ ...file, lastIndex: 0 });
    this.#position = 0;
  }

  #compose(items: readonly Item[]): Outgoing {
    const segment = this.#segments.at(-1)!;
    const place = {
      segment: segment.segment,
      position: this.#position,
      record: this.#nextRecord,
      previousChecksum: this.#lastChecksum,
      salt: this.#options.salt,
    };
    const record = composeRecord(items, place, this.#shape.hardState);
    return { record, segment, position: place.position, items };
  }

  /** The record is durable. */
  #settle({ record, segment, items }: Outgoing): void {
    const { end, checksum, locations } = record;
    const bytes = end - this.#position;
    this.#averageRecordBytes += (bytes - this.#averageRecordBytes) / AVERAGED_WRITES;
    this.#position = end;
    this.#nextRecord += 1;
    this.#lastChecksum = checksum;
    this.#hasWritten = true;
    if (end > segment.capacity) {
      this.#supply.free.take(end - segment.capacity);
      segment.capacity = end;
    }
    if (this.#options.machineReserveBytes > 0) this.#supply.free.take(bytes);
    let isShorter = false;
    for (const [position, item] of items.entries()) {
      if (item.kind === 'compaction') {
        this.#shape.applyCompaction(item.compaction);
        isShorter = true;
        continue;
      }
      const { write } = item;
      this.#shape.applyWrite(write, locations[position]!);
      noteLastIndex(this.#segments, write.snapshot !== undefined, write.batches.at(-1));
      isShorter ||= write.snapshot !== undefined;
    }
    if (isShorter) this.#recycleSegments();
    const limit = this.#isBulk ? this.#segmentLimit(segment.segment) : segment.capacity;
    if (end <= limit / 2) return;
    this.#supply.prepare(this.#segmentLimit(segment.segment + 1), this.#isBulk);
  }

  get #isBulk(): boolean {
    return this.#averageRecordBytes > BULK_RECORD_BYTES;
  }

  #recycleSegments(): void {
    this.#shape.dropThroughBase();
    while (this.#segments.length > 1 && this.#segments[0]!.lastIndex <= this.#shape.base.index) {
      this.#supply.recycle(this.#segments.shift()!);
    }
  }

  /** Final: after a failed write nobody knows what is on the disk (hazard: retried fsync). */
  #fail(cause: unknown, path: string): void {
    if (this.#failure !== undefined) return;
    const failure = diskError(cause, path);
    this.#failure = failure;
    for (const item of this.#queue.splice(0)) {
      if (item.kind === 'compaction') item.reject(failure);
    }
    this.#listener?.failed(failure);
  }
}

function reportDurable(items: readonly Item[]): void {
  const lastSequences = new Map<WriteListener, number>();
  for (const item of items) {
    if (item.kind === 'write') lastSequences.set(item.listener, item.write.sequence);
    else item.resolve();
  }
  for (const [listener, sequence] of lastSequences) listener.durable(sequence);
}
