/**
 * Snapshots on their way to followers in need (§7): one transfer to each at a time.
 *
 * What is being sent stays readable, and the log behind it stays too, until the transfer is over and
 * for a while after: a follower that lost its connection goes on with the same snapshot, and one
 * that has it finds the entries that follow. Otherwise a busy leader would send snapshots for ever.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import {
  type InstallSnapshot,
  type Milliseconds,
  type NodeId,
  previousIndex,
  type Raft,
  type SnapshotMeta,
} from '@quorate/core';
import { EMPTY_PREFIX, type HeldSnapshot } from '@quorate/wire';
import type { LogLine } from '../api.ts';
import { RaftError } from '../errors.ts';
import { Backoff } from '../peers/backoff.ts';
import type { GroupTransport, SnapshotTransfer } from '../peers/transport.ts';
import { reasonOf } from '../reason-of.ts';
import type { SnapshotStore } from '../storage/storage.ts';
import { continueAfter } from './continue-after.ts';
import type { Throttle } from './throttle.ts';

/** How long a transfer that is over still keeps its snapshot and the log behind it. */
const LINGER_MS = 60_000;

/** Between two attempts that brought nothing. */
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 5_000;

export interface SnapshotSenderHost {
  readonly raft: Raft;
  readonly snapshots: SnapshotStore;
  readonly transport: GroupTransport;
  readonly throttle: Throttle;
  readonly now: () => Milliseconds;
  readonly log: LogLine;
  /**
   * A snapshot from which the log leads on. `chosen` is told which, before it is read or even
   * written, so that nothing that it needs is dropped meanwhile.
   */
  readonly newest: (chosen: (snapshot: SnapshotMeta) => void) => Promise<SnapshotMeta>;
  /** The transfer is over. */
  readonly sent: (to: NodeId, isDelivered: boolean) => void;
  /** Its file cannot be read. */
  readonly damaged: (snapshot: SnapshotMeta) => void;
}

class Transfer {
  readonly ending = new AbortController();
  readonly backoff: Backoff;
  /** What it sends, and what an earlier attempt has sent a part of. */
  snapshot: SnapshotMeta | undefined;
  readonly earlier: SnapshotMeta | undefined;
  /** Undefined while it goes on. */
  endedAt: Milliseconds | undefined;
  hasSent = false;

  constructor(previous: Transfer | undefined, now: Milliseconds) {
    this.backoff = previous?.backoff ?? new Backoff(FIRST_RETRY_MS, LAST_RETRY_MS);
    this.earlier = previous?.isKept(now) ? previous.snapshot : undefined;
  }

  isKept(now: Milliseconds): boolean {
    return this.endedAt === undefined || now < this.endedAt + LINGER_MS;
  }
}

export class SnapshotSender {
  readonly #host: SnapshotSenderHost;
  /** The newest to each follower, ended ones included. */
  readonly #transfers = new Map<NodeId, Transfer>();

  constructor(host: SnapshotSenderHost) {
    this.#host = host;
  }

  /** Snapshots that must stay readable, and behind which the log must stay. */
  inUse(): readonly SnapshotMeta[] {
    const now = this.#host.now();
    const kept = [...this.#transfers.values()].filter((transfer) => transfer.isKept(now));
    const inUse = kept.flatMap(({ snapshot, earlier }) => [snapshot, earlier]);
    return inUse.filter((snapshot) => snapshot !== undefined);
  }

  /** Answers an `installSnapshot` of the core. Reports when it is over, unless it is called off. */
  async send(message: InstallSnapshot): Promise<void> {
    const { log, sent, damaged, now } = this.#host;
    const { to } = message;
    const previous = this.#transfers.get(to);
    previous?.ending.abort();
    const transfer = new Transfer(previous, now());
    this.#transfers.set(to, transfer);
    const { signal } = transfer.ending;
    try {
      await this.#attempt(message, transfer);
      log('info', 'a snapshot was delivered', { to, index: transfer.snapshot?.index });
      sent(to, true);
    } catch (error) {
      if (signal.aborted) return;
      const reason = reasonOf(error);
      log('warn', 'a snapshot was not delivered', { to, index: transfer.snapshot?.index, reason });
      if (isDamage(error) && transfer.snapshot !== undefined) {
        damaged(transfer.snapshot);
        transfer.snapshot = undefined;
      }
      // The core asks again at once when it hears of it.
      if (transfer.hasSent) transfer.backoff.reset();
      await sleep(transfer.backoff.next(), undefined, { signal }).catch(() => {});
      if (!signal.aborted) sent(to, false);
    } finally {
      transfer.endedAt = now();
    }
  }

  /** We lead no longer: whoever does sends its own. */
  stop(): void {
    for (const { ending } of this.#transfers.values()) ending.abort();
    this.#transfers.clear();
  }

  async #attempt(message: InstallSnapshot, transfer: Transfer): Promise<void> {
    const { newest, transport } = this.#host;
    const { signal } = transfer.ending;
    const snapshot = await newest((chosen) => {
      transfer.snapshot = chosen;
    });
    transfer.snapshot = snapshot;
    signal.throwIfAborted();
    const source = (held: HeldSnapshot | undefined) => this.#source(message, transfer, held);
    await transport.sendSnapshot(message.to, source, signal);
  }

  async #source(
    message: InstallSnapshot,
    transfer: Transfer,
    held: HeldSnapshot | undefined,
  ): Promise<SnapshotTransfer> {
    const { snapshots, log } = this.#host;
    const isHeld = (one: SnapshotMeta | undefined) =>
      one !== undefined && one.index === held?.index && one.term === held.term;
    if (isHeld(transfer.earlier) && this.#leadsOn(transfer.earlier)) {
      transfer.snapshot = transfer.earlier;
    }
    const snapshot = transfer.snapshot as SnapshotMeta;
    const prefix = isHeld(snapshot) && held !== undefined ? held.prefix : EMPTY_PREFIX;
    const { after, chunks } = await continueAfter(prefix, () => snapshots.open(snapshot));
    const facts = { to: message.to, index: snapshot.index, fromByte: after.byteLength };
    log('info', 'sending a snapshot', facts);
    return { message: { ...message, snapshot }, after, chunks: this.#paced(chunks, transfer) };
  }

  /** Does our log still hold what follows it? */
  #leadsOn(snapshot: SnapshotMeta | undefined): boolean {
    if (snapshot === undefined) return false;
    return snapshot.index >= previousIndex(this.#host.raft.status().firstIndex);
  }

  async *#paced(
    chunks: AsyncIterable<Uint8Array>,
    transfer: Transfer,
  ): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of chunks) {
      await this.#host.throttle.take(chunk.length, transfer.ending.signal);
      yield chunk;
      transfer.hasSent = true;
    }
  }
}

const isDamage = (error: unknown): boolean =>
  error instanceof RaftError && error.code === 'RAFT_STORAGE_CORRUPT';
