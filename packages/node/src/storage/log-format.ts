/**
 * The bytes of a log file besides what `@quorate/wire` encodes; docs/storage-format.md has the tables.
 *
 * One write to the disk is one record, however many writes of the core it combines, and a record is
 * begun only when the one before it is durable. So of all records only the last can be torn, and
 * whatever is wrong in front of a valid later record is damage.
 */

import {
  type Decoded,
  decodeWrite,
  FrameError,
  numberAt,
  putNumber,
  putU32,
  u32At,
} from '@quorate/wire';
import { checksum } from './checksum.ts';

export const FORMAT_VERSION = 2;
/** A whole block, so that the records behind it are aligned. */
export const SEGMENT_HEADER_BYTES = 512;
/** What the header says; the rest of the block is zeros. */
const HEADER_FIELDS_BYTES = 64;
export const RECORD_HEADER_BYTES = 24;
/**
 * Records begin at multiples of this: so that they can be written directly (durable-file.ts), so that
 * no write touches a block that an earlier one made durable, and so that a search for them need not
 * look elsewhere.
 */
export const RECORD_ALIGNMENT = 512;

const MAGIC = [0x51, 0x52, 0x41, 0x54, 0x4c, 0x4f, 0x47, 0x0a];
const SUFFIX = '.log';
const NAME_DIGITS = 12;

export interface SegmentHeader {
  readonly version: number;
  /** 1, 2, 3 …; also the file's name. A recycled file gets a new one. */
  readonly segment: number;
  readonly firstRecord: number;
  /** Checksum of the record before `firstRecord`. */
  readonly previousChecksum: number;
  /** Mixed into every checksum: records of another log, stored as commands here, do not count. */
  readonly salt: number;
}

export const segmentName = (segment: number): string =>
  String(segment).padStart(NAME_DIGITS, '0') + SUFFIX;

/** The number in a segment's file name, or undefined for any other file. */
export function segmentOfName(name: string): number | undefined {
  const digits = name.slice(0, -SUFFIX.length);
  if (!name.endsWith(SUFFIX) || !/^\d{12}$/.test(digits)) return undefined;
  return Number(digits);
}

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  bytes.set(MAGIC);
  putU32(bytes, 8, header.version);
  putU32(bytes, 12, header.salt);
  putNumber(bytes, 16, header.segment);
  putNumber(bytes, 24, header.firstRecord);
  putU32(bytes, 32, header.previousChecksum);
  putU32(bytes, 60, checksum(bytes.subarray(0, 60), 0));
  return bytes;
}

/**
 * Undefined unless the bytes begin with a whole and undamaged header. The padding behind it does not
 * count: a file that was torn within it would be unused now, and in use when it is filled with zeros.
 */
export function segmentHeaderOf(bytes: Uint8Array): SegmentHeader | undefined {
  if (bytes.length < HEADER_FIELDS_BYTES) return undefined;
  if (MAGIC.some((byte, at) => bytes[at] !== byte)) return undefined;
  if (checksum(bytes.subarray(0, 60), 0) !== u32At(bytes, 60)) return undefined;
  return {
    version: u32At(bytes, 8),
    salt: u32At(bytes, 12),
    segment: numberAt(bytes, 16),
    firstRecord: numberAt(bytes, 24),
    previousChecksum: u32At(bytes, 32),
  };
}

export interface RecordHeader {
  readonly checksum: number;
  readonly contentBytes: number;
  /** 1, 2, 3 … over all segments. */
  readonly record: number;
  readonly previousChecksum: number;
}

/**
 * Completes a record's header. The checksum continues from `contentChecksum`, which began with the
 * log's salt, over the header, and is the answer.
 */
export function sealRecord(
  header: Uint8Array,
  facts: Omit<RecordHeader, 'checksum'>,
  contentChecksum: number,
): number {
  putU32(header, 4, facts.contentBytes);
  putNumber(header, 8, facts.record);
  putU32(header, 16, facts.previousChecksum);
  putU32(header, 20, 0);
  const recordChecksum = checksum(header.subarray(4, RECORD_HEADER_BYTES), contentChecksum);
  putU32(header, 0, recordChecksum);
  return recordChecksum;
}

/** Bytes of a record with everything around its content. */
export function recordBytes(contentBytes: number): number {
  const bytes = RECORD_HEADER_BYTES + contentBytes;
  return Math.ceil(bytes / RECORD_ALIGNMENT) * RECORD_ALIGNMENT;
}

/** What stands at a record's place; whether it is one shows `contentOfRecord`. Undefined: no number. */
export function recordHeaderAt(bytes: Uint8Array, at: number): RecordHeader | undefined {
  // The high half of a number above 2^53 - 1; a stale or torn place may hold anything.
  if (u32At(bytes, at + 12) > 0x1f_ffff) return undefined;
  return {
    checksum: u32At(bytes, at),
    contentBytes: u32At(bytes, at + 4),
    record: numberAt(bytes, at + 8),
    previousChecksum: u32At(bytes, at + 16),
  };
}

/**
 * The parts of a whole record, each verified. Offsets count from the record's first byte.
 *
 * @throws {FrameError} when the record is not valid.
 */
export function contentOfRecord(record: Uint8Array, salt: number): Decoded[] {
  let running = salt;
  const parts: Decoded[] = [];
  let at = RECORD_HEADER_BYTES;
  while (at < record.length) {
    const part = decodeWrite(record, at, checksum, running);
    running = part.checksum;
    at = part.end;
    parts.push(part);
  }
  if (checksum(record.subarray(4, RECORD_HEADER_BYTES), running) !== u32At(record, 0)) {
    throw new FrameError('the checksum of a record does not match', 0);
  }
  return parts;
}
