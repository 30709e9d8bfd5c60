/**
 * What the receiver of a snapshot says on its connection: first what it holds already, then how far
 * it has come, at last that all of it is on its disk. The frames of snapshot-stream.ts, each with a
 * checksum of its own.
 *
 *     0  u32  length of the rest
 *     4  u32  checksum of bytes 8 to the end
 *     8  u8   kind: 4 held, 5 progress, 6 stored
 *     9  u24  0
 *    12  …    held: u53 index, u53 term, u53 number of bytes, u32 their checksum; all 0 for nothing ·
 *             progress, stored: u53 number of bytes
 */

import type { LogIndex, Term } from '@quorate/core';
import { numberAt, putNumber, putU32, u32At } from './bytes.ts';
import type { Checksum } from './checksum.ts';
import { FrameError } from './errors.ts';
import { FrameAssembler, LENGTH_BYTES } from './frame-assembler.ts';
import { type Prefix, SNAPSHOT_HEAD_BYTES } from './snapshot-stream.ts';

/** The beginning of a snapshot, left by a transfer that broke off. */
export interface HeldSnapshot {
  readonly index: LogIndex;
  readonly term: Term;
  readonly prefix: Prefix;
}

export type SnapshotAnswer =
  | { readonly kind: 'held'; readonly held: HeldSnapshot | undefined }
  /** So many bytes of the snapshot are with the receiver. */
  | { readonly kind: 'progress'; readonly byteLength: number }
  /** The whole snapshot is on its disk, verified. */
  | { readonly kind: 'stored'; readonly byteLength: number };

const HELD = 4;
const PROGRESS = 5;
const STORED = 6;
const HELD_BYTES = 28;
const COUNT_BYTES = 8;
const MAX_FRAME_BYTES = SNAPSHOT_HEAD_BYTES + HELD_BYTES;

export function encodeSnapshotAnswer(answer: SnapshotAnswer, checksum: Checksum): Uint8Array {
  const bodyBytes = answer.kind === 'held' ? HELD_BYTES : COUNT_BYTES;
  const bytes = new Uint8Array(SNAPSHOT_HEAD_BYTES + bodyBytes);
  putU32(bytes, 0, bytes.length - LENGTH_BYTES);
  if (answer.kind === 'held') {
    bytes[8] = HELD;
    if (answer.held !== undefined) putHeld(bytes, SNAPSHOT_HEAD_BYTES, answer.held);
  } else {
    bytes[8] = answer.kind === 'progress' ? PROGRESS : STORED;
    putNumber(bytes, SNAPSHOT_HEAD_BYTES, answer.byteLength);
  }
  putU32(bytes, 4, checksum(bytes.subarray(8), 0));
  return bytes;
}

function putHeld(bytes: Uint8Array, at: number, { index, term, prefix }: HeldSnapshot): void {
  putNumber(bytes, at, index);
  putNumber(bytes, at + 8, term);
  putNumber(bytes, at + 16, prefix.byteLength);
  putU32(bytes, at + 24, prefix.checksum);
}

export class SnapshotAnswerDecoder {
  readonly #assembler = new FrameAssembler(MAX_FRAME_BYTES);
  readonly #checksum: Checksum;

  constructor(checksum: Checksum) {
    this.#checksum = checksum;
  }

  /** The answers that `chunk` completes. @throws {FrameError} */
  push(chunk: Uint8Array): SnapshotAnswer[] {
    return this.#assembler.push(chunk).map((frame) => this.#decode(frame));
  }

  #decode(frame: Uint8Array): SnapshotAnswer {
    if (frame.length < SNAPSHOT_HEAD_BYTES + COUNT_BYTES) {
      throw new FrameError('an answer to a snapshot is too short', 0);
    }
    if (this.#checksum(frame.subarray(8), 0) !== u32At(frame, 4)) {
      throw new FrameError('the checksum of an answer to a snapshot does not match', 4);
    }
    const kind = u32At(frame, 8);
    const bodyBytes = frame.length - SNAPSHOT_HEAD_BYTES;
    if (kind === HELD && bodyBytes === HELD_BYTES) return { kind: 'held', held: heldAt(frame) };
    if ((kind === PROGRESS || kind === STORED) && bodyBytes === COUNT_BYTES) {
      const byteLength = numberAt(frame, SNAPSHOT_HEAD_BYTES);
      return { kind: kind === PROGRESS ? 'progress' : 'stored', byteLength };
    }
    throw new FrameError(`unknown answer of kind ${kind} to a snapshot`, 8);
  }
}

function heldAt(frame: Uint8Array): HeldSnapshot | undefined {
  const at = SNAPSHOT_HEAD_BYTES;
  const index = numberAt(frame, at);
  if (index === 0) return undefined;
  return {
    index: index as LogIndex,
    term: numberAt(frame, at + 8) as Term,
    prefix: { byteLength: numberAt(frame, at + 16), checksum: u32At(frame, at + 24) },
  };
}
