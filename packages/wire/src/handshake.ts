/**
 * The first bytes of a connection, in both directions. Fixed layouts that no later version of the
 * protocol may change before the version field, so that two versions can always tell each other.
 *
 *     request                       reply
 *     0  u32  "QRAT"                0  u32  "QRAT"
 *     4  u16  version               4  u16  version
 *     6  u8   purpose               6  u8   verdict
 *     7  u8   0                     7  u8   0
 *     8  u53  cluster id            8  u53  cluster id
 *    16  u53  from                 16  u53  from
 *    24  u53  to                   24  u32  incarnation
 *    32  u53  group                28  u32  checksum
 *    40  u32  incarnation
 *    44  u32  checksum
 */

import type { NodeId } from '@quorate/core';
import { numberAt, putNumber, putU16, putU32, u16At, u32At } from './bytes.ts';
import type { Checksum } from './checksum.ts';
import { FrameError } from './errors.ts';

export const PROTOCOL_VERSION = 1;

export type ConnectionPurpose = 'messages' | 'snapshot';

/** What the side that connects says first. */
export interface Handshake {
  readonly version: number;
  readonly clusterId: number;
  readonly from: NodeId;
  readonly to: NodeId;
  readonly purpose: ConnectionPurpose;
  /** Of the caller's disk; 0 for a server that has none. */
  readonly incarnation: number;
  /** Whose snapshot follows; 0 where the server is its only group, and for messages (host-messages.ts). */
  readonly group: number;
}

export type HandshakeVerdict =
  | 'accepted'
  | 'wrong-version'
  | 'wrong-cluster'
  | 'wrong-node'
  | 'unknown-peer'
  /** The caller has left the cluster for good. */
  | 'removed-peer'
  /** The caller was met before, with another disk. */
  | 'other-disk';

/** What the other side answers, with its own version, cluster and id, before it goes on or closes. */
export interface HandshakeReply {
  readonly version: number;
  readonly clusterId: number;
  readonly from: NodeId;
  /** Of the answering side's disk; 0 for a server that has none. */
  readonly incarnation: number;
  readonly verdict: HandshakeVerdict;
}

const PURPOSES: readonly ConnectionPurpose[] = ['messages', 'snapshot'];
const VERDICTS: readonly HandshakeVerdict[] = [
  'accepted',
  'wrong-version',
  'wrong-cluster',
  'wrong-node',
  'unknown-peer',
  'removed-peer',
  'other-disk',
];
const MAGIC = [0x51, 0x52, 0x41, 0x54];
const REQUEST_BYTES = 48;
const REPLY_BYTES = 32;

export function encodeHandshake(handshake: Handshake, checksum: Checksum): Uint8Array {
  const bytes = new Uint8Array(REQUEST_BYTES);
  putOpening(bytes, handshake.version, PURPOSES.indexOf(handshake.purpose), handshake.clusterId);
  putNumber(bytes, 16, handshake.from);
  putNumber(bytes, 24, handshake.to);
  putNumber(bytes, 32, handshake.group);
  putU32(bytes, 40, handshake.incarnation);
  return sealed(bytes, checksum);
}

export function encodeHandshakeReply(reply: HandshakeReply, checksum: Checksum): Uint8Array {
  const bytes = new Uint8Array(REPLY_BYTES);
  putOpening(bytes, reply.version, VERDICTS.indexOf(reply.verdict), reply.clusterId);
  putNumber(bytes, 16, reply.from);
  putU32(bytes, 24, reply.incarnation);
  return sealed(bytes, checksum);
}

function putOpening(bytes: Uint8Array, version: number, choice: number, clusterId: number): void {
  bytes.set(MAGIC);
  putU16(bytes, 4, version);
  bytes[6] = choice;
  putNumber(bytes, 8, clusterId);
}

function sealed(bytes: Uint8Array, checksum: Checksum): Uint8Array {
  const at = bytes.length - 4;
  putU32(bytes, at, checksum(bytes.subarray(0, at), 0));
  return bytes;
}

/** Collects the first `size` bytes of a stream, and gives up when it begins wrongly. */
class OpeningReader {
  readonly #bytes: Uint8Array;
  readonly #checksum: Checksum;
  #have = 0;

  constructor(size: number, checksum: Checksum) {
    this.#bytes = new Uint8Array(size);
    this.#checksum = checksum;
  }

