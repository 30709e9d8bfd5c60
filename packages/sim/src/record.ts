/**
 * What damage to the bytes of a write looks like to whoever reads them back. Writes are kept as
 * objects and encoded only here, by the codec that the real log uses, so that what the simulator
 * calls "noticed" is noticed by real checksums.
 */

import { crc32, decodeWrite, encodeWrite, FrameError, type StoredWrite } from '@quorate/wire';

/** One bit of the record has turned, `at` of the way through it, in [0, 1). Is that noticed? */
export function isFlippedBitNoticed(write: StoredWrite, at: number): boolean {
  const { bytes, checksum } = recordOf(write);
  const bit = Math.floor(at * bytes.length * 8);
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  return !isIntact(bytes, checksum);
}

/** Only the first bytes of the record, `at` of it, got to the disk. Is that noticed? */
export function isTornTailNoticed(write: StoredWrite, at: number): boolean {
  const { bytes, checksum } = recordOf(write);
  return !isIntact(bytes.subarray(0, Math.floor(at * bytes.length)), checksum);
}

function recordOf(write: StoredWrite): { bytes: Uint8Array; checksum: number } {
  const { chunks, byteLength, checksum } = encodeWrite(write, crc32);
  const bytes = new Uint8Array(byteLength);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return { bytes, checksum };
}

function isIntact(bytes: Uint8Array, checksum: number): boolean {
  try {
    const decoded = decodeWrite(bytes, 0, crc32);
    return decoded.checksum === checksum && decoded.end === bytes.length;
  } catch (error) {
    if (error instanceof FrameError) return false;
    throw error;
  }
}
