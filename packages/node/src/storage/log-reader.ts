/** Entries back from the disk: for a slow follower and after a restart. */

import { type Batch, batchFrom, batchThrough, type LogIndex, type LogReader } from '@quorate/core';
import { BatchReader, CommandSlab, FrameError } from '@quorate/wire';
import type { BatchLocation } from './batch-table.ts';
import { checksum } from './checksum.ts';
import { corruptLog } from './disk-errors.ts';
import type { LogShape } from './log-shape.ts';
import type { SegmentFile } from './segment-supply.ts';

/** Where the bytes are that batches are located in. */
export interface BatchSource {
  /** Fewer than `length` where the segment ends. */
  bytesAt(segment: number, offset: number, length: number): Uint8Array;
  /** For errors. */
  nameOf(segment: number): string;
}

/** The files of a log. */
export function filesOf(segments: readonly SegmentFile[]): BatchSource {
  const find = (wanted: number) => segments.find(({ segment }) => segment === wanted)!;
  return {
    bytesAt: (segment, offset, length) => {
      const bytes = Buffer.allocUnsafeSlow(length);
      return bytes.subarray(0, find(segment).file.readSync(bytes, offset));
    },
    nameOf: (segment) => find(segment).path,
  };
}

export class DiskLogReader implements LogReader {
  readonly #shape: LogShape;
  readonly #source: BatchSource;

  constructor(shape: LogShape, source: BatchSource) {
    this.#shape = shape;
    this.#source = source;
  }

  read(from: LogIndex, through: LogIndex, maxBytes: number): readonly Batch[] {
    const { batches, lastIndex } = this.#shape;
    const result: Batch[] = [];
    let left = maxBytes;
    let position = batches.positionOf(from);
    if (position < 0 || from > lastIndex) throw new RangeError(`the log has no entry ${from}`);
    while (position < batches.length) {
      const group = this.#neighbours(position, through, left);
      for (const batch of this.#readNeighbours(group)) {
        const next =
          position + 1 < batches.length ? batches.at(position + 1).firstIndex : undefined;
        // What a later batch replaced is still in the file.
        const last = Math.min(through, (next ?? lastIndex + 1) - 1) as LogIndex;
        const wanted = withinBytes(batchFrom(batchThrough(batch, last), from), left);
        if (wanted === undefined && result.length > 0) return result;
        result.push(wanted ?? firstOf(batchFrom(batch, from)));
        left -= result.at(-1)!.byteLength;
        position += 1;
        if (last === through || left <= 0) return result;
      }
    }
    return result;
  }

  /** Consecutive batches from `position` on that are worth reading at once. */
  #neighbours(position: number, through: LogIndex, maxBytes: number): BatchLocation[] {
    const { batches } = this.#shape;
    const first = batches.at(position);
    const group = [first];
    for (let at = position + 1; at < batches.length; at += 1) {
      const next = batches.at(at);
      const end = next.offset + next.byteLength - first.offset;
      const isNear = next.segment === first.segment && next.offset > first.offset;
      if (!isNear || end > maxBytes || next.firstIndex > through) break;
      group.push(next);
    }
    return group;
  }

  #readNeighbours(group: readonly BatchLocation[]): Batch[] {
    const first = group[0]!;
    const last = group.at(-1)!;
    const length = last.offset + last.byteLength - first.offset;
    const bytes = this.#source.bytesAt(first.segment, first.offset, length);
    return group.map((location) => {
      const start = location.offset - first.offset;
      const content = bytes.subarray(start, start + location.byteLength);
      try {
        const start = { offset: 0, leastTerm: 1, nextIndex: location.firstIndex };
        return new BatchReader(content, start, checksum).next();
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
        throw corruptLog(this.#source.nameOf(first.segment), location.offset, error.message);
      }
    });
  }
}

/** The first entries of `batch` that fit; undefined when not even one does. */
function withinBytes(batch: Batch, maxBytes: number): Batch | undefined {
  if (batch.byteLength <= maxBytes) return batch;
  if (batch.kind !== 'commands' || !(batch.payload instanceof CommandSlab)) return undefined;
  const overhead = batch.byteLength - batch.payload.byteLength;
  const count = batch.payload.countWithin(maxBytes - overhead);
  return count === 0 ? undefined : batchThrough(batch, (batch.firstIndex + count - 1) as LogIndex);
}

const firstOf = (batch: Batch): Batch => batchThrough(batch, batch.firstIndex);
