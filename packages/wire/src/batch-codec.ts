/**
 * Hot path: a batch in bytes. The same bytes are the log record's content, the frame's content and
 * what the state machine iterates, so a payload is never copied after it was sealed.
 *
 *     0  u8   kind: 1 commands, 2 noop, 3 configuration, 4 commands of sessions
 *     1  u24  0
 *     4  u32  number of entries
 *     8  u53  term
 *    16  u53  index of the first entry
 *    24  u32  length of the payload
 *    28  u32  checksum of the payload, continued over bytes 0 to 27
 *    32  …    payload
 */

import {
  type Batch,
  type CommandBatch,
  type Configuration,
  commandBatch,
  configurationBatch,
  type LogIndex,
  noopBatch,
  type Payload,
  type Term,
} from '@quorate/core';
import { numberAt, putNumber, putU32, u32At } from './bytes.ts';
import type { Checksum } from './checksum.ts';
import { CommandSlab, HEAD_ROOM_BYTES, parseCommands } from './command-slab.ts';
import { configurationAt, configurationSize, putConfiguration } from './configuration-codec.ts';
import { FrameError } from './errors.ts';

export const BATCH_HEADER_BYTES = HEAD_ROOM_BYTES;
const CHECKSUM_AT = 28;
const NO_BYTES = new Uint8Array(0);

const COMMANDS = 1;
const NOOP = 2;
const CONFIGURATION = 3;
const SESSION_COMMANDS = 4;

export function encodedBatchSize(batch: Batch): number {
  if (batch.kind === 'commands') return BATCH_HEADER_BYTES + batch.payload.byteLength;
  if (batch.kind === 'noop') return BATCH_HEADER_BYTES;
  return BATCH_HEADER_BYTES + configurationSize(batch.configuration);
}

/**
 * Appends the batch to `chunks` as one piece, or as header and payload when the slab has no head
 * room, or has it filled with another header that may still be on its way. Answers the header.
 */
export function encodeBatch(batch: Batch, chunks: Uint8Array[], checksum: Checksum): Uint8Array {
  switch (batch.kind) {
    case 'commands':
      return encodeCommands(batch, chunks, checksum);
    case 'noop': {
      const header = new Uint8Array(BATCH_HEADER_BYTES);
      putHeader(header, NOOP, batch, 0, checksum(NO_BYTES, 0), checksum);
      chunks.push(header);
      return header;
    }
    case 'configuration':
      return encodeConfiguration(batch, batch.configuration, chunks, checksum);
  }
}

function encodeCommands(batch: CommandBatch, chunks: Uint8Array[], checksum: Checksum): Uint8Array {
  const slab = slabOf(batch.payload);
  const { withHeadRoom } = slab;
  const kind = slab.isOfSessions ? SESSION_COMMANDS : COMMANDS;
  if (withHeadRoom !== undefined) {
    if (slab.headerTerm === 0) {
      putHeader(withHeadRoom, kind, batch, slab.byteLength, slab.checksum(checksum), checksum);
      slab.headerTerm = batch.term;
      slab.headerFirstIndex = batch.firstIndex;
    }
    if (slab.headerTerm === batch.term && slab.headerFirstIndex === batch.firstIndex) {
      chunks.push(withHeadRoom);
      return withHeadRoom.subarray(0, BATCH_HEADER_BYTES);
    }
  }
  const header = new Uint8Array(BATCH_HEADER_BYTES);
  putHeader(header, kind, batch, slab.byteLength, slab.checksum(checksum), checksum);
  chunks.push(header, slab.bytes);
  return header;
}

function encodeConfiguration(
  batch: Batch,
  configuration: Configuration,
  chunks: Uint8Array[],
  checksum: Checksum,
): Uint8Array {
  const bytes = new Uint8Array(BATCH_HEADER_BYTES + configurationSize(configuration));
  putConfiguration(bytes, BATCH_HEADER_BYTES, configuration);
  const payload = bytes.subarray(BATCH_HEADER_BYTES);
  putHeader(bytes, CONFIGURATION, batch, payload.length, checksum(payload, 0), checksum);
  chunks.push(bytes);
  return bytes.subarray(0, BATCH_HEADER_BYTES);
}

function putHeader(
  header: Uint8Array,
  kind: number,
  batch: Batch,
  payloadBytes: number,
  payloadChecksum: number,
  checksum: Checksum,
): void {
  putU32(header, 0, kind);
  putU32(header, 4, batch.count);
  putNumber(header, 8, batch.term);
  putNumber(header, 16, batch.firstIndex);
  putU32(header, 24, payloadBytes);
  putU32(header, CHECKSUM_AT, checksum(header.subarray(0, CHECKSUM_AT), payloadChecksum));
}

export function slabOf(payload: Payload): CommandSlab {
  if (payload instanceof CommandSlab) return payload;
  throw new TypeError('only payloads made by CommandSlabBuilder can be encoded');
}

