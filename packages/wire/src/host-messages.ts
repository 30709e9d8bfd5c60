/**
 * What passes on a connection besides the messages of Raft, where hosts have many groups: whose the
 * messages are, and whether the host itself lives.
 *
 *     0  u32  length of the rest
 *     4  u32  checksum of bytes 8 to the end
 *     8  u8   kind
 *     9  u24  0
 *    12  u53  the field
 *    20  …    of groupOpened and groupBegun the voters, u53 each, ascending
 */

import type { NodeId } from '@quorate/core';
import { numberAt, putNumber, putU32, u32At } from './bytes.ts';
import type { Checksum } from './checksum.ts';
import { FrameError } from './errors.ts';
import { LENGTH_BYTES } from './frame-assembler.ts';

/** No kind has a field whose meaning depends on another. */
export type HostMessage =
  /** The messages that follow on this connection are of this group, until the next such word. */
  | { readonly kind: 'forGroup'; readonly group: number }
  /** "I live": stands for the heartbeats of all groups at rest. Both ends of a connection say it. */
  | { readonly kind: 'hostBeat'; readonly count: number }
  /** "I have no such group": it was closed, or is not open yet. */
  | { readonly kind: 'groupAbsent'; readonly group: number }
  /** "I opened this group, and it began with these voters. And yours?" Asked before any message of it. */
  | { readonly kind: 'groupOpened'; readonly group: number; readonly voters: readonly NodeId[] }
  /** The answer of who has it open too: "Mine with these." None: nobody knows. */
  | { readonly kind: 'groupBegun'; readonly group: number; readonly voters: readonly NodeId[] };

/** Above every kind of Raft message. */
export const FIRST_HOST_CODE = 64;
const FRAME_BYTES = 20;
const FIELD_AT = 12;
const ID_BYTES = 8;
const KINDS = ['forGroup', 'hostBeat', 'groupAbsent', 'groupOpened', 'groupBegun'] as const;

const NO_VOTERS: readonly NodeId[] = [];

export function encodeHostMessage(message: HostMessage, checksum: Checksum): Uint8Array {
  const voters = 'voters' in message ? message.voters : NO_VOTERS;
  const bytes = new Uint8Array(FRAME_BYTES + ID_BYTES * voters.length);
  putU32(bytes, 0, bytes.length - LENGTH_BYTES);
  bytes[8] = FIRST_HOST_CODE + KINDS.indexOf(message.kind);
  putNumber(bytes, FIELD_AT, 'group' in message ? message.group : message.count);
  voters.forEach((voter, at) => {
    putNumber(bytes, FRAME_BYTES + ID_BYTES * at, voter);
  });
  putU32(bytes, 4, checksum(bytes.subarray(8), 0));
  return bytes;
}

/** @throws {FrameError} unless `frame` is exactly one of these. */
export function decodeHostMessage(frame: Uint8Array, checksum: Checksum): HostMessage {
  const kind = KINDS[frame[8]! - FIRST_HOST_CODE];
  const idBytes = frame.length - FRAME_BYTES;
  const hasVoters = kind === 'groupOpened' || kind === 'groupBegun';
  const isWhole = hasVoters ? idBytes >= 0 && idBytes % ID_BYTES === 0 : idBytes === 0;
  if (kind === undefined || !isWhole) {
    throw new FrameError(`unknown message kind ${frame[8]} in ${frame.length} bytes`, 8);
  }
  if (checksum(frame.subarray(8), 0) !== u32At(frame, 4)) {
    throw new FrameError(`the checksum of ${kind} does not match`, 4);
  }
  if (u32At(frame, 8) >>> 8 !== 0) throw new FrameError('a reserved field is not 0', 9);
  const field = numberAt(frame, FIELD_AT);
  switch (kind) {
    case 'hostBeat':
      return { kind, count: field };
    case 'groupOpened':
    case 'groupBegun':
      return { kind, group: field, voters: votersIn(frame) };
    case 'forGroup':
    case 'groupAbsent':
      return { kind, group: field };
  }
}

function votersIn(frame: Uint8Array): readonly NodeId[] {
  const voters: NodeId[] = [];
  for (let at = FRAME_BYTES; at < frame.length; at += ID_BYTES) {
    const voter = numberAt(frame, at) as NodeId;
    if (voter <= (voters.at(-1) ?? 0)) throw new FrameError('server ids must ascend from 1', at);
    voters.push(voter);
  }
  return voters;
}
