/**
 * Hot path: what one record of a shared log holds. For each part the group's id, u53, and then what a
 * log of its own would hold: a write or a compaction (@quorate/wire, write-codec.ts); or with whom the
 * group begins. To the log below, all of it is one command.
 */

import {
  type CommandBatch,
  type Configuration,
  commandBatch,
  type LogIndex,
  type Term,
} from '@quorate/core';
import {
  BATCH_HEADER_BYTES,
  COMMAND_OVERHEAD_BYTES,
  CommandSlab,
  type Compaction,
  configurationAt,
  configurationSize,
  type Decoded,
  decodeWrite,
  encodeCompaction,
  encodedCompactionSize,
  encodedWriteSize,
  encodeWrite,
  FrameError,
  numberAt,
  putConfiguration,
  putNumber,
  putU32,
  type StoredWrite,
} from '@quorate/wire';
import { locationsBefore } from '../batch-locations.ts';
import type { BatchLocation } from '../batch-table.ts';
import { checksum } from '../checksum.ts';

export type GroupPart = { readonly group: number } & (
  | { readonly kind: 'write'; readonly write: StoredWrite }
  | { readonly kind: 'compaction'; readonly compaction: Compaction }
  /** The group is new here: with whom it begins. Whoever opens it later need not say the same. */
  | { readonly kind: 'beginning'; readonly configuration: Configuration }
);

const GROUP_BYTES = 8;
const HEAD_BYTES = BATCH_HEADER_BYTES + COMMAND_OVERHEAD_BYTES;
/** Every record of the log below is an entry of one and the same term. */
const ONLY_TERM = 1 as Term;

/** Beside the kinds of write-codec.ts; as there, seven zeros follow. */
const BEGINNING = 3;
const BEGINNING_HEAD_BYTES = 8;

export const bytesOfPart = (part: GroupPart): number => GROUP_BYTES + contentBytes(part);

function contentBytes(part: GroupPart): number {
  switch (part.kind) {
    case 'write':
      return encodedWriteSize(part.write);
    case 'compaction':
      return encodedCompactionSize(part.compaction);
    case 'beginning':
      return BEGINNING_HEAD_BYTES + configurationSize(part.configuration);
  }
}

function encodeContent(part: GroupPart): readonly Uint8Array[] {
  switch (part.kind) {
    case 'write':
      return encodeWrite(part.write, checksum).chunks;
    case 'compaction':
      return encodeCompaction(part.compaction, checksum).chunks;
    case 'beginning': {
      const bytes = new Uint8Array(contentBytes(part));
      bytes[0] = BEGINNING;
      putConfiguration(bytes, BEGINNING_HEAD_BYTES, part.configuration);
      return [bytes];
    }
  }
}

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
    for (const chunk of encodeContent(part)) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return part.kind === 'write' ? locationsBefore(at - HEAD_BYTES, part.write, record) : [];
  });
  const slab = new CommandSlab(1, bytes.subarray(BATCH_HEADER_BYTES), bytes);
  return { batch: commandBatch(ONLY_TERM, record as LogIndex, slab), locations };
}

/** A part as it was found. `batchOffsets` are counted as in `ComposedParts`. */
export type FoundPart = { readonly group: number } & (
  | Decoded
  | { readonly kind: 'beginning'; readonly configuration: Configuration; readonly end: number }
);

/** @throws {FrameError} unless `content` is nothing but whole and valid parts. */
export function* partsOf(content: Uint8Array): Generator<FoundPart> {
  for (let at = 0; at < content.length; ) {
    if (content.length - at < GROUP_BYTES) throw new FrameError('a part is cut off', at);
    const group = numberAt(content, at);
    const decoded = decodeContent(content, at + GROUP_BYTES);
    yield { group, ...decoded };
    at = decoded.end;
  }
}

function decodeContent(content: Uint8Array, at: number) {
  if (content[at] !== BEGINNING) return decodeWrite(content, at, checksum);
  const configurationFrom = at + BEGINNING_HEAD_BYTES;
  const configuration = configurationAt(content, configurationFrom, content.length);
  const end = configurationFrom + configurationSize(configuration);
  return { kind: 'beginning', configuration, end } as const;
}
