/**
 * Reading a log file front to back, in pieces.
 */

import type { Decoded } from '@quorate/wire';
import { FrameError, u32At } from '@quorate/wire';
import type { File } from './file-system.ts';
import {
  contentOfRecord,
  RECORD_ALIGNMENT,
  RECORD_HEADER_BYTES,
  type RecordHeader,
  recordBytes,
  recordHeaderAt,
} from './log-format.ts';

/** Read from the disk at once. */
const WINDOW_BYTES = 1_048_576;

/** A file's bytes by position, of which one window is in memory. */
export class FileWindow {
  readonly file: File;
  readonly size: number;
  #bytes = new Uint8Array(0);
  #start = 0;

  constructor(file: File, size: number) {
    this.file = file;
    this.size = size;
  }

  /**
   * `length` bytes at `position`, fewer at the end of the file. A view: valid until the next call,
   * except that bytes once handed out never change.
   */
  async bytesAt(position: number, length: number): Promise<Uint8Array> {
    const end = Math.min(position + length, this.size);
    if (position < this.#start || end > this.#start + this.#bytes.length) {
      const wanted = Math.min(Math.max(end - position, WINDOW_BYTES), this.size - position);
      const bytes = new Uint8Array(Math.max(wanted, 0));
      const count = await this.file.read(bytes, position);
      this.#bytes = bytes.subarray(0, count);
      this.#start = position;
    }
    return this.#bytes.subarray(position - this.#start, end - this.#start);
  }
}

/** What stands where a record may begin. */
export type Found =
  | {
      readonly kind: 'record';
      readonly header: RecordHeader;
      readonly parts: readonly Decoded[];
      /** Position behind it. */
      readonly end: number;
    }
  /** It announces itself as this record, but is not whole or not undamaged. */
  | { readonly kind: 'broken'; readonly header: RecordHeader; readonly reason: string }
  /** Zeros, or what was there before the file was recycled. */
  | { readonly kind: 'nothing' };

/** The record at `position`, if it has number `record`. */
export async function findRecord(
  window: FileWindow,
  position: number,
  record: number,
  salt: number,
): Promise<Found> {
  const head = await window.bytesAt(position, RECORD_HEADER_BYTES);
  if (head.length < RECORD_HEADER_BYTES) return { kind: 'nothing' };
  const header = recordHeaderAt(head, 0);
  if (header === undefined || header.record !== record) return { kind: 'nothing' };
  if (header.contentBytes === 0) return { kind: 'broken', header, reason: 'it is empty' };
  const end = RECORD_HEADER_BYTES + header.contentBytes;
  if (position + end > window.size) {
    return { kind: 'broken', header, reason: 'it is longer than the file' };
  }
  const bytes = await window.bytesAt(position, end);
  try {
    const parts = contentOfRecord(bytes, salt);
    return { kind: 'record', header, parts, end: position + recordBytes(header.contentBytes) };
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    return { kind: 'broken', header, reason: error.message };
  }
}

/**
 * The position of a valid record with a number above `record`, anywhere from `position` on. That
 * it was begun proves that `record` was durable.
 */
export async function findLaterRecord(
  window: FileWindow,
  position: number,
  record: number,
  salt: number,
): Promise<number | undefined> {
  const mostRecords = Math.ceil(window.size / RECORD_HEADER_BYTES);
  let at = position;
  while (at + RECORD_HEADER_BYTES <= window.size) {
    const piece = await window.bytesAt(at, Math.min(WINDOW_BYTES, window.size - at));
    const last = piece.length - RECORD_HEADER_BYTES;
    if (last < 0) return undefined;
    let offset = 0;
    for (; offset <= last; offset += RECORD_ALIGNMENT) {
      // Most of it is zeros or stale: the low half of the number tells at once.
      const low = u32At(piece, offset + 8);
      if (low === 0 || u32At(piece, offset + 4) === 0) continue;
      const number = recordHeaderAt(piece, offset)?.record ?? 0;
      if (number <= record || number > record + mostRecords) continue;
      const found = await findRecord(window, at + offset, number, salt);
      if (found.kind === 'record') return at + offset;
    }
    at += offset;
  }
  return undefined;
}
