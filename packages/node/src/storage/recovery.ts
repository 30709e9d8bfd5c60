/**
 * From files to a log: replays every record, cuts a torn tail, refuses damage before it.
 *
 * A record is begun only when the one before it is durable. So when record n is not valid, and no
 * valid record with a higher number exists anywhere, n may have been torn by a crash and was never
 * acknowledged: the log ends before it. When there is a later one, n was durable, and may have been
 * acknowledged: the log is damaged, and going on without n could undo a promise.
 */

import { join } from 'node:path';
import { type Configuration, lastIndexOf } from '@quorate/core';
import type { Decoded } from '@quorate/wire';
import { RaftError } from '../errors.ts';
import { locationsIn } from './batch-locations.ts';
import { corruptLog } from './disk-errors.ts';
import { type File, type FileSystem, orClose } from './file-system.ts';
import {
  FORMAT_VERSION,
  recordBytes,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentHeaderOf,
  segmentName,
  segmentOfName,
} from './log-format.ts';
import { LogShape } from './log-shape.ts';
import { FileWindow, findLaterRecord, findRecord } from './record-scan.ts';
import type { SegmentFile } from './segment-supply.ts';

/** A file of the log, and the largest index in it of an entry that may still be needed. */
export interface Segment extends SegmentFile {
  capacity: number;
  lastIndex: number;
}

export interface RecoveredLog {
  readonly shape: LogShape;
  /** Oldest first; the last one is written on. Empty for a new log. */
  readonly segments: Segment[];
  /** Where the next record goes in the last segment. */
  readonly position: number;
  readonly nextRecord: number;
  readonly lastChecksum: number;
  /** A file that stands ready for the next segment. */
  readonly prepared: SegmentFile | undefined;
  readonly warnings: readonly string[];
}

export interface RecoverOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly initialConfiguration: Configuration;
  readonly salt: number;
}

/** @throws {RaftError} `RAFT_STORAGE_CORRUPT` with file and offset. */
export async function recoverLog(options: RecoverOptions): Promise<RecoveredLog> {
  const files: FoundFile[] = [];
  try {
    await openFiles(options, files);
    return await new Recovery(options, files).run();
  } catch (error) {
    for (const { file } of files) await file.close();
    throw error;
  }
}

interface FoundFile extends SegmentFile {
  readonly header: SegmentHeader | undefined;
}

/** Adds each as soon as it is open, to be closed if the next one cannot be. */
async function openFiles(
  { fileSystem, directory }: RecoverOptions,
  files: FoundFile[],
): Promise<void> {
  const numbers = (await fileSystem.list(directory))
    .map(segmentOfName)
    .filter((number) => number !== undefined)
    .sort((a, b) => a - b);
  for (const segment of numbers) {
    const path = join(directory, segmentName(segment));
    const file = await fileSystem.open(path, 'durable');
    const found = await orClose(file, async () => {
      const header = await readHeader(file, segment);
      return { segment, path, file, capacity: await file.size(), header };
    });
    files.push(found);
  }
}

/** Undefined for a file that is not in use, or not under this name, or whose header is damaged. */
async function readHeader(file: File, segment: number): Promise<SegmentHeader | undefined> {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const count = await file.read(bytes, 0);
  const header = segmentHeaderOf(bytes.subarray(0, count));
  if (header === undefined || header.segment !== segment) return undefined;
  if (header.version === FORMAT_VERSION) return header;
  throw new RaftError(
    'RAFT_STORAGE_CORRUPT',
    `${file.path} has format version ${header.version}, this program knows ${FORMAT_VERSION}; ` +
      'run the version of Quorate that wrote it',
    { details: { file: file.path, version: header.version } },
  );
}

class Recovery {
  readonly #options: RecoverOptions;
  readonly #files: readonly FoundFile[];
  readonly #warnings: string[] = [];
  readonly #segments: Segment[] = [];
  readonly #shape: LogShape;
  #position = SEGMENT_HEADER_BYTES;
  #nextRecord = 1;
  #lastChecksum = 0;
  /** Of a record that stands where the next one is due and is not valid. */
  #broken: { readonly path: string; readonly position: number; readonly bytes: number } | undefined;

  constructor(options: RecoverOptions, files: readonly FoundFile[]) {
    this.#options = options;
    this.#files = files;
    const first = this.#firstInUse();
    const isBeginningKept = first === undefined || first.segment === 1;
    this.#shape = new LogShape(options.initialConfiguration, !isBeginningKept);
  }

  async run(): Promise<RecoveredLog> {
    const first = this.#firstInUse();
    if (first === undefined) this.#refuseNothingInUse();
    const inUse = first === undefined ? [] : this.#files.slice(this.#files.indexOf(first));
    if (first?.header !== undefined) {
      this.#nextRecord = first.header.firstRecord;
      this.#lastChecksum = first.header.previousChecksum;
    }
    const unused: FoundFile[] = [];
    for (const found of first === undefined ? this.#files : inUse) {
      if (found.header === undefined) {
        unused.push(found);
        continue;
      }
      this.#requireContinuation(found, found.header);
      await this.#replay(found);
    }
    await this.#refuseLaterRecords(unused);
    // A process that was killed may have left its last record in the kernel's memory only. From
    // here on it counts as durable, so now it must be.
    await this.#segments.at(-1)?.file.sync();
    if (!this.#shape.dropThroughBase()) this.#refuseMissingBeginning();
    if (this.#broken !== undefined) {
      const { path, position, bytes } = this.#broken;
      this.#warnings.push(
        `${path}: the last write was torn by a crash and is cut off at byte ${position} ` +
          `(${bytes} bytes that were never acknowledged)`,
      );
    }
    return {
      shape: this.#shape,
      segments: this.#segments,
      position: this.#position,
      nextRecord: this.#nextRecord,
      lastChecksum: this.#lastChecksum,
      prepared: await this.#keepOneUnused(unused),
      warnings: this.#warnings,
    };
  }

