/**
 * A snapshot as a stream of frames: begin, chunk …, end. The content of a snapshot file, and what
 * a connection of purpose `snapshot` carries; there the receiver answers `stored`.
 *
 *     0  u32  length of the rest
 *     4  u32  checksum of bytes 8 to the end, continued from the checksum of the frame before
 *     8  u8   kind: 1 begin, 2 chunk, 3 end, 4 stored
 *     9  u24  0
 *    12  …    begin: u53 term of the sender, snapshot description · chunk: bytes ·
 *             end, stored: u53 number of bytes in all chunks
 *
 * Since checksums continue, the one of `end` vouches for all bytes and their order.
 */

import type { SnapshotMeta, Term } from '@quorate/core';
import { type Allocate, numberAt, putNumber, putU32, u32At } from './bytes.ts';
import type { Checksum } from './checksum.ts';
import { FrameError } from './errors.ts';
import { FrameAssembler, LENGTH_BYTES } from './frame-assembler.ts';
import { putSnapshotMeta, snapshotMetaAt, snapshotMetaSize } from './snapshot-meta-codec.ts';

export type SnapshotFrame =
  | { readonly kind: 'begin'; readonly term: Term; readonly snapshot: SnapshotMeta }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  /** All arrived and every checksum matched. */
  | { readonly kind: 'end'; readonly byteLength: number }
  /** The receiver's answer: the snapshot is on its disk. */
  | { readonly kind: 'stored'; readonly byteLength: number };

const HEAD_BYTES = 12;
const BEGIN = 1;
const CHUNK = 2;
const END = 3;
const STORED = 4;

/** Encodes one transfer, frame by frame, each as pieces to be sent in order. */
export class SnapshotStreamEncoder {
  readonly #checksum: Checksum;
  #running = 0;
  #byteLength = 0;

  constructor(checksum: Checksum) {
    this.#checksum = checksum;
  }

  begin(term: Term, snapshot: SnapshotMeta): Uint8Array[] {
    const body = new Uint8Array(8 + snapshotMetaSize(snapshot));
    putNumber(body, 0, term);
    putSnapshotMeta(body, 8, snapshot);
    return this.#frame(BEGIN, body);
  }

  /** `bytes` are sent as they are, not copied. */
  chunk(bytes: Uint8Array): Uint8Array[] {
    this.#byteLength += bytes.length;
    return this.#frame(CHUNK, bytes);
  }

  end(): Uint8Array[] {
    return this.#frame(END, lengthBody(this.#byteLength));
  }

  #frame(kind: number, body: Uint8Array): Uint8Array[] {
    const head = new Uint8Array(HEAD_BYTES);
    putU32(head, 0, HEAD_BYTES - LENGTH_BYTES + body.length);
    head[8] = kind;
    this.#running = this.#checksum(head.subarray(8), this.#running);
    if (body.length > 0) this.#running = this.#checksum(body, this.#running);
    putU32(head, 4, this.#running);
    return [head, body];
  }
}

/** The receiver's answer to `end`. */
export function encodeSnapshotStored(byteLength: number, checksum: Checksum): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + 8);
  putU32(bytes, 0, bytes.length - LENGTH_BYTES);
  bytes[8] = STORED;
  putNumber(bytes, HEAD_BYTES, byteLength);
  putU32(bytes, 4, checksum(bytes.subarray(8), 0));
  return bytes;
}

function lengthBody(byteLength: number): Uint8Array {
  const body = new Uint8Array(8);
  putNumber(body, 0, byteLength);
  return body;
}

export interface SnapshotStreamDecoderOptions {
  readonly checksum: Checksum;
  /** Checked on the announced length. @default 67_108_864 (64 MiB) */
  readonly maxFrameBytes?: number;
  readonly allocate?: Allocate;
}

/** Checks order, checksums and, at `end`, the total. After a FrameError it is dead. */
export class SnapshotStreamDecoder {
  readonly #assembler: FrameAssembler;
  readonly #checksum: Checksum;
  #state: 'before' | 'within' | 'after' = 'before';
  #running = 0;
  #byteLength = 0;

  constructor({ checksum, maxFrameBytes, allocate }: SnapshotStreamDecoderOptions) {
    this.#assembler = new FrameAssembler(maxFrameBytes, allocate);
    this.#checksum = checksum;
  }

  /** True when the stream stopped where it may stop: behind `end` or `stored`. */
  get isComplete(): boolean {
    return this.#state === 'after';
  }

  /** The frames that `chunk` completes. The chunk is kept by reference and must not change. */
  push(chunk: Uint8Array): SnapshotFrame[] {
    return this.#assembler.push(chunk).map((frame) => this.#decode(frame));
  }

  #decode(frame: Uint8Array): SnapshotFrame {
    if (frame.length < HEAD_BYTES) throw new FrameError('a snapshot frame is too short', 0);
    this.#running = this.#checksum(frame.subarray(8), this.#running);
    if (this.#running !== u32At(frame, 4)) {
      throw new FrameError('the checksum of a snapshot frame does not match', 4);
    }
    const kind = u32At(frame, 8);
    const isInOrder =
      kind === BEGIN || kind === STORED ? this.#state === 'before' : this.#state === 'within';
    if (!isInOrder) throw new FrameError(`a snapshot frame of kind ${kind} is out of order`, 8);
    if (kind === BEGIN) return this.#begin(frame);
    if (kind === CHUNK) {
      const bytes = frame.subarray(HEAD_BYTES);
      this.#byteLength += bytes.length;
      return { kind: 'chunk', bytes };
    }
    if ((kind !== END && kind !== STORED) || frame.length !== HEAD_BYTES + 8) {
      throw new FrameError(`unknown snapshot frame of kind ${kind}`, 8);
    }
    const byteLength = numberAt(frame, HEAD_BYTES);
    if (kind === END && byteLength !== this.#byteLength) {
      throw new FrameError(`${byteLength} bytes announced, ${this.#byteLength} came`, HEAD_BYTES);
    }
    this.#state = 'after';
    return { kind: kind === END ? 'end' : 'stored', byteLength };
  }

  #begin(frame: Uint8Array): SnapshotFrame {
    if (frame.length < HEAD_BYTES + 8) throw new FrameError('a snapshot frame is too short', 0);
    const term = numberAt(frame, HEAD_BYTES) as Term;
    const snapshot = snapshotMetaAt(frame, HEAD_BYTES + 8, frame.length);
    if (frame.length !== HEAD_BYTES + 8 + snapshotMetaSize(snapshot)) {
      throw new FrameError('bytes follow a snapshot description', HEAD_BYTES);
    }
    this.#state = 'within';
    return { kind: 'begin', term, snapshot };
  }
}
