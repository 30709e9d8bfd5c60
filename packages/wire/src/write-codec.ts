/**
 * What a log keeps, in bytes: one write of the core, or the news that a snapshot has replaced old
 * entries. Both begin with
 *
 *     0  u8   kind: 1 write, 2 compaction
 *     1  u8   a write's fields: 1 hard state, 2 snapshot
 *     2  u16  0
 *     4  u32  number of batches
 *
 * and continue with the fields present, then the batches (batch-codec.ts).
 */

import type {
  Batch,
  EntryId,
  HardState,
  LogIndex,
  NodeId,
  SnapshotMeta,
  Term,
  Write,
} from '@quorate/core';
import { BatchReader, checksumOverBatch, encodeBatch, encodedBatchSize } from './batch-codec.ts';
import { numberAt, putNumber, putU32, u16At, u32At } from './bytes.ts';
import type { Checksum } from './checksum.ts';
import { FrameError } from './errors.ts';
import { putSnapshotMeta, snapshotMetaAt, snapshotMetaSize } from './snapshot-meta-codec.ts';

/** What is kept of a write. Its sequence number means nothing after a restart. */
export type StoredWrite = Omit<Write, 'sequence'>;

/** Entries up to `base` may be gone, because `snapshot` holds what they did. */
export interface Compaction {
  readonly snapshot: SnapshotMeta;
  /** At or below the snapshot. */
  readonly base: EntryId;
}

export interface Encoded {
  /** In order. Payload bytes are views. */
  readonly chunks: readonly Uint8Array[];
  readonly byteLength: number;
  /**
   * Continued from the seed over everything but the batches' payloads, which the checksums in
   * their headers cover: a payload is read once for all its copies on disk and wire.
   */
  readonly checksum: number;
}

export type Decoded =
  | (DecodedPart & {
      readonly kind: 'write';
      readonly write: StoredWrite;
      /** Where each of its batches begins. */
      readonly batchOffsets: readonly number[];
    })
  | (DecodedPart & { readonly kind: 'compaction'; readonly compaction: Compaction });

interface DecodedPart {
  /** Offset behind the last byte. */
  readonly end: number;
  /** As in `Encoded`. */
  readonly checksum: number;
}

const WRITE = 1;
const COMPACTION = 2;
const HAS_HARD_STATE = 1;
const HAS_SNAPSHOT = 2;
const HEAD_BYTES = 8;
const HARD_STATE_BYTES = 24;
const ENTRY_ID_BYTES = 16;

/** What `encodeWrite` would yield, in bytes, without encoding. */
export function encodedWriteSize(write: StoredWrite): number {
  let size = writeFieldsSize(write);
  for (const batch of write.batches) size += encodedBatchSize(batch);
  return size;
}

function writeFieldsSize({ hardState, snapshot }: StoredWrite): number {
  const hardStateBytes = hardState === undefined ? 0 : HARD_STATE_BYTES;
  return HEAD_BYTES + hardStateBytes + (snapshot === undefined ? 0 : snapshotMetaSize(snapshot));
}

export function encodeWrite(write: StoredWrite, checksum: Checksum, seed = 0): Encoded {
  const { hardState, snapshot, batches } = write;
  const head = new Uint8Array(writeFieldsSize(write));
  head[0] = WRITE;
  head[1] = (hardState ? HAS_HARD_STATE : 0) | (snapshot ? HAS_SNAPSHOT : 0);
  putU32(head, 4, batches.length);
  let at = HEAD_BYTES;
  if (hardState !== undefined) {
    putNumber(head, at, hardState.term);
    putNumber(head, at + 8, hardState.votedFor ?? 0);
    putNumber(head, at + 16, hardState.commitIndex);
    at += HARD_STATE_BYTES;
  }
  if (snapshot !== undefined) putSnapshotMeta(head, at, snapshot);

  const chunks = [head];
  let running = checksum(head, seed);
  for (const batch of batches) {
    const header = encodeBatch(batch, chunks, checksum);
    running = checksumOverBatch(header, 0, checksum, running);
  }
  return { chunks, byteLength: encodedWriteSize(write), checksum: running };
}