/**
 * Continues a checksum over the batch at `at` by its header, which speaks for the payload. The
 * header's own checksum goes in first: behind the bytes that it covers it would cancel them, since
 * the CRC of a text and its CRC is the same for every text.
 */
export function checksumOverBatch(
  bytes: Uint8Array,
  at: number,
  checksum: Checksum,
  running: number,
): number {
  const seed = (running ^ u32At(bytes, at + CHECKSUM_AT)) >>> 0;
  return checksum(bytes.subarray(at, at + CHECKSUM_AT), seed);
}

/** Reads batch after batch; checks each and that it continues the one before. */
export class BatchReader {
  readonly #bytes: Uint8Array;
  readonly #checksum: Checksum;
  /** Offset of the next batch. */
  offset: number;
  /** What the next batch must not fall below, and the index at which it must begin (0: any). */
  #leastTerm: number;
  #nextIndex: number;

  constructor(
    bytes: Uint8Array,
    start: { readonly offset: number; readonly leastTerm: number; readonly nextIndex: number },
    checksum: Checksum,
  ) {
    this.#bytes = bytes;
    this.offset = start.offset;
    this.#leastTerm = start.leastTerm;
    this.#nextIndex = start.nextIndex;
    this.#checksum = checksum;
  }

  get isAtEnd(): boolean {
    return this.offset === this.#bytes.length;
  }

  /** @throws {FrameError} unless a whole and valid batch begins at `offset`. */
  next(): Batch {
    const bytes = this.#bytes;
    const at = this.offset;
    const payloadAt = at + BATCH_HEADER_BYTES;
    if (payloadAt > bytes.length) throw new FrameError('a batch header is cut off', at);
    const payloadBytes = u32At(bytes, at + 24);
    const end = payloadAt + payloadBytes;
    if (end > bytes.length) throw new FrameError('a batch exceeds its frame', at + 24);

    const payload = bytes.subarray(payloadAt, end);
    const headerChecksum = this.#checksum(
      bytes.subarray(at, at + CHECKSUM_AT),
      this.#checksum(payload, 0),
    );
    if (headerChecksum !== u32At(bytes, at + CHECKSUM_AT)) {
      throw new FrameError('the checksum of a batch does not match', at + CHECKSUM_AT);
    }

    const count = u32At(bytes, at + 4);
    const { term, firstIndex } = this.#position(at, count);
    const batch = this.#content(at, count, term, firstIndex, payload);
    this.offset = end;
    this.#leastTerm = term;
    this.#nextIndex = firstIndex + count;
    return batch;
  }

  #position(at: number, count: number): { term: Term; firstIndex: LogIndex } {
    const term = numberAt(this.#bytes, at + 8);
    if (term < this.#leastTerm) {
      throw new FrameError(`terms fall from ${this.#leastTerm} to ${term}`, at + 8);
    }
    const firstIndex = numberAt(this.#bytes, at + 16);
    if (this.#nextIndex !== 0 && firstIndex !== this.#nextIndex) {
      throw new FrameError(`index ${this.#nextIndex} is due, ${firstIndex} is there`, at + 16);
    }
    if (firstIndex === 0) throw new FrameError('there is no entry with index 0', at + 16);
    if (firstIndex + count > Number.MAX_SAFE_INTEGER) {
      throw new FrameError('a batch ends above 2^53 - 1', at + 16);
    }
    return { term: term as Term, firstIndex: firstIndex as LogIndex };
  }

  #content(
    at: number,
    count: number,
    term: Term,
    firstIndex: LogIndex,
    payload: Uint8Array,
  ): Batch {
    const payloadAt = at + BATCH_HEADER_BYTES;
    const kind = u32At(this.#bytes, at);
    if (kind === COMMANDS || kind === SESSION_COMMANDS) {
      const withHeader = this.#bytes.subarray(at, payloadAt + payload.length);
      const slab = parseCommands(count, payload, withHeader, payloadAt, kind === SESSION_COMMANDS);
      slab.headerTerm = term;
      slab.headerFirstIndex = firstIndex;
      return commandBatch(term, firstIndex, slab);
    }
    if (count !== 1) throw new FrameError(`a batch of kind ${kind} has ${count} entries`, at + 4);
    if (kind === NOOP && payload.length === 0) return noopBatch(term, firstIndex);
    if (kind === CONFIGURATION) {
      const configuration = configurationAt(this.#bytes, payloadAt, payloadAt + payload.length);
      if (configurationSize(configuration) !== payload.length) {
        throw new FrameError('bytes follow a configuration', payloadAt);
      }
      if (configuration.voters.length === 0) {
        throw new FrameError('a configuration without voters', payloadAt);
      }
      return configurationBatch(term, firstIndex, configuration);
    }
    throw new FrameError(`unknown batch of kind ${kind} with ${payload.length} bytes`, at);
  }
}
