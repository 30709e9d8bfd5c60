/**
 * Files for the log to grow into: the next one is zero-filled, or recycled, before it is needed,
 * since overwriting takes three quarters of the time of growing a file. All in the background, one
 * megabyte at a time, and stopped in the middle when the log is faster.
 */

import { join } from 'node:path';
import { isNoSpace } from './disk-errors.ts';
import { type File, type FileSystem, writeAll } from './file-system.ts';
import { FreeSpace } from './free-space.ts';
import { segmentName } from './log-format.ts';

/** A file under the name of its segment, durable so far as its name goes. */
export interface SegmentFile {
  readonly segment: number;
  readonly path: string;
  readonly file: File;
  /** Bytes that are allocated on the disk. */
  readonly capacity: number;
}

const FILL_STEP_BYTES = 1_048_576;
const ZEROS = new Uint8Array(FILL_STEP_BYTES);

/** More than the next but one would be a waste: the disk has better use for the space. */
const MOST_SPARES = 2;

/**
 * With so many times the next file's size free, that file may grow as it is written without meeting
 * the disk's end; with less, all of it is filled, to know in time.
 */
const PLENTY = 4;

/** How often a full disk is asked again. */
const NO_SPACE_RETRY_MS = 1_000;

export class SegmentSupply {
  readonly free: FreeSpace;
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  readonly #onFailure: (cause: unknown, path: string) => void;
  readonly #reserveBytes: number;
  /** Number of the segment that the prepared file is for, or will be. */
  #nextSegment: number;
  #prepared: SegmentFile | undefined;
  #targetBytes = 0;
  /** Files that the log needs no more, oldest first; the names are still those they had. */
  readonly #spares: SegmentFile[] = [];
  /** Background work, one piece after the other. */
  #work: Promise<void> = Promise.resolve();
  #isPreparing = false;
  #isStopping = false;
  #retryTimer: NodeJS.Timeout | undefined;

  constructor(options: {
    readonly fileSystem: FileSystem;
    readonly directory: string;
    readonly nextSegment: number;
    /** A file that is there already under the name of the next segment. */
    readonly prepared: SegmentFile | undefined;
    readonly onFailure: (cause: unknown, path: string) => void;
    /** Of the disk, left to others. */
    readonly reserveBytes: number;
  }) {
    this.#fileSystem = options.fileSystem;
    this.#directory = options.directory;
    this.#nextSegment = options.nextSegment;
    this.#prepared = options.prepared;
    this.#onFailure = options.onFailure;
    this.#reserveBytes = options.reserveBytes;
    this.free = new FreeSpace(() => options.fileSystem.freeBytes(options.directory));
  }

  get bytesOnDisk(): number {
    const spareBytes = this.#spares.reduce((sum, spare) => sum + spare.capacity, 0);
    return spareBytes + this.roomPrepared;
  }

  /** Of the next file, so far. */
  get roomPrepared(): number {
    return this.#prepared?.capacity ?? 0;
  }

  /** True after the disk refused to give more, or has little left, until it gives again. */
  get hasNoSpace(): boolean {
    return this.#retryTimer !== undefined;
  }

  /**
   * Sees to it that the next file is there with `targetBytes`, some time. With `mayGrow` a beginning
   * is enough where there is plenty of space.
   */
  prepare(targetBytes: number, mayGrow = false): void {
    this.#targetBytes = targetBytes;
    if (this.#isPreparing || this.hasNoSpace) return;
    if (this.roomPrepared >= (mayGrow ? FILL_STEP_BYTES : targetBytes)) return;
    this.#isPreparing = true;
    this.#isStopping = false;
    this.#inBackground(this.#nextPath(), async () => {
      try {
        await this.#prepare(mayGrow);
      } finally {
        this.#isPreparing = false;
      }
    });
  }

  /** `prepare`, awaited. */
  async fill(targetBytes: number): Promise<void> {
    this.prepare(targetBytes);
    await this.#work;
  }

  /** The next file if it is there and nothing is being done to it. */
  takeReady(): SegmentFile | undefined {
    if (this.#isPreparing || this.#prepared === undefined) return undefined;
    const ready = this.#prepared;
    this.#prepared = undefined;
    this.#nextSegment += 1;
    return ready;
  }

  /** The next file as it is, however little of it is filled. */
  async take(): Promise<SegmentFile> {
    this.#isStopping = true;
    await this.#work;
    this.#prepared ??= await this.#openFile();
    return this.takeReady()!;
  }

  /** Takes a file that the log needs no more. */
  recycle(dropped: SegmentFile): void {
    this.#spares.push(dropped);
    const surplus = this.hasNoSpace ? this.#spares.length : this.#spares.length - MOST_SPARES;
    if (surplus <= 0) return;
    // Oldest first, so that what a crash leaves is never a log with a hole.
    const removed = this.#spares.splice(0, surplus);
    this.#inBackground(dropped.path, () => this.#remove(removed));
  }

  async close(): Promise<void> {
    this.#isStopping = true;
    await this.#work;
    clearTimeout(this.#retryTimer);
    await this.#prepared?.file.close();
    for (const spare of this.#spares) await spare.file.close();
  }

  #inBackground(path: string, task: () => Promise<void>): void {
    this.#work = this.#work.then(task).catch((cause: unknown) => {
      if (isNoSpace(cause)) this.#retryLater();
      else this.#onFailure(cause, path);
    });
  }

  async #prepare(mayGrow: boolean): Promise<void> {
    let next = this.#prepared ?? (await this.#recycledFile()) ?? (await this.#openFile());
    this.#prepared = next;
    await this.free.refresh();
    const isPlenty = mayGrow && this.free.bytes > PLENTY * this.#targetBytes;
    const enough = () => (isPlenty ? FILL_STEP_BYTES : this.#targetBytes);
    while (next.capacity < enough() && !this.#isStopping) {
      const step = Math.min(FILL_STEP_BYTES, enough() - next.capacity);
      if (this.free.bytes - step < this.#reserveBytes) {
        this.#retryLater();
        return;
      }
      await writeAll(next.file, [ZEROS.subarray(0, step)], next.capacity);
      next = { ...next, capacity: next.capacity + step };
      this.#prepared = next;
      this.free.take(step);
    }
  }

  async #openFile(): Promise<SegmentFile> {
    const path = this.#nextPath();
    const file = await this.#fileSystem.open(path, 'durable');
    await this.#fileSystem.syncDirectory(this.#directory);
    return { segment: this.#nextSegment, path, file, capacity: 0 };
  }

  /** A spare under its new name. Its old content stays: records in it have lower numbers. */
  async #recycledFile(): Promise<SegmentFile | undefined> {
    const spare = this.#spares.shift();
    if (spare === undefined) return undefined;
    if (spare.capacity < this.#targetBytes / 2) {
      await this.#remove([spare]);
      return undefined;
    }
    const path = this.#nextPath();
    await this.#fileSystem.rename(spare.path, path);
    await this.#fileSystem.syncDirectory(this.#directory);
    return { ...spare, segment: this.#nextSegment, path };
  }

  async #remove(files: readonly SegmentFile[]): Promise<void> {
    for (const { path, file } of files) {
      await file.close();
      await this.#fileSystem.remove(path);
    }
    await this.#fileSystem.syncDirectory(this.#directory);
  }

  #retryLater(): void {
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      this.prepare(this.#targetBytes);
    }, NO_SPACE_RETRY_MS);
    this.#retryTimer.unref();
  }

  #nextPath(): string {
    return join(this.#directory, segmentName(this.#nextSegment));
  }
}
