/**
 * Hot path: one slab for each turn of the driver, 500,000 commands a second. No object for each
 * command: a command is copied once, into the slab, and read as a view when it is applied.
 */

import type { Payload } from '@quorate/core';
import { type Allocate, allocateZeroed, putU32, u32At } from './bytes.ts';
import type { Checksum } from './checksum.ts';
import { FrameError } from './errors.ts';
import { decodeSessionEntry } from './sessions/session-entry.ts';

/** Bytes in front of each command: its length. */
export const COMMAND_OVERHEAD_BYTES = 4;

/**
 * Room that a slab keeps in front of its commands for the batch header, which is known only when
 * the leader has given the batch its term and index. Header and commands then are one piece.
 */
export const HEAD_ROOM_BYTES = 32;

/** No CRC-32 has this value. */
const NOT_COMPUTED = -1;

/** Commands in one piece of memory: `[u32 length][bytes]` each. Iterating yields views. */
export class CommandSlab implements Payload, Iterable<Uint8Array> {
  readonly count: number;
  /** The commands with their lengths. */
  readonly bytes: Uint8Array;
  /** The same memory with the head room in front, when there is any. */
  readonly withHeadRoom: Uint8Array | undefined;
  /** Each command is an entry of a session: see sessions/session-entry.ts. */
  readonly isOfSessions: boolean;
  /** Which header the head room holds: a term and a first index. Owned by batch-codec.ts. */
  headerTerm = 0;
  headerFirstIndex = 0;
  #checksum = NOT_COMPUTED;

  /** `bytes` hold `count` well-formed commands; whoever cannot know uses `parseCommands`. */
  constructor(
    count: number,
    bytes: Uint8Array,
    withHeadRoom: Uint8Array | undefined,
    isOfSessions = false,
  ) {
    this.count = count;
    this.isOfSessions = isOfSessions;
    this.bytes = bytes;
    this.withHeadRoom = withHeadRoom;
  }

  static of(...commands: readonly Uint8Array[]): CommandSlab {
    const builder = new CommandSlabBuilder();
    for (const command of commands) builder.append(command);
    return builder.seal();
  }

  get byteLength(): number {
    return this.bytes.length;
  }

  slice(from: number, to: number): CommandSlab {
    if (!(from >= 0 && from < to && to <= this.count)) {
      throw new RangeError(`slice ${from} to ${to} of a slab with ${this.count} commands`);
    }
    if (from === 0 && to === this.count) return this;
    const start = this.#offsetOf(from, 0, 0);
    const end = this.#offsetOf(to, from, start);
    return new CommandSlab(
      to - from,
      this.bytes.subarray(start, end),
      undefined,
      this.isOfSessions,
    );
  }

  /** How many of the first commands fit into `maxBytes`. */
  countWithin(maxBytes: number): number {
    let offset = 0;
    for (let position = 0; position < this.count; position += 1) {
      offset += COMMAND_OVERHEAD_BYTES + u32At(this.bytes, offset);
      if (offset > maxBytes) return position;
    }
    return this.count;
  }

  /** CRC-32 of `bytes`, computed once. */
  checksum(checksum: Checksum): number {
    if (this.#checksum === NOT_COMPUTED) this.#checksum = checksum(this.bytes, 0);
    return this.#checksum;
  }

  [Symbol.iterator](): IterableIterator<Uint8Array> {
    return new CommandIterator(this.bytes);
  }

  #offsetOf(position: number, knownPosition: number, knownOffset: number): number {
    let offset = knownOffset;
    for (let at = knownPosition; at < position; at += 1) {
      offset += COMMAND_OVERHEAD_BYTES + u32At(this.bytes, offset);
    }
    return offset;
  }
}

