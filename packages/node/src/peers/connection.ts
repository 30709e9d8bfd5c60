/**
 * An open connection to one peer, in both directions.
 *
 * Hot: what is sent in one turn leaves in one write; what one read brings is decoded in one go.
 */

import type { Socket } from 'node:net';
import { crc32 } from 'node:zlib';
import type { Message } from '@quorate/core';
import {
  encodeHostMessage,
  encodeMessage,
  type HostMessage,
  type Link,
  MessageDecoder,
} from '@quorate/wire';
import { SendQueue } from './send-queue.ts';
import { type HostWord, ONLY_GROUP } from './transport.ts';

export interface ConnectionOptions {
  readonly link: Link;
  readonly maxFrameBytes: number;
  /** Bytes that may wait to be sent. What comes on top is lost. */
  readonly maxQueuedBytes: number;
  readonly onMessage: (message: Message, group: number) => void;
  readonly onWord: (word: HostWord) => void;
  /** Once, with the reason if it was not an orderly end. */
  readonly onClose: (reason: Error | undefined) => void;
}

export class Connection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #decoder: MessageDecoder;
  /** Whose messages are coming in, and whose went out last. */
  #groupIn = ONLY_GROUP;
  #groupOut = ONLY_GROUP;
  /** What `flush` will write. */
  readonly #queue = new SendQueue();
  /** The peer was spoken to and has said nothing since. */
  #isOwedAnswer = false;
  #looksInSilence = 0;
  #failure: Error | undefined;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    const { link, maxFrameBytes } = options;
    const allocate = Buffer.allocUnsafeSlow;
    this.#decoder = new MessageDecoder({ link, checksum: crc32, maxFrameBytes, allocate });
    socket
      .on('data', (chunk) => this.#onData(chunk))
      .on('end', () => socket.destroy())
      .on('error', (error) => this.#fail(error))
      .on('close', () => options.onClose(this.#failure));
  }

  /** Begins to read. `rest` came with the handshake. */
  start(rest: Uint8Array): void {
    if (rest.length > 0) this.#onData(rest);
    this.#socket.resume();
  }

  /** False: the queue is full, and the message is lost. */
  send(message: Message, group: number): boolean {
    const { maxQueuedBytes } = this.#options;
    if (this.#queue.byteLength + this.#socket.writableLength > maxQueuedBytes) return false;
    if (group !== this.#groupOut) {
      this.#groupOut = group;
      this.#queue.push(encodeHostMessage({ kind: 'forGroup', group }, crc32));
    }
    for (const piece of encodeMessage(message, crc32)) this.#queue.push(piece);
    return true;
  }

  /** Few and small: no queue is too full for them. */
  say(word: HostWord): void {
    this.#queue.push(encodeHostMessage(word, crc32));
  }

  flush(): void {
    if (this.#queue.byteLength === 0) return;
    const pieces = this.#queue.take();
    this.#isOwedAnswer = true;
    const socket = this.#socket;
    if (pieces.length === 1) {
      socket.write(pieces[0] as Uint8Array);
      return;
    }
    socket.cork();
    for (const piece of pieces) socket.write(piece);
    socket.uncork();
  }

  /** At how many looks in a row, this one included, the peer has said nothing though it was spoken to. */
  lookForAnswer(): number {
    if (!this.#isOwedAnswer) return 0;
    this.#looksInSilence += 1;
    return this.#looksInSilence;
  }

  close(reason?: Error): void {
    this.#failure ??= reason;
    this.#socket.destroy();
  }

  #onData(chunk: Uint8Array): void {
    this.#isOwedAnswer = false;
    this.#looksInSilence = 0;
    try {
      for (const message of this.#decoder.push(chunk)) this.#onMessage(message);
    } catch (error) {
      // Bytes that are no message: there is no way to find the next one.
      this.#fail(error as Error);
    }
  }

  #onMessage(message: Message | HostMessage): void {
    switch (message.kind) {
      case 'forGroup':
        this.#groupIn = message.group;
        break;
      case 'hostBeat':
      case 'groupAbsent':
      case 'groupOpened':
      case 'groupBegun':
        this.#options.onWord(message);
        break;
      default:
        this.#options.onMessage(message, this.#groupIn);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#socket.destroy();
  }
}
