/**
 * A snapshot as a stream of frames: begin, chunk …, end. The content of a snapshot file, and what
 * the leader sends on a connection of purpose `snapshot`; snapshot-answers.ts has the other direction.
 *
 *     0  u32  length of the rest
 *     4  u32  checksum of bytes 8 to the end, continued from the checksum of the frame before
 *     8  u8   kind: 1 begin, 2 chunk, 3 end
 *     9  u24  0
 *    12  …    begin: u53 term of the sender, u53 position of the first byte that follows, u32 checksum
 *             of the bytes before it, snapshot description · chunk: bytes ·
 *             end: u53 number of bytes of the whole snapshot, u32 their checksum
 *
 * Checksums of frames continue, so each vouches for all frames before it and their order. The one in
 * `end` is of the bytes alone: it is the same however they were cut, and also when a transfer goes
 * on behind what an earlier one has left.
 */

import type { SnapshotMeta, Term } from '@quorate/core';
import { type Allocate, numberAt, putNumber, putU32, u32At } from './bytes.ts';
import type { Checksum } from './checksum.ts';
import { FrameError } from './errors.ts';
import { FrameAssembler, LENGTH_BYTES } from './frame-assembler.ts';
import { putSnapshotMeta, snapshotMetaAt, snapshotMetaSize } from './snapshot-meta-codec.ts';

/** The first bytes of a snapshot: how many, and their checksum. */
export interface Prefix {
  readonly byteLength: number;
  readonly checksum: number;
}

export const EMPTY_PREFIX: Prefix = { byteLength: 0, checksum: 0 };

/** The prefix with `bytes` behind it. */
export function extendPrefix(prefix: Prefix, bytes: Uint8Array, checksum: Checksum): Prefix {
  if (bytes.length === 0) return prefix;
  return {
    byteLength: prefix.byteLength + bytes.length,
    checksum: checksum(bytes, prefix.checksum),
  };
}

export type SnapshotFrame =
  /** The chunks go on behind `after`. */
  | {
      readonly kind: 'begin';
      readonly term: Term;
      readonly after: Prefix;
      readonly snapshot: SnapshotMeta;
    }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  /** All arrived and every checksum matched. */
  | { readonly kind: 'end'; readonly whole: Prefix };

/** Where a stream stands: what is needed to go on with it. */
export interface SnapshotStreamState {
  /** Checksum of the last frame. */
  readonly running: number;
  readonly content: Prefix;
}

/**
 * What one chunk should hold at most. A transfer is resumed at a chunk, is throttled by chunks and
 * waits for one at a time, so it should be small; below this the frames cost throughput.
 */
export const SNAPSHOT_CHUNK_BYTES = 131_072;

/** No frame of ours is longer: a description, or a chunk. */
export const MAX_SNAPSHOT_FRAME_BYTES = 1_048_576;

export const SNAPSHOT_HEAD_BYTES = 12;
/** Of a `begin`: term, position and checksum. */
const BEGIN_BYTES = 20;
const END_BYTES = 12;
const BEGIN = 1;
const CHUNK = 2;
const END = 3;

/** Encodes one stream, frame by frame, each as pieces to be written in order. */
export class SnapshotStreamEncoder {
  readonly #checksum: Checksum;
  #running: number;
  #content: Prefix;

  /** @param state Where an earlier stream was left: goes on with `chunk`. */
  constructor(checksum: Checksum, state?: SnapshotStreamState) {
    this.#checksum = checksum;
    this.#running = state?.running ?? 0;
    this.#content = state?.content ?? EMPTY_PREFIX;
  }

  get content(): Prefix {
    return this.#content;
  }

  begin(term: Term, snapshot: SnapshotMeta, after: Prefix = EMPTY_PREFIX): Uint8Array[] {
    const body = new Uint8Array(BEGIN_BYTES + snapshotMetaSize(snapshot));
    putNumber(body, 0, term);
    putNumber(body, 8, after.byteLength);
    putU32(body, 16, after.checksum);
    putSnapshotMeta(body, BEGIN_BYTES, snapshot);
    this.#content = after;
    return this.#frame(BEGIN, body);
  }

  /** `bytes` are sent as they are, not copied. */
  chunk(bytes: Uint8Array): Uint8Array[] {
    this.#content = extendPrefix(this.#content, bytes, this.#checksum);
    return this.#frame(CHUNK, bytes);
  }

