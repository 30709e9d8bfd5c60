/**
 * Bytes to messages, believing nothing. What leaves here is well formed: numbers are safe integers,
 * entries are consecutive and follow prevLogIndex, terms never fall and never exceed the message's.
 */

import type { Batch, LogIndex, Message, NodeId, Term } from '@quorate/core';
import { BatchReader } from './batch-codec.ts';
import { type Allocate, numberAt, u16At, u32At } from './bytes.ts';
import type { Checksum } from './checksum.ts';
import { parseCommands } from './command-slab.ts';
import { FrameError } from './errors.ts';
import { FrameAssembler } from './frame-assembler.ts';
import { decodeHostMessage, FIRST_HOST_CODE, type HostMessage } from './host-messages.ts';
import {
  CHECKED_FROM,
  CHECKSUM_AT,
  FIELD_BYTES,
  fieldsEnd,
  KIND_CODES,
  MESSAGE_HEAD_BYTES,
} from './message-encoder.ts';
import { snapshotMetaAt, snapshotMetaSize } from './snapshot-meta-codec.ts';

/** Who speaks and to whom; the handshake said so. */
export interface Link {
  readonly from: NodeId;
  readonly to: NodeId;
}

export interface MessageDecoderOptions {
  /** Copied into every message. */
  readonly link: Link;
  readonly checksum: Checksum;
  /** Checked on the announced length. @default 67_108_864 (64 MiB) */
  readonly maxFrameBytes?: number;
  readonly allocate?: Allocate;
}

/** Takes the pieces of a stream as they come and yields messages. After a FrameError it is dead. */
export class MessageDecoder {
  readonly #assembler: FrameAssembler;
  readonly #link: Link;
  readonly #checksum: Checksum;

  constructor(options: MessageDecoderOptions) {
    this.#assembler = new FrameAssembler(options.maxFrameBytes, options.allocate);
    this.#link = options.link;
    this.#checksum = options.checksum;
  }