  /** A log that ever had a second file has one in use for ever. */
  #refuseNothingInUse(): void {
    const later = this.#files.find(({ segment }) => segment > 1);
    if (later !== undefined)
      throw corruptLog(later.path, 0, 'no file of the log has a valid header');
  }

  /** Recycling takes the oldest file first; what a crash left before a gap is not needed. */
  #firstInUse(): FoundFile | undefined {
    let first: FoundFile | undefined;
    for (const found of this.#files) {
      if (found.header === undefined) continue;
      const before = this.#files[this.#files.indexOf(found) - 1];
      const continues = before?.header !== undefined && before.segment === found.segment - 1;
      if (first === undefined || !continues) first = found;
    }
    return first;
  }

  #requireContinuation(found: FoundFile, header: SegmentHeader): void {
    const isContinued =
      header.firstRecord === this.#nextRecord && header.previousChecksum === this.#lastChecksum;
    if (isContinued && header.salt === this.#options.salt) {
      this.#broken = undefined;
      return;
    }
    const before = this.#segments.at(-1);
    if (before === undefined || header.salt !== this.#options.salt) {
      throw corruptLog(found.path, 0, 'it belongs to another log');
    }
    throw corruptLog(
      before.path,
      this.#position,
      `record ${this.#nextRecord} is not valid, but ${found.path} continues with record ` +
        `${header.firstRecord}`,
    );
  }

  async #replay(found: FoundFile): Promise<void> {
    const { salt } = this.#options;
    const { segment, path, file, capacity } = found;
    const current: Segment = { segment, path, file, capacity, lastIndex: 0 };
    this.#segments.push(current);
    const window = new FileWindow(file, capacity);
    this.#position = SEGMENT_HEADER_BYTES;
    for (;;) {
      const record = await findRecord(window, this.#position, this.#nextRecord, salt);
      if (record.kind === 'record' && record.header.previousChecksum === this.#lastChecksum) {
        for (const part of record.parts) this.#apply(part, current);
        this.#position = record.end;
        this.#nextRecord += 1;
        this.#lastChecksum = record.header.checksum;
        continue;
      }
      if (record.kind === 'record') {
        throw corruptLog(path, this.#position, 'the record before this one is not the one it knew');
      }
      if (record.kind === 'broken') {
        const announced = recordBytes(record.header.contentBytes);
        const bytes = Math.min(announced, capacity - this.#position);
        this.#broken = { path, position: this.#position, bytes };
      }
      await this.#refuseLaterRecord(window, this.#position, path, this.#position);
      return;
    }
  }

  #apply(part: Decoded, current: Segment): void {
    if (part.kind === 'compaction') {
      this.#shape.applyCompaction(part.compaction);
      return;
    }
    const { write } = part;
    try {
      this.#shape.applyWrite(write, locationsIn(part, current.segment, this.#position));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw corruptLog(current.path, this.#position, error.message);
    }
    noteLastIndex(this.#segments, write.snapshot !== undefined, write.batches.at(-1));
  }

  #refuseMissingBeginning(): never {
    const first = this.#segments[0]!;
    const missing = join(this.#options.directory, segmentName(first.segment - 1));
    throw corruptLog(missing, 0, `it is missing or unreadable, and ${first.path} needs it`);
  }

  async #refuseLaterRecords(unused: readonly FoundFile[]): Promise<void> {
    const last = this.#segments.at(-1);
    for (const { path, file, capacity } of unused) {
      const window = new FileWindow(file, capacity);
      const [damagedPath, offset] = last === undefined ? [path, 0] : [last.path, this.#position];
      await this.#refuseLaterRecord(window, 0, damagedPath, offset);
    }
  }

  async #refuseLaterRecord(
    window: FileWindow,
    from: number,
    damagedPath: string,
    offset: number,
  ): Promise<void> {
    const { salt } = this.#options;
    const later = await findLaterRecord(window, from, this.#nextRecord, salt);
    if (later === undefined) return;
    throw corruptLog(
      damagedPath,
      offset,
      `record ${this.#nextRecord} is not valid, but a later one is, at byte ${later} of ` +
        window.file.path,
    );
  }

  /** Of the files that hold nothing, the one under the next segment's name; the rest is removed. */
  async #keepOneUnused(unused: readonly FoundFile[]): Promise<SegmentFile | undefined> {
    const next = (this.#segments.at(-1)?.segment ?? 0) + 1;
    let prepared: SegmentFile | undefined;
    for (const { segment, path, file, capacity } of this.#files) {
      if (this.#segments.some((kept) => kept.segment === segment)) continue;
      if (segment === next && unused.some((found) => found.segment === segment)) {
        prepared = { segment, path, file, capacity };
        continue;
      }
      await file.close();
      await this.#options.fileSystem.remove(path);
    }
    return prepared;
  }
}

/** Keeps the segments' `lastIndex` after a write into the last one. */
export function noteLastIndex(
  segments: readonly Segment[],
  isReplacedBySnapshot: boolean,
  lastBatch: Parameters<typeof lastIndexOf>[0] | undefined,
): void {
  if (isReplacedBySnapshot) {
    for (const segment of segments) segment.lastIndex = 0;
  }
  const current = segments.at(-1);
  if (current !== undefined && lastBatch !== undefined) {
    current.lastIndex = Math.max(current.lastIndex, lastIndexOf(lastBatch));
  }
}
