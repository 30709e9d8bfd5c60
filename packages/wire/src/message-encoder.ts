/**
 * Messages in bytes. Every frame begins with
 *
 *     0  u32  length of the rest
 *     4  u32  checksum of bytes 8 to the end of the fields; what follows them has its own
 *     8  u8   kind
 *     9  u8   0 or 1: the message's one boolean
 *    10  u16  0
 *    12  …    fields, 8 bytes each
 *
 * `from` and `to` are not in it: the handshake named them once for the connection, and a peer
 * cannot speak for another. A heartbeat is 52 bytes, its answer 36.
 */

import type { Message } from '@quorate/core';
import { encodeBatch, encodedBatchSize, slabOf } from './batch-codec.ts';
import { putNumber, putU32 } from './bytes.ts';
import type { Checksum } from './checksum.ts';
import { LENGTH_BYTES } from './frame-assembler.ts';
import { putSnapshotMeta, snapshotMetaSize } from './snapshot-meta-codec.ts';

export const MESSAGE_HEAD_BYTES = 12;
export const FIELD_BYTES = 8;
export const CHECKSUM_AT = 4;
export const CHECKED_FROM = 8;

type Kind = Message['kind'];

/** On the wire. Never reused; a new kind needs a new number and a new protocol version. */
export const KIND_CODES: Readonly<Record<Kind, number>> = {
  requestPreVote: 1,
  preVoteReply: 2,
  requestVote: 3,
  requestVoteReply: 4,
  appendEntries: 5,
  appendAccepted: 6,
  appendRejected: 7,
  installSnapshot: 8,
  requestReadIndex: 9,
  readIndexReply: 10,
  forwardProposal: 11,
  forwardReply: 12,
  timeoutNow: 13,
  rest: 14,
  restAccepted: 15,
  wakeUp: 16,
};

/** Fixed fields of each kind, the term included. */
export const FIELD_COUNTS: Readonly<Record<Kind, number>> = {
  requestPreVote: 3,
  preVoteReply: 1,
  requestVote: 3,
  requestVoteReply: 1,
  appendEntries: 5,
  appendAccepted: 3,
  appendRejected: 5,
  installSnapshot: 1,
  requestReadIndex: 2,
  readIndexReply: 3,
  // The last one is number of commands and payload checksum, four bytes each.
  forwardProposal: 3,
  forwardReply: 3,
  timeoutNow: 1,
  rest: 3,
  restAccepted: 2,
  wakeUp: 1,
};

export const fieldsEnd = (kind: Kind): number =>
  MESSAGE_HEAD_BYTES + FIELD_BYTES * FIELD_COUNTS[kind];

/** What `encodeMessage` would yield, in bytes, without encoding. */
export function encodedSize(message: Message): number {
  let size = fieldsEnd(message.kind);
  if (message.kind === 'appendEntries') {
    for (const batch of message.batches) size += encodedBatchSize(batch);
  } else if (message.kind === 'forwardProposal') {
    size += message.payload.byteLength;
  } else if (message.kind === 'installSnapshot') {
    size += snapshotMetaSize(message.snapshot);
  }
  return size;
}

/**
 * One frame as pieces to be sent in order. Payload bytes are views, never copies: they must not
 * change until the last piece is sent.
 */
export function encodeMessage(message: Message, checksum: Checksum): Uint8Array[] {
  const fields = fieldsEnd(message.kind);
  const isSnapshot = message.kind === 'installSnapshot';
  const head = new Uint8Array(isSnapshot ? fields + snapshotMetaSize(message.snapshot) : fields);
  const chunks = [head];
  putU32(head, 0, encodedSize(message) - LENGTH_BYTES);
  head[8] = KIND_CODES[message.kind];
  putNumber(head, MESSAGE_HEAD_BYTES, message.term);
  putFields(head, message, chunks, checksum);
  putU32(head, CHECKSUM_AT, checksum(head.subarray(CHECKED_FROM), 0));
  return chunks;
}

function putFields(
  head: Uint8Array,
  message: Message,
  chunks: Uint8Array[],
  checksum: Checksum,
): void {
  const at = MESSAGE_HEAD_BYTES + FIELD_BYTES;
  switch (message.kind) {
    case 'requestVote':
      head[9] = message.isLeadershipTransfer ? 1 : 0;
      putFieldsAt(head, at, message.lastLogIndex, message.lastLogTerm);
      return;
    case 'requestPreVote':
      putFieldsAt(head, at, message.lastLogIndex, message.lastLogTerm);
      return;
    case 'preVoteReply':
    case 'requestVoteReply':
      head[9] = message.isGranted ? 1 : 0;
      return;
    case 'appendEntries':
      putFieldsAt(head, at, message.prevLogIndex, message.prevLogTerm);
      putFieldsAt(head, at + 2 * FIELD_BYTES, message.leaderCommit, message.round);
      for (const batch of message.batches) encodeBatch(batch, chunks, checksum);
      return;
    case 'appendAccepted':
      putFieldsAt(head, at, message.matchIndex, message.round);
      return;
    case 'appendRejected':
      putFieldsAt(head, at, message.prevLogIndex, message.hintIndex);
      putFieldsAt(head, at + 2 * FIELD_BYTES, message.hintTerm, message.round);
      return;
    case 'installSnapshot':
      putSnapshotMeta(head, at, message.snapshot);
      return;
    case 'requestReadIndex':
      putNumber(head, at, message.id);
      return;
    case 'readIndexReply':
      putFieldsAt(head, at, message.id, message.readIndex);
      return;
    case 'forwardReply':
      putFieldsAt(head, at, message.id, message.firstIndex);
      return;
    case 'rest':
      putFieldsAt(head, at, message.index, message.logTerm);
      return;
    case 'restAccepted':
      putNumber(head, at, message.index);
      return;
    case 'timeoutNow':
    case 'wakeUp':
      return;
    case 'forwardProposal': {
      const slab = slabOf(message.payload);
      head[9] = slab.isOfSessions ? 1 : 0;
      putNumber(head, at, message.id);
      putU32(head, at + FIELD_BYTES, slab.count);
      putU32(head, at + FIELD_BYTES + 4, slab.checksum(checksum));
      chunks.push(slab.bytes);
    }
  }
}

function putFieldsAt(head: Uint8Array, at: number, first: number, second: number): void {
  putNumber(head, at, first);
  putNumber(head, at + FIELD_BYTES, second);
}
