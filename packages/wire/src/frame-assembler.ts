/**
 * Cuts a byte stream into frames: `[u32 length of the rest][rest]`.
 *
 * A frame that lies within one chunk is a view of it. One that spans chunks is collected once, in a
 * buffer that grows with what really arrived, so an announcement alone costs a peer's victim
 * nothing and a frame in many pieces costs linear time.
 */

import { type Allocate, allocateZeroed, u32At } from './bytes.ts';
import { FrameError } from './errors.ts';

export const LENGTH_BYTES = 4;

/** @default of every decoder: 64 MiB. */
export const DEFAULT_MAX_FRAME_BYTES = 67_108_864;

/** First size of the buffer for a frame that spans chunks: what Node.js reads from a socket at once. */
const FIRST_BUFFER_BYTES = 65_536;

/** What has arrived earns so much more, so that an append of a megabyte is moved once and not four times. */
const GROWTH = 16;

export class FrameAssembler {
  readonly #maxFrameBytes: number;
  readonly #allocate: Allocate;
  #partial: Uint8Array = new Uint8Array(0);
  /** Bytes of the unfinished frame that are in `#partial`. */
  #have = 0;
  #failure: FrameError | undefined;

  constructor(maxFrameBytes = DEFAULT_MAX_FRAME_BYTES, allocate: Allocate = allocateZeroed) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#allocate = allocate;
  }

  /**
   * The frames that `chunk` completes, with their lengths in front.
   *
   * @throws {FrameError} at a frame longer than the limit, and from then on at every call.
   */
  push(chunk: Uint8Array): Uint8Array[] {
    if (this.#failure !== undefined) throw this.#failure;
    const frames: Uint8Array[] = [];
    let at = this.#have === 0 ? 0 : this.#continueFrame(chunk, frames);
    while (chunk.length - at >= LENGTH_BYTES) {
      const end = at + this.#frameBytes(chunk, at);
      if (end > chunk.length) break;
      frames.push(chunk.subarray(at, end));
      at = end;
    }
    if (at < chunk.length) {
      const isLengthKnown = chunk.length - at >= LENGTH_BYTES;
      const total = isLengthKnown ? this.#frameBytes(chunk, at) : LENGTH_BYTES;
      this.#keep(chunk, at, chunk.length, total);
    }
    return frames;
  }

  /** Adds to the unfinished frame. Answers how much of `chunk` belongs to it. */
  #continueFrame(chunk: Uint8Array, frames: Uint8Array[]): number {
    let at = 0;
    if (this.#have < LENGTH_BYTES) {
      at = Math.min(LENGTH_BYTES - this.#have, chunk.length);
      this.#keep(chunk, 0, at, LENGTH_BYTES);
      if (this.#have < LENGTH_BYTES) return at;
    }
    const total = this.#frameBytes(this.#partial, 0);
    const end = Math.min(at + total - this.#have, chunk.length);
    this.#keep(chunk, at, end, total);
    if (this.#have === total) {
      frames.push(this.#partial.subarray(0, total));
      // The frame is the caller's now: views of it live as long as its messages.
      this.#partial = new Uint8Array(0);
      this.#have = 0;
    }
    return end;
  }

  #keep(chunk: Uint8Array, from: number, to: number, total: number): void {
    const needed = this.#have + to - from;
    if (needed > this.#partial.length) {
      const size = Math.min(total, Math.max(FIRST_BUFFER_BYTES, GROWTH * needed));
      const larger = this.#allocate(size);
      larger.set(this.#partial.subarray(0, this.#have));
      this.#partial = larger;
    }
    this.#partial.set(chunk.subarray(from, to), this.#have);
    this.#have = needed;
  }

  #frameBytes(bytes: Uint8Array, at: number): number {
    const total = LENGTH_BYTES + u32At(bytes, at);
    if (total > this.#maxFrameBytes) {
      this.#failure = new FrameError(
        `a frame of ${total} bytes exceeds the limit of ${this.#maxFrameBytes}`,
        0,
      );
      throw this.#failure;
    }
    return total;
  }
}
