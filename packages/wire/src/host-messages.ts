/**
 * What passes on a connection besides the messages of Raft, where hosts have many groups: whose the
 * messages are, and whether the host itself lives.
 *
 *     0  u32  length of the rest
 *     4  u32  checksum of bytes 8 to the end
 *     8  u8   kind
 *     9  u24  0
 *    12  u53  the field
 */

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
  | { readonly kind: 'groupAbsent'; readonly group: number };

/** Above every kind of Raft message. */
export const FIRST_HOST_CODE = 64;
const FRAME_BYTES = 20;
const FIELD_AT = 12;
const KINDS = ['forGroup', 'hostBeat', 'groupAbsent'] as const;

export function encodeHostMessage(message: HostMessage, checksum: Checksum): Uint8Array {
  const bytes = new Uint8Array(FRAME_BYTES);
  putU32(bytes, 0, FRAME_BYTES - LENGTH_BYTES);
  bytes[8] = FIRST_HOST_CODE + KINDS.indexOf(message.kind);
  putNumber(bytes, FIELD_AT, 'group' in message ? message.group : message.count);
  putU32(bytes, 4, checksum(bytes.subarray(8), 0));
  return bytes;
}

/** @throws {FrameError} unless `frame` is exactly one of these. */
export function decodeHostMessage(frame: Uint8Array, checksum: Checksum): HostMessage {
  const kind = KINDS[frame[8]! - FIRST_HOST_CODE];
  if (kind === undefined || frame.length !== FRAME_BYTES) {
    throw new FrameError(`unknown message kind ${frame[8]} in ${frame.length} bytes`, 8);
  }
  if (checksum(frame.subarray(8), 0) !== u32At(frame, 4)) {
    throw new FrameError(`the checksum of ${kind} does not match`, 4);
  }
  if (u32At(frame, 8) >>> 8 !== 0) throw new FrameError('a reserved field is not 0', 9);
  const field = numberAt(frame, FIELD_AT);
  return kind === 'forGroup' || kind === 'groupAbsent'
    ? { kind, group: field }
    : { kind, count: field };
}
