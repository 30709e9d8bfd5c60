/** Hot path: writes and compactions into the bytes of one record. */

import type { HardState, Write } from '@quorate/core';
import {
  type Compaction,
  type Encoded,
  encodeCompaction,
  encodedCompactionSize,
  encodedWriteSize,
  encodeWrite,
  type StoredWrite,
} from '@quorate/wire';
import { locationsBefore } from './batch-locations.ts';
import type { BatchLocation } from './batch-table.ts';
import { checksum } from './checksum.ts';
import {
  encodeSegmentHeader,
  FORMAT_VERSION,
  RECORD_ALIGNMENT,
  RECORD_HEADER_BYTES,
  recordBytes,
  SEGMENT_HEADER_BYTES,
  sealRecord,
} from './log-format.ts';

export type RecordPart =
  | { readonly kind: 'write'; readonly write: Write }
  | { readonly kind: 'compaction'; readonly compaction: Compaction };

/** Where a record goes, and what it continues. */
export interface RecordPlace {
  readonly segment: number;
  /** 0 in a file that holds no record yet. */
  readonly position: number;
  readonly record: number;
  readonly previousChecksum: number;
  readonly salt: number;
}

export interface ComposedRecord {
  /** To be written at the place's position. */
  readonly chunks: readonly Uint8Array[];
  /** Position behind it. */
  readonly end: number;
  readonly checksum: number;
  /** Of the batches of each part. */
  readonly locations: readonly (readonly BatchLocation[])[];
}

const PADDING = new Uint8Array(RECORD_ALIGNMENT);
const EMPTY_WRITE: StoredWrite = { hardState: undefined, batches: [], snapshot: undefined };

/** Bytes of content that a part becomes. */
export const contentBytesOf = (part: RecordPart): number =>
  part.kind === 'write' ? encodedWriteSize(part.write) : encodedCompactionSize(part.compaction);

/** The first record of a file stands behind the file's header and opens with the hard state. */
export function composeRecord(
  parts: readonly RecordPart[],
  place: RecordPlace,
  hardState: HardState,
): ComposedRecord {
  const isFirst = place.position === 0;
  const start = isFirst ? SEGMENT_HEADER_BYTES : place.position;
  const header = new Uint8Array(RECORD_HEADER_BYTES);
  const chunks = isFirst ? [headerOfSegment(place), header] : [header];

  let running = place.salt;
  let contentBytes = 0;
  const add = (encoded: Encoded): void => {
    for (const chunk of encoded.chunks) chunks.push(chunk);
    running = encoded.checksum;
    contentBytes += encoded.byteLength;
  };
  // The file that said so may be recycled before the hard state changes again. A snapshot needs no
  // such care: a file is recycled only behind the record of a newer one.
  if (isFirst) add(encodeWrite({ ...EMPTY_WRITE, hardState }, checksum, running));
  const locations = parts.map((part) => {
    add(encodePart(part, running));
    if (part.kind === 'compaction') return [];
    const end = start + RECORD_HEADER_BYTES + contentBytes;
    return locationsBefore(end, part.write, place.segment);
  });
  if (contentBytes === 0) add(encodeWrite(EMPTY_WRITE, checksum, running));

  const { record, previousChecksum } = place;
  const recordChecksum = sealRecord(header, { contentBytes, record, previousChecksum }, running);
  const padding = recordBytes(contentBytes) - RECORD_HEADER_BYTES - contentBytes;
  if (padding > 0) chunks.push(PADDING.subarray(0, padding));
  return { chunks, end: start + recordBytes(contentBytes), checksum: recordChecksum, locations };
}

function headerOfSegment({ segment, record, previousChecksum, salt }: RecordPlace): Uint8Array {
  return encodeSegmentHeader({
    version: FORMAT_VERSION,
    segment,
    firstRecord: record,
    previousChecksum,
    salt,
  });
}

function encodePart(part: RecordPart, seed: number): Encoded {
  if (part.kind === 'write') return encodeWrite(part.write, checksum, seed);
  return encodeCompaction(part.compaction, checksum, seed);
}
