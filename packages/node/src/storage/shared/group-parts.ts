/**
 * Hot path: what one record of a shared log holds. For each part the group's id, u53, and then what a
 * log of its own would hold: a write or a compaction (@quorate/wire, write-codec.ts). To the log below,
 * all of it is one command.
 */

import type { LogIndex, Term } from '@quorate/core';
import { type CommandBatch, commandBatch } from '@quorate/core';
import {
  BATCH_HEADER_BYTES,
  COMMAND_OVERHEAD_BYTES,
  CommandSlab,
  type Compaction,
  type Decoded,
  decodeWrite,
  encodeCompaction,
  encodedBatchSize,
  encodedCompactionSize,
  encodedWriteSize,
  encodeWrite,
  numberAt,
  putNumber,
  putU32,
  type StoredWrite,
} from '@quorate/wire';
import type { BatchLocation } from '../batch-table.ts';
import { checksum } from '../checksum.ts';

export type GroupPart = { readonly group: number } & (
  | { readonly kind: 'write'; readonly write: StoredWrite }
  | { readonly kind: 'compaction'; readonly compaction: Compaction }
);

const GROUP_BYTES = 8;
const HEAD_BYTES = BATCH_HEADER_BYTES + COMMAND_OVERHEAD_BYTES;
/** Every record of the log below is an entry of one and the same term. */
const ONLY_TERM = 1 as Term;

export const bytesOfPart = (part: GroupPart): number =>
  GROUP_BYTES +
  (part.kind === 'write' ? encodedWriteSize(part.write) : encodedCompactionSize(part.compaction));

export interface ComposedParts {
  readonly batch: CommandBatch;
  /** Of the batches of each part, counted from the first byte of the first part. */
  readonly locations: readonly (readonly BatchLocation[])[];
}

/** Parts into the entry `record` of the log below. */
export function composeParts(parts: readonly GroupPart[], record: number): ComposedParts {
  let length = HEAD_BYTES;
  for (const part of parts) length += bytesOfPart(part);
  const bytes = Buffer.allocUnsafeSlow(length);
  putU32(bytes, BATCH_HEADER_BYTES, length - HEAD_BYTES);
  let at = HEAD_BYTES;
  const locations = parts.map((part) => {
    putNumber(bytes, at, part.group);
    at += GROUP_BYTES;
    const { chunks } =
      part.kind === 'write'
        ? encodeWrite(part.write, checksum)
        : encodeCompaction(part.compaction, checksum);
    for (const chunk of chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return part.kind === 'write' ? locate(part.write, record, at - HEAD_BYTES) : [];
  });
  const slab = new CommandSlab(1, bytes.subarray(BATCH_HEADER_BYTES), bytes);
  return { batch: commandBatch(ONLY_TERM, record as LogIndex, slab), locations };
}

/** Where the batches of a write lie whose last byte is followed by `end`. */
function locate({ batches }: StoredWrite, record: number, end: number): BatchLocation[] {
  let offset = end;
  for (const batch of batches) offset -= encodedBatchSize(batch);
  return batches.map((batch) => {
    const byteLength = encodedBatchSize(batch);
    const location = { firstIndex: batch.firstIndex, segment: record, offset, byteLength };
    offset += byteLength;
    return location;
  });
}

/** A part as it was found, `decoded.batchOffsets` being counted as in `ComposedParts`. */
export interface FoundPart {
  readonly group: number;
  readonly decoded: Decoded;
}

/** @throws {FrameError} unless `content` is nothing but whole and valid parts. */
export function* partsOf(content: Uint8Array): Generator<FoundPart> {
  for (let at = 0; at < content.length; ) {
    const group = numberAt(content, at);
    const decoded = decodeWrite(content, at + GROUP_BYTES, checksum);
    yield { group, decoded };
    at = decoded.end;
  }
}
