/** Bytes to messages and back. docs/storage-format.md and docs/wire-format.md have the byte tables. */
import type { Message, NodeId, Payload, SnapshotMeta, Write } from '@quorate/core';
import type { Checksum } from './checksum.ts';

export { type Checksum, crc32 } from './checksum.ts';
export { FrameError } from './errors.ts';

/** Where memory comes from. `Buffer.allocUnsafeSlow` spares Node.js the zeroing. */
export type Allocate = (byteLength: number) => Uint8Array;

/** Commands in one piece of memory: `[u32 length][bytes]` each. Iterating yields views. */
export declare class CommandSlab implements Payload, Iterable<Uint8Array> {
  readonly count: number;
  readonly byteLength: number;
  slice(from: number, to: number): CommandSlab;
  [Symbol.iterator](): Iterator<Uint8Array>;
  /** For tests and single commands. */
  static of(...commands: readonly Uint8Array[]): CommandSlab;
}

/** Collects the commands of one turn; each is copied once. Reusable after `seal`. */
export declare class CommandSlabBuilder {
  constructor(options?: { readonly allocate?: Allocate });
  append(command: Uint8Array): void;
  readonly count: number;
  readonly byteLength: number;
  /** Needs at least one command. */
  seal(): CommandSlab;
}

/** `from` and `to` are not in the frames: the handshake named them once for the connection. */
export interface Link {
  readonly from: NodeId;
  readonly to: NodeId;
}

/** One frame as pieces to be sent in order; payload bytes are views, never copies. */
export declare function encodeMessage(message: Message, checksum: Checksum): Uint8Array[];
/** What `encodeMessage` would yield, in bytes, without encoding. */
export declare function encodedSize(message: Message): number;

export interface MessageDecoderOptions {
  /** Who sends here, and to whom: copied into every message. */
  readonly link: Link;
  readonly checksum: Checksum;
  /** @default 67_108_864 (64 MiB) */
  readonly maxFrameBytes?: number;
  readonly allocate?: Allocate;
}

/** Takes the pieces of a stream as they come and yields messages. After a FrameError it is dead. */
export declare class MessageDecoder {
  constructor(options: MessageDecoderOptions);
  /** The chunk is kept by reference (payloads are views of it) and must not change afterwards. */
  push(chunk: Uint8Array): Message[];
}

export interface Handshake {
  readonly version: number;
  readonly clusterId: number;
  readonly from: NodeId;
  readonly to: NodeId;
  readonly purpose: 'messages' | 'snapshot';
}
export type HandshakeVerdict =
  | 'accepted'
  | 'wrong-version'
  | 'wrong-cluster'
  | 'wrong-node'
  | 'unknown-peer';
/** What the accepting side answers, with its own version, cluster and id, before it closes or goes on. */
export interface HandshakeReply {
  readonly version: number;
  readonly clusterId: number;
  readonly from: NodeId;
  readonly verdict: HandshakeVerdict;
}
export declare const PROTOCOL_VERSION: number;
export declare function encodeHandshake(handshake: Handshake, checksum: Checksum): Uint8Array;
export declare function encodeHandshakeReply(reply: HandshakeReply, checksum: Checksum): Uint8Array;
/** One for each direction: `push` answers undefined until the frame is whole. */
export declare class HandshakeDecoder {
  constructor(checksum: Checksum);
  /** @throws {FrameError} that names HTTP, TLS or the first bytes when the peer speaks otherwise. */
  push(chunk: Uint8Array): { handshake: Handshake; rest: Uint8Array } | undefined;
}
export declare class HandshakeReplyDecoder {
  constructor(checksum: Checksum);
  push(chunk: Uint8Array): { reply: HandshakeReply; rest: Uint8Array } | undefined;
}

/** On a connection of purpose `snapshot`: begin, chunk …, end; then `stored` the other way. */
export type SnapshotFrame =
  | { readonly kind: 'begin'; readonly term: number; readonly snapshot: SnapshotMeta }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly byteLength: number; readonly checksum: number }
  | { readonly kind: 'stored'; readonly byteLength: number };
/** Encodes one transfer; keeps the running total and checksum for `end`. */
export declare class SnapshotStreamEncoder {
  constructor(checksum: Checksum);
  begin(term: number, snapshot: SnapshotMeta): Uint8Array[];
  chunk(bytes: Uint8Array): Uint8Array[];
  end(): Uint8Array[];
}
export declare function encodeSnapshotStored(byteLength: number, checksum: Checksum): Uint8Array[];
/** Checks order, every chunk, and at `end` the total length and checksum. */
export declare class SnapshotStreamDecoder {
  constructor(options: { readonly checksum: Checksum; readonly maxFrameBytes?: number });
  push(chunk: Uint8Array): SnapshotFrame[];
}

/** What a log record says: the parts of `Write` that last. */
export type StoredWrite = Pick<Write, 'hardState' | 'batches' | 'snapshot'>;
/** One write as pieces; the same bytes on every disk. */
export declare function encodeWrite(write: StoredWrite, checksum: Checksum): Uint8Array[];
export declare function encodedWriteSize(write: StoredWrite): number;
/** @throws {FrameError} unless `bytes` is exactly one write. */
export declare function decodeWrite(bytes: Uint8Array, checksum: Checksum): StoredWrite;
