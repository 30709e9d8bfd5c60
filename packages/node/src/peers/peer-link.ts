/**
 * The way to one peer: at most one open connection, and the effort to have one.
 *
 * Of two servers the one with the smaller id dials, so that there is one connection for both
 * directions and nothing to untangle when both try. The other one dials to introduce a new member,
 * and when it has not been called for long: the peer may not know where we are, or that we still
 * exist. A new connection replaces an old one: the peer has restarted, or has noticed earlier than
 * we that the old one is dead.
 */

import type { Socket } from 'node:net';
import type { Message, Milliseconds, NodeId } from '@quorate/core';
import type { LogLine, PeerAddress } from '../api.ts';
import { addressText } from './address.ts';
import { Backoff } from './backoff.ts';
import { Connection } from './connection.ts';
import { dial, HandshakeRefused, type PeerIdentity } from './handshake.ts';
import { type HostWord, ONLY_GROUP, type Receiver } from './transport.ts';

/** A peer that refuses us will do so again until somebody changes a setting. */
const REFUSED_RETRY_MS = 5_000;
/** In election timeouts: who should be called and is not calls by then. */
const PATIENCE = 5;
/** The first attempt after a loss: a process that was killed has just restarted, or has not yet. */
const FIRST_RETRY_MS = 10;

/** Each message says of which group it is. */
const MESSAGES = { purpose: 'messages', group: ONLY_GROUP } as const;

export interface LinkOptions {
  readonly self: PeerIdentity;
  readonly peer: NodeId;
  /** Undefined: wherever it calls from. */
  readonly address: PeerAddress | undefined;
  /** Limits on waiting are counted in these: a link must be back well within one. */
  readonly electionTimeoutMs: Milliseconds;
  readonly maxFrameBytes: number;
  readonly maxQueuedBytes: number;
  readonly now: () => Milliseconds;
  readonly receiver: Receiver;
  readonly log: LogLine;
}

export class PeerLink {
  readonly #options: LinkOptions;
  readonly #backoff: Backoff;
  readonly #ending = new AbortController();
  #connection: Connection | undefined;
  #connectedAt: Milliseconds = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #isOverflowing = false;
  /** What was logged last about failures, so that the same is said once. */
  #complaint = '';
  #address: PeerAddress | undefined;

  /** @param isNew It was added while we run, and may not know of us yet. */
  constructor(options: LinkOptions, isNew: boolean) {
    this.#options = options;
    this.#address = options.address;
    this.#backoff = new Backoff(FIRST_RETRY_MS, options.electionTimeoutMs / 4);
    if (this.isDialer || isNew) void this.#dial();
    else this.#redialLater();
  }

  get address(): PeerAddress | undefined {
    return this.#address;
  }

  /** Where it is called next. */
  moveTo(address: PeerAddress): void {
    if (address.host === this.#address?.host && address.port === this.#address.port) return;
    this.#address = address;
    if (!this.isConnected) this.#redialAfter(FIRST_RETRY_MS);
  }

  get isDialer(): boolean {
    return this.#options.self.id < this.#options.peer;
  }

  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  /** False: not connected, or too much is waiting already. The message is lost. */
  send(message: Message, group: number): boolean {
    const isSent = this.#connection?.send(message, group) ?? false;
    const isOverflowing = !isSent && this.isConnected;
    if (isOverflowing && !this.#isOverflowing)
      this.#options.receiver.overflowing(this.#options.peer, group);
    this.#isOverflowing = isOverflowing;
    return isSent;
  }

  say(word: HostWord): void {
    this.#connection?.say(word);
  }

  flush(): void {
    this.#connection?.flush();
  }

  /** Takes over a connection whose handshake is done. */
  attach(socket: Socket, rest: Uint8Array): void {
    const { self, peer, now, maxFrameBytes, maxQueuedBytes, receiver, log } = this.#options;
    this.#connection?.close();
    clearTimeout(this.#retryTimer);
    const connection = new Connection(socket, {
      link: { from: peer, to: self.id },
      maxFrameBytes,
      maxQueuedBytes,
      onMessage: (message, group) => receiver.received(message, group),
      onWord: (word) => receiver.heard(peer, word),
      onClose: (reason) => this.#onClose(connection, reason),
    });
    this.#connection = connection;
    this.#connectedAt = now();
    this.#complaint = '';
    log('info', 'peer connected', { peer });
    receiver.connected(peer);
    connection.start(rest);
  }

  /**
   * Gives up a connection over which nothing comes back. A cut cable is reported by nobody, and
   * after it is mended TCP may wait longer than it was cut before it tries again.
   *
   * Called once in an election timeout, behind a round of reading. Looks are counted and no clock is read: a
   * machine that stood still, and all servers on it, has listened to nobody.
   */
  checkSilence(): void {
    const { electionTimeoutMs } = this.#options;
    const looks = this.#connection?.lookForAnswer() ?? 0;
    // From the first look on: it may have been spoken to just before.
    const silence = (looks - 1) * electionTimeoutMs;
    if (silence >= Math.max(2 * electionTimeoutMs, 1000))
      this.#connection?.close(new Error(`silent for ${Math.round(silence)} ms`));
  }

  close(): void {
    this.#ending.abort();
    clearTimeout(this.#retryTimer);
    this.#connection?.close();
    this.#connection = undefined;
  }

  async #dial(): Promise<void> {
    const { self, peer, electionTimeoutMs } = this.#options;
    const address = this.#address;
    if (address === undefined) return;
    const limits = { timeoutMs: Math.max(electionTimeoutMs, 1000), signal: this.#ending.signal };
    try {
      const { socket, rest } = await dial(address, self, peer, MESSAGES, limits);
      if (this.#ending.signal.aborted) socket.destroy();
      else this.attach(socket, rest);
    } catch (error) {
      this.#complain(error as Error, address);
      if (!(error instanceof HandshakeRefused)) this.#redialLater();
      else this.#refused(error);
    }
  }

  #refused({ verdict }: HandshakeRefused): void {
    const { receiver, peer, electionTimeoutMs } = this.#options;
    // For good: an id is never used again.
    if (verdict === 'removed-peer') receiver.removed(peer);
    // We may be about to be added.
    else this.#redialAfter(verdict === 'unknown-peer' ? electionTimeoutMs : REFUSED_RETRY_MS);
  }

  #onClose(connection: Connection, reason: Error | undefined): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    const { peer, receiver, log, now, electionTimeoutMs } = this.#options;
    receiver.unreachable(peer);
    log('info', 'peer disconnected', { peer, reason: reason?.message ?? 'closed by the peer' });
    // A connection that broke at once is no sign that the next one will last.
    if (now() - this.#connectedAt > electionTimeoutMs) this.#backoff.reset();
    this.#redialLater();
  }

  #redialLater(): void {
    const { electionTimeoutMs } = this.#options;
    const patienceMs = Math.max(PATIENCE * electionTimeoutMs, 1000);
    this.#redialAfter(this.isDialer ? this.#backoff.next() : patienceMs);
  }

  #redialAfter(delayMs: number): void {
    if (this.#ending.signal.aborted) return;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => void this.#dial(), delayMs);
  }

  #complain(error: Error, address: PeerAddress): void {
    if (this.#ending.signal.aborted || this.#complaint === error.message) return;
    this.#complaint = error.message;
    const { peer, log } = this.#options;
    const level = error instanceof HandshakeRefused ? 'error' : 'warn';
    const facts = { peer, address: addressText(address), reason: error.message };
    log(level, 'peer cannot be reached', facts);
  }
}
