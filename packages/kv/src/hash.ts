/**
 * HashKV: one number for the history up to a revision, equal on all replicas.
 *
 * It is the very number that etcd 3.4 computes: CRC-32C over the rows of etcd's own table, in the
 * order of revisions, of the changes above the compact revision and of what is still the state of
 * those below. So a history can be compared with a real etcd, and how far the removal of condemned
 * rows has come does not show.
 */

import { crc32c } from './crc32c.ts';
import { liveChanges } from './events.ts';
import type { KeyValue, Revision } from './key-value.ts';
import type { Meta } from './keyspace.ts';
import type { OrderedReader } from './ordered-store.ts';
import { versionsAt } from './read.ts';
import { NO_BYTES } from './requests.ts';
import type { HashKvResponse } from './responses.ts';

/** @param revision Above the compact revision and not in the future, or the answer means nothing. */
export function* hashSteps(
  reader: OrderedReader,
  meta: Meta,
  revision: number,
  changesPerStep: number,
): Generator<void, HashKvResponse, void> {
  const keepsAll = isEmptyAt(reader, revision);
  let crc = crc32c(0, BUCKET_NAME);
  let untilStep = changesPerStep;
  for (const change of liveChanges(reader, meta, 0, revision)) {
    if (--untilStep === 0) {
      yield;
      untilStep = changesPerStep;
    }
    if (change.kind === 'delete') {
      crc = crc32c(crc, etcdRowKey(change.revision, true));
      crc = crc32c(crc, encodeKeyValue({ ...EMPTY, key: change.key }));
      continue;
    }
    const isOld = change.revision.main <= meta.compactRevision;
    if (isOld && change.made.end <= revision && !keepsAll) continue;
    crc = crc32c(crc, etcdRowKey(change.revision, false));
    crc = crc32c(crc, encodeKeyValue(change.made.kv));
  }
  const { compactRevision } = meta;
  return { kind: 'hashKv', hash: crc, revision: meta.revision, compactRevision };
}

/** Then etcd takes its list of what to keep for absent, and hashes all that a compaction left. */
function isEmptyAt(reader: OrderedReader, revision: number): boolean {
  for (const _ of versionsAt(reader, { start: NO_BYTES, end: undefined }, revision)) return false;
  return true;
}

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const BUCKET_NAME = ascii('key');

const EMPTY: KeyValue = {
  key: NO_BYTES,
  createRevision: 0,
  modRevision: 0,
  version: 0,
  value: NO_BYTES,
  lease: 0n,
};

/** etcd's row key: main, `_`, sub, and `t` behind a tombstone; eight bytes a number. */
function etcdRowKey(revision: Revision, isTombstone: boolean): Uint8Array {
  const row = new Uint8Array(isTombstone ? 18 : 17);
  const view = new DataView(row.buffer);
  view.setBigUint64(0, BigInt(revision.main));
  row[8] = 0x5f;
  view.setUint32(13, revision.sub);
  if (isTombstone) row[17] = 0x74;
  return row;
}

/** mvccpb.KeyValue in protobuf's wire format, fields in order, zeros left out. */
function encodeKeyValue(kv: KeyValue): Uint8Array {
  const bytes = new Uint8Array(kv.key.length + kv.value.length + 6 * 11);
  let at = 0;
  const varint = (value: bigint): void => {
    let rest = BigInt.asUintN(64, value);
    for (; rest > 0x7fn; rest >>= 7n) bytes[at++] = Number(rest & 0x7fn) | 0x80;
    bytes[at++] = Number(rest);
  };
  const number = (field: number, value: bigint): void => {
    if (value === 0n) return;
    bytes[at++] = field << 3;
    varint(value);
  };
  const text = (field: number, value: Uint8Array): void => {
    if (value.length === 0) return;
    bytes[at++] = (field << 3) | 2;
    varint(BigInt(value.length));
    bytes.set(value, at);
    at += value.length;
  };
  text(1, kv.key);
  number(2, BigInt(kv.createRevision));
  number(3, BigInt(kv.modRevision));
  number(4, BigInt(kv.version));
  text(5, kv.value);
  number(6, kv.lease);
  return bytes.subarray(0, at);
}
