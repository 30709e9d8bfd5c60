/** Where the batches of a write lie: by counting while it is composed, by what was found afterwards. */

import { type Decoded, encodedBatchSize, type StoredWrite } from '@quorate/wire';
import type { BatchLocation } from './batch-table.ts';

/** Of a write whose last byte is followed by `end`. */
export function locationsBefore(
  end: number,
  { batches }: StoredWrite,
  segment: number,
): BatchLocation[] {
  let offset = end;
  for (const batch of batches) offset -= encodedBatchSize(batch);
  return batches.map((batch) => {
    const byteLength = encodedBatchSize(batch);
    const location = { firstIndex: batch.firstIndex, segment, offset, byteLength };
    offset += byteLength;
    return location;
  });
}

/** Of a write that was read back from bytes that begin at `start`. */
export function locationsIn(
  { write, batchOffsets, end }: Extract<Decoded, { kind: 'write' }>,
  segment: number,
  start: number,
): BatchLocation[] {
  return write.batches.map(({ firstIndex }, position) => {
    const offset = batchOffsets[position]!;
    const byteLength = (batchOffsets[position + 1] ?? end) - offset;
    return { firstIndex, segment, offset: start + offset, byteLength };
  });
}