/** What `encodeCompaction` would yield, in bytes. */
export function encodedCompactionSize({ snapshot }: Compaction): number {
  return HEAD_BYTES + ENTRY_ID_BYTES + snapshotMetaSize(snapshot);
}

export function encodeCompaction(compaction: Compaction, checksum: Checksum, seed = 0): Encoded {
  const { snapshot, base } = compaction;
  const bytes = new Uint8Array(encodedCompactionSize(compaction));
  bytes[0] = COMPACTION;
  putNumber(bytes, HEAD_BYTES, base.index);
  putNumber(bytes, HEAD_BYTES + 8, base.term);
  putSnapshotMeta(bytes, HEAD_BYTES + ENTRY_ID_BYTES, snapshot);
  return { chunks: [bytes], byteLength: bytes.length, checksum: checksum(bytes, seed) };
}

/** @throws {FrameError} unless a whole and valid write or compaction begins at `at`. */
export function decodeWrite(bytes: Uint8Array, at: number, checksum: Checksum, seed = 0): Decoded {
  requireBytes(bytes, at, HEAD_BYTES);
  const flags = bytes[at + 1]!;
  if (u16At(bytes, at + 2) !== 0) throw new FrameError('a reserved field is not 0', at + 2);
  const count = u32At(bytes, at + 4);
  if (bytes[at] === COMPACTION && flags === 0 && count === 0) {
    return decodeCompaction(bytes, at, checksum, seed);
  }
  if (bytes[at] !== WRITE || flags > (HAS_HARD_STATE | HAS_SNAPSHOT)) {
    throw new FrameError(`unknown content of kind ${bytes[at]} with fields ${flags}`, at);
  }

  let next = at + HEAD_BYTES;
  const hardState = flags & HAS_HARD_STATE ? hardStateAt(bytes, next) : undefined;
  if (hardState !== undefined) next += HARD_STATE_BYTES;
  const snapshot = flags & HAS_SNAPSHOT ? snapshotMetaAt(bytes, next, bytes.length) : undefined;
  if (snapshot !== undefined) next += snapshotMetaSize(snapshot);

  let running = checksum(bytes.subarray(at, next), seed);
  const reader = new BatchReader(bytes, { offset: next, leastTerm: 1, nextIndex: 0 }, checksum);
  const batches: Batch[] = [];
  const batchOffsets: number[] = [];
  for (let left = count; left > 0; left -= 1) {
    const { offset } = reader;
    batchOffsets.push(offset);
    batches.push(reader.next());
    running = checksumOverBatch(bytes, offset, checksum, running);
  }
  const write = { hardState, batches, snapshot };
  return { kind: 'write', write, batchOffsets, end: reader.offset, checksum: running };
}

function decodeCompaction(
  bytes: Uint8Array,
  at: number,
  checksum: Checksum,
  seed: number,
): Decoded {
  const baseAt = at + HEAD_BYTES;
  requireBytes(bytes, baseAt, ENTRY_ID_BYTES);
  const base = {
    index: numberAt(bytes, baseAt) as LogIndex,
    term: numberAt(bytes, baseAt + 8) as Term,
  };
  const snapshot = snapshotMetaAt(bytes, baseAt + ENTRY_ID_BYTES, bytes.length);
  if (base.index > snapshot.index || base.term > snapshot.term) {
    throw new FrameError(`base ${base.index} lies above snapshot ${snapshot.index}`, baseAt);
  }
  const end = baseAt + ENTRY_ID_BYTES + snapshotMetaSize(snapshot);
  return {
    kind: 'compaction',
    compaction: { snapshot, base },
    end,
    checksum: checksum(bytes.subarray(at, end), seed),
  };
}

function hardStateAt(bytes: Uint8Array, at: number): HardState {
  requireBytes(bytes, at, HARD_STATE_BYTES);
  const votedFor = numberAt(bytes, at + 8);
  return {
    term: numberAt(bytes, at) as Term,
    votedFor: votedFor === 0 ? undefined : (votedFor as NodeId),
    commitIndex: numberAt(bytes, at + 16) as LogIndex,
  };
}

function requireBytes(bytes: Uint8Array, at: number, count: number): void {
  if (bytes.length - at < count) throw new FrameError('the content is cut off', bytes.length);
}