  end(): Uint8Array[] {
    const body = new Uint8Array(END_BYTES);
    putNumber(body, 0, this.#content.byteLength);
    putU32(body, 8, this.#content.checksum);
    return this.#frame(END, body);
  }

  #frame(kind: number, body: Uint8Array): Uint8Array[] {
    const head = new Uint8Array(SNAPSHOT_HEAD_BYTES);
    putU32(head, 0, SNAPSHOT_HEAD_BYTES - LENGTH_BYTES + body.length);
    head[8] = kind;
    this.#running = this.#checksum(head.subarray(8), this.#running);
    if (body.length > 0) this.#running = this.#checksum(body, this.#running);
    putU32(head, 4, this.#running);
    return [head, body];
  }
}

export interface SnapshotStreamDecoderOptions {
  readonly checksum: Checksum;
  /** Checked on the announced length. @default 67_108_864 (64 MiB) */
  readonly maxFrameBytes?: number;
  readonly allocate?: Allocate;
}

/** Checks order, checksums and, at `end`, the whole. After a FrameError it is dead. */
export class SnapshotStreamDecoder {
  readonly #assembler: FrameAssembler;
  readonly #checksum: Checksum;
  #order: 'before' | 'within' | 'after' = 'before';
  #state: SnapshotStreamState = { running: 0, content: EMPTY_PREFIX };
  #position = 0;

  constructor({ checksum, maxFrameBytes, allocate }: SnapshotStreamDecoderOptions) {
    this.#assembler = new FrameAssembler(maxFrameBytes, allocate);
    this.#checksum = checksum;
  }

  /** True when the stream stopped where it may stop: behind `end`. */
  get isComplete(): boolean {
    return this.#order === 'after';
  }

  /** Where the stream stands behind its last good `begin` or `chunk`, also after a FrameError. */
  get state(): SnapshotStreamState {
    return this.#state;
  }

  /** How many bytes of the stream lead to `state`. */
  get position(): number {
    return this.#position;
  }

  /** The frames that `chunk` completes. The chunk is kept by reference and must not change. */
  push(chunk: Uint8Array): SnapshotFrame[] {
    return this.#assembler.push(chunk).map((frame) => this.#decode(frame));
  }

  #decode(frame: Uint8Array): SnapshotFrame {
    if (frame.length < SNAPSHOT_HEAD_BYTES) {
      throw new FrameError('a snapshot frame is too short', 0);
    }
    const running = this.#checksum(frame.subarray(8), this.#state.running);
    if (running !== u32At(frame, 4)) {
      throw new FrameError('the checksum of a snapshot frame does not match', 4);
    }
    const kind = u32At(frame, 8);
    const isInOrder = this.#order === (kind === BEGIN ? 'before' : 'within');
    if (!isInOrder) throw new FrameError(`a snapshot frame of kind ${kind} is out of order`, 8);
    switch (kind) {
      case BEGIN: {
        const begin = decodeBegin(frame);
        this.#order = 'within';
        this.#advance(running, begin.after, frame.length);
        return begin;
      }
      case CHUNK: {
        const bytes = frame.subarray(SNAPSHOT_HEAD_BYTES);
        const content = extendPrefix(this.#state.content, bytes, this.#checksum);
        this.#advance(running, content, frame.length);
        return { kind: 'chunk', bytes };
      }
      case END:
        return this.#end(frame);
      default:
        throw new FrameError(`unknown snapshot frame of kind ${kind}`, 8);
    }
  }

  #advance(running: number, content: Prefix, frameBytes: number): void {
    this.#state = { running, content };
    this.#position += frameBytes;
  }

  #end(frame: Uint8Array): SnapshotFrame {
    if (frame.length !== SNAPSHOT_HEAD_BYTES + END_BYTES) {
      throw new FrameError(`the end of a snapshot has ${frame.length} bytes`, 0);
    }
    const byteLength = numberAt(frame, SNAPSHOT_HEAD_BYTES);
    const checksum = u32At(frame, SNAPSHOT_HEAD_BYTES + 8);
    const { content } = this.#state;
    if (byteLength !== content.byteLength) {
      const came = `${byteLength} bytes announced, ${content.byteLength} came`;
      throw new FrameError(came, SNAPSHOT_HEAD_BYTES);
    }
    if (checksum !== content.checksum) {
      throw new FrameError('the checksum of the whole snapshot does not match', frame.length - 4);
    }
    this.#order = 'after';
    return { kind: 'end', whole: content };
  }
}

function decodeBegin(frame: Uint8Array): Extract<SnapshotFrame, { kind: 'begin' }> {
  const at = SNAPSHOT_HEAD_BYTES;
  if (frame.length < at + BEGIN_BYTES) throw new FrameError('a snapshot frame is too short', 0);
  const term = numberAt(frame, at) as Term;
  const after = { byteLength: numberAt(frame, at + 8), checksum: u32At(frame, at + 16) };
  const snapshot = snapshotMetaAt(frame, at + BEGIN_BYTES, frame.length);
  if (frame.length !== at + BEGIN_BYTES + snapshotMetaSize(snapshot)) {
    throw new FrameError('bytes follow a snapshot description', at);
  }
  return { kind: 'begin', term, after, snapshot };
}
