/**
 * How the data model lies in the ordered store.
 *
 *     m                     meta       applied index, revision, compact revision, how far removed
 *     c key                 current    the newest version of each key that exists
 *     h key' revision       history    versions overwritten or deleted, each with the end of its life
 *     r revision            revisions  which key changed, how, and which version it replaced
 *
 * The latest value is one get, and the latest state of a range one scan of `c`. A version moves to
 * `h` when it is replaced, so that no value is stored twice. Because a version there knows when its
 * life ended, no tombstone is needed to read an old revision: a version is the state at R if
 * modRevision <= R < end. `r` is the order of events: what watch, hash and compaction walk along.
 *
 * Revisions are eight bytes of main and four of sub, big-endian. In `h` a key is escaped (0x00 becomes
 * 0x00 0xFF) and ended by 0x00, so that all versions of a key lie together, in order, and keys keep
 * theirs: the byte that follows the end is the top byte of a safe integer, hence below 0xFF.
 */

import { readSafeU64, readU32, writeSafeU64, writeU32 } from './bytes.ts';
import { KvStoreError } from './errors.ts';
import type { KeyValue, LeaseId, Revision } from './key-value.ts';
import type { KeyBounds } from './ordered-store.ts';

const META = 0x6d;
const CURRENT = 0x63;
const HISTORY = 0x68;
const REVISIONS = 0x72;

export const META_KEY = Uint8Array.of(META);

const REVISION_BYTES = 12;

/** A version in `c` or `h`. */
export interface StoredVersion {
  readonly createRevision: number;
  readonly mod: Revision;
  readonly version: number;
  readonly lease: LeaseId;
  /** The main revision that replaced or deleted it; 0 while it is current. */
  readonly end: number;
  readonly value: Uint8Array;
}

/** A row of `r`. */
export interface StoredChange {
  readonly kind: 'put' | 'delete';
  /** The version replaced; undefined if the key was not there. */
  readonly previous: Revision | undefined;
  readonly key: Uint8Array;
}

export interface Meta {
  readonly appliedIndex: number;
  readonly revision: number;
  /** -1 before the first compaction. */
  readonly compactRevision: number;
  /** Everything condemned up to here has been removed. */
  readonly removedThrough: Revision;
}

export const FIRST_META: Meta = {
  appliedIndex: 0,
  revision: 1,
  compactRevision: -1,
  removedThrough: { main: 0, sub: 0 },
};

/** A row's key in `c`. */
export function currentKey(key: Uint8Array): Uint8Array {
  const row = new Uint8Array(1 + key.length);
  row[0] = CURRENT;
  row.set(key, 1);
  return row;
}

export const keyOfCurrent = (row: Uint8Array): Uint8Array => row.subarray(1);

/** Keys from `start` to `end`; an undefined end is the end of all keys. */
export interface KeySpan {
  readonly start: Uint8Array;
  readonly end: Uint8Array | undefined;
}

export const currentBounds = (span: KeySpan): KeyBounds => ({
  start: currentKey(span.start),
  end: span.end === undefined ? Uint8Array.of(CURRENT + 1) : currentKey(span.end),
});

/** A row's key in `h`, without the revision. */
function historyPrefix(key: Uint8Array, extraBytes: number): Uint8Array {
  let zeros = 0;
  for (const byte of key) if (byte === 0) zeros++;
  const row = new Uint8Array(1 + key.length + zeros + 1 + extraBytes);
  row[0] = HISTORY;
  let at = 1;
  for (const byte of key) {
    row[at++] = byte;
    if (byte === 0) row[at++] = 0xff;
  }
  return row;
}

export function historyKey(key: Uint8Array, mod: Revision): Uint8Array {
  const row = historyPrefix(key, REVISION_BYTES);
  writeRevision(row, row.length - REVISION_BYTES, mod);
  return row;
}

export function keyOfHistory(row: Uint8Array): Uint8Array {
  const end = row.length - REVISION_BYTES - 1;
  const key = new Uint8Array(end - 1);
  let length = 0;
  for (let at = 1; at < end; at++) {
    key[length++] = row[at]!;
    if (row[at] === 0) at++;
  }
  return key.subarray(0, length);
}

/** All versions of the keys in the span. */
export const historyBounds = (span: KeySpan): KeyBounds => ({
  start: historyPrefix(span.start, 0),
  end: span.end === undefined ? Uint8Array.of(HISTORY + 1) : historyPrefix(span.end, 0),
});

/** The versions of one key up to `revision`, the newest of which is the last. */
export const versionsThrough = (key: Uint8Array, revision: number): KeyBounds => ({
  start: historyPrefix(key, 0),
  end: historyKey(key, { main: revision + 1, sub: 0 }),
});

export function revisionKey(revision: Revision): Uint8Array {
  const row = new Uint8Array(1 + REVISION_BYTES);
  row[0] = REVISIONS;
  writeRevision(row, 1, revision);
  return row;
}