  /**
   * The messages that `chunk` completes. The chunk is kept by reference, since payloads are views
   * of it, and must not change afterwards.
   *
   * @throws {FrameError} whereupon the connection must be closed: the stream has lost its place.
   */
  push(chunk: Uint8Array): (Message | HostMessage)[] {
    const messages: (Message | HostMessage)[] = [];
    for (const frame of this.#assembler.push(chunk)) {
      const isOfHost = frame.length > 8 && frame[8]! >= FIRST_HOST_CODE;
      messages.push(
        isOfHost
          ? decodeHostMessage(frame, this.#checksum)
          : decodeMessage(frame, this.#link, this.#checksum),
      );
    }
    return messages;
  }
}

const KINDS: readonly (Message['kind'] | undefined)[] = kindsByCode();

function kindsByCode(): (Message['kind'] | undefined)[] {
  const kinds: (Message['kind'] | undefined)[] = [];
  for (const [kind, code] of Object.entries(KIND_CODES)) kinds[code] = kind as Message['kind'];
  return kinds;
}

/** What the boolean says is beside it in message-encoder.ts. */
const FLAGGED: ReadonlySet<Message['kind']> = new Set([
  'requestVote',
  'preVoteReply',
  'requestVoteReply',
  'forwardProposal',
]);

/** @throws {FrameError} unless `frame` is exactly one well-formed message. */
export function decodeMessage(frame: Uint8Array, link: Link, checksum: Checksum): Message {
  if (frame.length < MESSAGE_HEAD_BYTES + FIELD_BYTES) {
    throw new FrameError(`a frame of ${frame.length} bytes is too short for a message`, 0);
  }
  const kind = KINDS[frame[8]!];
  if (kind === undefined) throw new FrameError(`unknown message kind ${frame[8]}`, 8);
  const flag = frame[9]!;
  if (flag > (FLAGGED.has(kind) ? 1 : 0)) throw new FrameError(`a flag of ${flag} in ${kind}`, 9);
  if (u16At(frame, 10) !== 0) throw new FrameError('a reserved field is not 0', 10);

  const end = fieldsEnd(kind);
  const hasMore =
    kind === 'appendEntries' || kind === 'forwardProposal' || kind === 'installSnapshot';
  if (frame.length < end || (frame.length > end && !hasMore)) {
    throw new FrameError(`${kind} in a frame of ${frame.length} bytes`, 0);
  }
  const checkedEnd = kind === 'installSnapshot' ? frame.length : end;
  if (checksum(frame.subarray(CHECKED_FROM, checkedEnd), 0) !== u32At(frame, CHECKSUM_AT)) {
    throw new FrameError(`the checksum of ${kind} does not match`, CHECKSUM_AT);
  }
  return readFields(kind, new Fields(frame), flag === 1, link, checksum);
}

/** The fields of one frame, by position. */
class Fields {
  readonly frame: Uint8Array;

  constructor(frame: Uint8Array) {
    this.frame = frame;
  }

  number(position: number): number {
    return numberAt(this.frame, MESSAGE_HEAD_BYTES + FIELD_BYTES * position);
  }

  index(position: number): LogIndex {
    return this.number(position) as LogIndex;
  }

  term(position: number): Term {
    return this.number(position) as Term;
  }

  /** An index and the term of its entry, which are 0 together, the term not above `most`. */
  entryId(position: number, most: number): { index: LogIndex; term: Term } {
    const index = this.index(position);
    const term = this.term(position + 1);
    if ((index === 0) !== (term === 0) || term > most) {
      throw new FrameError(
        `entry ${index} of term ${term} in a message of term ${most}`,
        MESSAGE_HEAD_BYTES + FIELD_BYTES * position,
      );
    }
    return { index, term };
  }
}

function readFields(
  kind: Message['kind'],
  fields: Fields,
  flag: boolean,
  { from, to }: Link,
  checksum: Checksum,
): Message {
  const term = fields.term(0);
  switch (kind) {
    case 'requestPreVote': {
      const last = fields.entryId(1, term);
      return { kind, from, to, term, lastLogIndex: last.index, lastLogTerm: last.term };
    }
    case 'requestVote': {
      const { index: lastLogIndex, term: lastLogTerm } = fields.entryId(1, term);
      return { kind, from, to, term, lastLogIndex, lastLogTerm, isLeadershipTransfer: flag };
    }
    case 'preVoteReply':
    case 'requestVoteReply':
      return { kind, from, to, term, isGranted: flag };
    case 'appendEntries':
      return readAppendEntries(fields, term, { from, to }, checksum);
    case 'appendAccepted':
      return { kind, from, to, term, matchIndex: fields.index(1), round: fields.number(2) };
    case 'appendRejected': {
      const prevLogIndex = fields.index(1);
      const hintIndex = fields.index(2);
      if (hintIndex > prevLogIndex) {
        throw new FrameError(`hint ${hintIndex} lies above the refused ${prevLogIndex}`, 28);
      }
      const hintTerm = fields.term(3);
      return { kind, from, to, term, prevLogIndex, hintIndex, hintTerm, round: fields.number(4) };
    }
    case 'installSnapshot':
      return readInstallSnapshot(fields, term, { from, to });
    case 'requestReadIndex':
      return { kind, from, to, term, id: fields.number(1) };
    case 'readIndexReply':
      return { kind, from, to, term, id: fields.number(1), readIndex: fields.index(2) };
    case 'forwardReply':
      return { kind, from, to, term, id: fields.number(1), firstIndex: fields.index(2) };
    case 'rest': {
      const { index, term: logTerm } = fields.entryId(1, term);
      return { kind, from, to, term, index, logTerm };
    }
    case 'restAccepted':
      return { kind, from, to, term, index: fields.index(1) };
    case 'timeoutNow':
    case 'wakeUp':
      return { kind, from, to, term };
    case 'forwardProposal':
      return readForwardProposal(fields, term, flag, { from, to }, checksum);
  }
}

function readAppendEntries(
  fields: Fields,
  term: Term,
  { from, to }: Link,
  checksum: Checksum,
): Message {
  const previous = fields.entryId(1, term);
  const start = {
    offset: fieldsEnd('appendEntries'),
    leastTerm: Math.max(previous.term, 1),
    nextIndex: previous.index + 1,
  };
  const reader = new BatchReader(fields.frame, start, checksum);
  const batches: Batch[] = [];
  while (!reader.isAtEnd) batches.push(reader.next());

  const lastTerm = batches.at(-1)?.term ?? previous.term;
  if (lastTerm > term) {
    throw new FrameError(`an entry of term ${lastTerm} in a message of term ${term}`, 12);
  }
  return {
    kind: 'appendEntries',
    from,
    to,
    term,
    prevLogIndex: previous.index,
    prevLogTerm: previous.term,
    leaderCommit: fields.index(3),
    round: fields.number(4),
    batches,
  };
}

function readInstallSnapshot(fields: Fields, term: Term, { from, to }: Link): Message {
  const { frame } = fields;
  const at = fieldsEnd('installSnapshot');
  const snapshot = snapshotMetaAt(frame, at, frame.length);
  if (at + snapshotMetaSize(snapshot) !== frame.length) {
    throw new FrameError('bytes follow a snapshot description', at);
  }
  if (snapshot.term > term) {
    throw new FrameError(`a snapshot of term ${snapshot.term} in a message of term ${term}`, at);
  }
  return { kind: 'installSnapshot', from, to, term, snapshot };
}

function readForwardProposal(
  fields: Fields,
  term: Term,
  isOfSessions: boolean,
  { from, to }: Link,
  checksum: Checksum,
): Message {
  const { frame } = fields;
  const at = fieldsEnd('forwardProposal');
  const slab = parseCommands(u32At(frame, at - 8), frame.subarray(at), undefined, at, isOfSessions);
  if (slab.checksum(checksum) !== u32At(frame, at - 4)) {
    throw new FrameError('the checksum of a payload does not match', at - 4);
  }
  return { kind: 'forwardProposal', from, to, term, id: fields.number(1), payload: slab };
}