  /** The whole opening and what follows it, or undefined while bytes are missing. */
  push(chunk: Uint8Array): { bytes: Uint8Array; rest: Uint8Array } | undefined {
    const taken = Math.min(chunk.length, this.#bytes.length - this.#have);
    this.#bytes.set(chunk.subarray(0, taken), this.#have);
    this.#have += taken;
    const seen = this.#bytes.subarray(0, this.#have);
    // Judged as a whole, so that the message can say what the stranger speaks.
    if (seen.length >= MAGIC.length && MAGIC.some((byte, at) => seen[at] !== byte)) {
      throw new FrameError(`this is not a Quorate peer: ${described(seen)}`, 0);
    }
    if (this.#have < this.#bytes.length) return undefined;

    const end = this.#bytes.length - 4;
    if (this.#checksum(this.#bytes.subarray(0, end), 0) !== u32At(this.#bytes, end)) {
      throw new FrameError('the checksum of a handshake does not match', end);
    }
    return { bytes: this.#bytes, rest: chunk.subarray(taken) };
  }
}

/** One for each accepted connection. */
export class HandshakeDecoder {
  readonly #opening: OpeningReader;

  constructor(checksum: Checksum) {
    this.#opening = new OpeningReader(REQUEST_BYTES, checksum);
  }

  /**
   * Undefined until the handshake is whole; then also what followed it. The version is reported,
   * not judged: the answer to a foreign one is a reply.
   *
   * @throws {FrameError} that names HTTP, TLS or the first bytes when the peer speaks otherwise.
   */
  push(chunk: Uint8Array): { handshake: Handshake; rest: Uint8Array } | undefined {
    const opening = this.#opening.push(chunk);
    if (opening === undefined) return undefined;
    const { bytes, rest } = opening;
    const handshake = {
      version: u16At(bytes, 4),
      clusterId: numberAt(bytes, 8),
      from: idAt(bytes, 16),
      to: idAt(bytes, 24),
      purpose: choiceAt(PURPOSES, bytes),
      group: numberAt(bytes, 32),
      incarnation: u32At(bytes, 40),
    };
    return { handshake, rest };
  }
}

/** One for each connection that we opened. */
export class HandshakeReplyDecoder {
  readonly #opening: OpeningReader;

  constructor(checksum: Checksum) {
    this.#opening = new OpeningReader(REPLY_BYTES, checksum);
  }

  /** As in `HandshakeDecoder`. */
  push(chunk: Uint8Array): { reply: HandshakeReply; rest: Uint8Array } | undefined {
    const opening = this.#opening.push(chunk);
    if (opening === undefined) return undefined;
    const { bytes, rest } = opening;
    const reply = {
      version: u16At(bytes, 4),
      clusterId: numberAt(bytes, 8),
      from: idAt(bytes, 16),
      incarnation: u32At(bytes, 24),
      verdict: choiceAt(VERDICTS, bytes),
    };
    return { reply, rest };
  }
}

function idAt(bytes: Uint8Array, at: number): NodeId {
  const id = numberAt(bytes, at);
  if (id === 0) throw new FrameError('a server id of 0', at);
  return id as NodeId;
}

function choiceAt<Choice>(choices: readonly Choice[], bytes: Uint8Array): Choice {
  const choice = choices[bytes[6]!];
  if (choice === undefined || bytes[7] !== 0) {
    throw new FrameError(`unknown handshake field ${bytes[6]}`, 6);
  }
  return choice;
}

const HTTP_OPENING = /^((GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|CONNECT|TRACE|PRI) |HTTP\/)/;

/** A browser, etcdctl or a health check at the wrong port; `bytes` are the first that came. */
export const looksLikeHttp = (bytes: Uint8Array): boolean =>
  HTTP_OPENING.test(String.fromCharCode(...bytes.subarray(0, 8)));

/** What the peer seems to speak, for whoever pointed a browser or etcdctl at the peer port. */
function described(bytes: Uint8Array): string {
  if (looksLikeHttp(bytes)) return 'it speaks HTTP; clients use the client port';
  if (bytes[0] === 0x16 && bytes[1] === 0x03) {
    return 'it speaks TLS, which is not configured here';
  }
  const hex = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0'));
  return `it begins with the bytes ${hex.join(' ')}`;
}