export const revisionOfKey = (row: Uint8Array): Revision => readRevision(row, 1);

/** From `first` on, through all of main revision `lastMain`. */
export const revisionBounds = (first: Revision, lastMain: number): KeyBounds => ({
  start: revisionKey(first),
  end: revisionKey({ main: lastMain + 1, sub: 0 }),
});

const VERSION_HEADER_BYTES = 44;

export function encodeVersion(stored: StoredVersion): Uint8Array {
  const row = new Uint8Array(VERSION_HEADER_BYTES + stored.value.length);
  writeSafeU64(row, 0, stored.createRevision);
  writeRevision(row, 8, stored.mod);
  writeSafeU64(row, 20, stored.version);
  if (stored.lease !== 0n) writeLease(row, 28, stored.lease);
  writeSafeU64(row, 36, stored.end);
  row.set(stored.value, VERSION_HEADER_BYTES);
  return row;
}

export const decodeVersion = (row: Uint8Array): StoredVersion => ({
  createRevision: readSafeU64(row, 0),
  mod: readRevision(row, 8),
  version: readSafeU64(row, 20),
  lease: readLease(row, 28),
  end: readSafeU64(row, 36),
  value: row.subarray(VERSION_HEADER_BYTES),
});

/** The same version with its life ended. The row is copied. */
export function endVersion(row: Uint8Array, end: number): Uint8Array {
  const ended = row.slice();
  writeSafeU64(ended, 36, end);
  return ended;
}

/** Of a row of `c` or `h`. */
export const modRevisionOf = (row: Uint8Array): number => readSafeU64(row, 8);
export const endRevisionOf = (row: Uint8Array): number => readSafeU64(row, 36);

export const toKeyValue = (key: Uint8Array, row: Uint8Array): KeyValue => ({
  key,
  createRevision: readSafeU64(row, 0),
  modRevision: readSafeU64(row, 8),
  version: readSafeU64(row, 20),
  value: row.subarray(VERSION_HEADER_BYTES),
  lease: readLease(row, 28),
});

const CHANGE_HEADER_BYTES = 1 + REVISION_BYTES;
const PUT = 0;
const DELETE = 1;
const NO_REVISION: Revision = { main: 0, sub: 0 };

export function encodeChange(change: StoredChange): Uint8Array {
  const row = new Uint8Array(CHANGE_HEADER_BYTES + change.key.length);
  row[0] = change.kind === 'put' ? PUT : DELETE;
  writeRevision(row, 1, change.previous ?? NO_REVISION);
  row.set(change.key, CHANGE_HEADER_BYTES);
  return row;
}

export function decodeChange(row: Uint8Array): StoredChange {
  const previous = readRevision(row, 1);
  return {
    kind: row[0] === PUT ? 'put' : 'delete',
    previous: previous.main === 0 ? undefined : previous,
    key: row.subarray(CHANGE_HEADER_BYTES),
  };
}

/** Changes with every change of these layouts. */
const FORMAT = 1;
const META_BYTES = 1 + 3 * 8 + REVISION_BYTES;

export function encodeMeta(meta: Meta): Uint8Array {
  const row = new Uint8Array(META_BYTES);
  row[0] = FORMAT;
  writeSafeU64(row, 1, meta.appliedIndex);
  writeSafeU64(row, 9, meta.revision);
  writeSafeU64(row, 17, meta.compactRevision + 1);
  writeRevision(row, 25, meta.removedThrough);
  return row;
}

/** @throws {KvStoreError} KV_FORMAT_UNKNOWN */
export function decodeMeta(row: Uint8Array): Meta {
  if (row[0] !== FORMAT || row.length !== META_BYTES) {
    throw new KvStoreError(
      'KV_FORMAT_UNKNOWN',
      `the store has format ${row[0]}, this version reads format ${FORMAT}; ` +
        'open it with the version that wrote it, or fetch the data anew from another member',
    );
  }
  return {
    appliedIndex: readSafeU64(row, 1),
    revision: readSafeU64(row, 9),
    compactRevision: readSafeU64(row, 17) - 1,
    removedThrough: readRevision(row, 25),
  };
}

function writeRevision(row: Uint8Array, at: number, revision: Revision): void {
  writeSafeU64(row, at, revision.main);
  writeU32(row, at + 8, revision.sub);
}

const readRevision = (row: Uint8Array, at: number): Revision => ({
  main: readSafeU64(row, at),
  sub: readU32(row, at + 8),
});

function writeLease(row: Uint8Array, at: number, lease: LeaseId): void {
  writeU32(row, at, Number(BigInt.asUintN(32, lease >> 32n)));
  writeU32(row, at + 4, Number(BigInt.asUintN(32, lease)));
}

function readLease(row: Uint8Array, at: number): LeaseId {
  const high = readU32(row, at);
  const low = readU32(row, at + 4);
  // Nearly all keys have no lease, and a bigint costs more than the rest of the row.
  if (high === 0 && low === 0) return 0n;
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
}