/** Written out because a generator costs three times as much for each command. */
class CommandIterator implements IterableIterator<Uint8Array> {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  next(): IteratorResult<Uint8Array> {
    if (this.#offset === this.#bytes.length) return { done: true, value: undefined };
    const start = this.#offset + COMMAND_OVERHEAD_BYTES;
    this.#offset = start + u32At(this.#bytes, this.#offset);
    return { done: false, value: this.#bytes.subarray(start, this.#offset) };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

/**
 * A slab over bytes of unknown origin, without copying.
 *
 * @throws {FrameError} unless `bytes` are exactly `count` commands. `offset` is that of `bytes` in
 *   their frame.
 */
export function parseCommands(
  count: number,
  bytes: Uint8Array,
  withHeadRoom: Uint8Array | undefined,
  offset: number,
  isOfSessions = false,
): CommandSlab {
  if (count === 0) throw new FrameError('a payload without commands', offset);
  const end = bytes.length;
  let at = 0;
  for (let left = count; left > 0; left -= 1) {
    // Also when the command before went beyond the end.
    if (end - at < COMMAND_OVERHEAD_BYTES) {
      throw new FrameError(`${count} commands do not fit into ${end} bytes`, offset);
    }
    at += COMMAND_OVERHEAD_BYTES + u32At(bytes, at);
  }
  if (at !== end) {
    throw new FrameError(`${count} commands of ${at} bytes in a payload of ${end}`, offset);
  }
  const slab = new CommandSlab(count, bytes, withHeadRoom, isOfSessions);
  // Refused here, because what is in the log must be applied.
  if (isOfSessions) for (const entry of slab) decodeSessionEntry(entry);
  return slab;
}

/**
 * Several batches of a busy server, so that few outgrow their chunk and are moved; small enough
 * that the few bytes of an idle one do not pin much memory.
 */
const CHUNK_BYTES = 1_048_576;
const SMALLEST_ALLOCATION = 4_096;
/** Before the first command: of thousands of builders in one process most never see one. */
const NO_CHUNK = new Uint8Array(0);

/**
 * Collects the commands of one turn; each is copied once. Slabs are cut one after the other from
 * larger chunks of memory. Reusable after `seal`.
 */
export class CommandSlabBuilder {
  readonly #allocate: Allocate;
  #chunk: Uint8Array = NO_CHUNK;
  #nextChunkBytes = SMALLEST_ALLOCATION / 2;
  /** Where this slab's commands begin in the chunk, and where the next one goes. */
  #start = HEAD_ROOM_BYTES;
  #end = HEAD_ROOM_BYTES;
  #count = 0;

  constructor(options: { readonly allocate?: Allocate } = {}) {
    this.#allocate = options.allocate ?? allocateZeroed;
  }

  get count(): number {
    return this.#count;
  }

  /** Of the commands so far, with their lengths. */
  get byteLength(): number {
    return this.#end - this.#start;
  }

  append(command: Uint8Array): void {
    const { length } = command;
    const next = this.#end + COMMAND_OVERHEAD_BYTES + length;
    if (next > this.#chunk.length) this.#moveToLargerChunk(length);
    const chunk = this.#chunk;
    putU32(chunk, this.#end, length);
    chunk.set(command, this.#end + COMMAND_OVERHEAD_BYTES);
    this.#end += COMMAND_OVERHEAD_BYTES + length;
    this.#count += 1;
  }

  /** Needs at least one command. All of them are entries of sessions, or none is. */
  seal(isOfSessions = false): CommandSlab {
    if (this.#count === 0) throw new RangeError('a slab needs at least one command');
    const bytes = this.#chunk.subarray(this.#start, this.#end);
    const withHeadRoom = this.#chunk.subarray(this.#start - HEAD_ROOM_BYTES, this.#end);
    const slab = new CommandSlab(this.#count, bytes, withHeadRoom, isOfSessions);
    this.#start = this.#end + HEAD_ROOM_BYTES;
    this.#end = this.#start;
    this.#count = 0;
    return slab;
  }

  #moveToLargerChunk(commandBytes: number): void {
    const open = this.byteLength;
    const needed = HEAD_ROOM_BYTES + open + COMMAND_OVERHEAD_BYTES + commandBytes;
    // Twice what is needed, so that a slab that outgrows its chunk is not moved for each command.
    this.#nextChunkBytes = Math.min(2 * this.#nextChunkBytes, CHUNK_BYTES);
    const larger = this.#allocate(Math.max(2 * needed, this.#nextChunkBytes));
    // subarray, because after a seal at the very end of a chunk #start may lie beyond it.
    larger.set(this.#chunk.subarray(this.#start, this.#end), HEAD_ROOM_BYTES);
    this.#chunk = larger;
    this.#start = HEAD_ROOM_BYTES;
    this.#end = HEAD_ROOM_BYTES + open;
  }
}
