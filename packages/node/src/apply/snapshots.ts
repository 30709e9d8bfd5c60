/**
 * Snapshots of the state machine (§7): taken here, sent to a follower in need, received from a
 * leader. A failed one costs another attempt and nothing else: the log is dropped only behind a
 * snapshot that is durable.
 */

import {
  type InstallSnapshot,
  type LogIndex,
  type NodeId,
  previousIndex,
  type Raft,
  type SnapshotMeta,
} from '@quorate/core';
import type { LogLine } from '../api.ts';
import type { GroupTransport } from '../peers/transport.ts';
import type { StateMachine } from '../state-machine.ts';
import type { Storage } from '../storage/storage.ts';
import type { Applier } from './applier.ts';

export interface SnapshotHost {
  readonly raft: Raft;
  readonly storage: Storage;
  readonly machine: StateMachine<unknown>;
  readonly transport: GroupTransport;
  readonly applier: Pick<Applier<unknown>, 'appliedIndex' | 'betweenCalls'>;
  readonly log: LogLine;
  /** The state up to this index is durable outside the log: the core must hear of it. */
  readonly saved: (snapshot: SnapshotMeta) => void;
  readonly sent: (to: NodeId, isDelivered: boolean) => void;
}

export class Snapshots {
  readonly #host: SnapshotHost;
  readonly #everyEntries: number;
  readonly #ending = new AbortController();
  #lastIndex: LogIndex;
  #taking: Promise<void> | undefined;
  /** One to each follower at a time; a newer request ends the older. */
  readonly #sending = new Map<NodeId, AbortController>();
  #isReceiving = false;

  /** @param lastIndex Where the newest snapshot stands. */
  constructor(host: SnapshotHost, everyEntries: number, lastIndex: LogIndex) {
    this.#host = host;
    this.#everyEntries = everyEntries;
    this.#lastIndex = lastIndex;
  }

  /** The machine stands at `index` and is between two calls: time for a snapshot? */
  reached(index: LogIndex): void {
    if (index - this.#lastIndex < this.#everyEntries || this.#taking !== undefined) return;
    const { raft, machine, log, saved } = this.#host;
    // A leader's snapshot that is about to be restored has replaced the log.
    if (index < previousIndex(raft.status().firstIndex)) return;
    this.#lastIndex = index;
    const snapshot = raft.snapshotMetaAt(index);
    const take = machine.sync === undefined ? this.#write(snapshot) : this.#sync(snapshot);
    this.#taking = take
      .then(() => saved(snapshot))
      .catch((error: unknown) => log('error', 'snapshot failed', { index, reason: `${error}` }))
      .finally(() => {
        this.#taking = undefined;
      });
  }

  /** The machine's state was replaced by the snapshot of this index. */
  restored(index: LogIndex): void {
    this.#lastIndex = index;
  }

  /** Answers an `installSnapshot` of the core with the newest state there is. */
  async send(message: InstallSnapshot): Promise<void> {
    const { transport, log, sent } = this.#host;
    const { to } = message;
    this.#sending.get(to)?.abort();
    const ending = new AbortController();
    this.#sending.set(to, ending);
    try {
      const { snapshot, chunks } = await this.#newest();
      log('info', 'sending a snapshot', { to, index: snapshot.index });
      await transport.sendSnapshot({ ...message, snapshot }, chunks, ending.signal);
      sent(to, true);
    } catch (error) {
      if (ending.signal.aborted) return;
      log('warn', 'a snapshot was not delivered', { to, reason: `${error}` });
      sent(to, false);
    } finally {
      if (this.#sending.get(to) === ending) this.#sending.delete(to);
    }
  }

  /** Stores what a leader sends. Resolves when it is durable; then the core may hear of it. */
  async receive(message: InstallSnapshot, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const { raft, log } = this.#host;
    const { snapshot, from } = message;
    if (this.#isReceiving) throw new Error('another snapshot is being received');
    if (snapshot.index <= raft.commitIndex) throw new Error('that much is committed here already');
    this.#isReceiving = true;
    try {
      await this.#store(snapshot, chunks);
      log('info', 'received a snapshot', { from, index: snapshot.index });
    } finally {
      this.#isReceiving = false;
    }
  }

  /** Resolves when nothing is written any more. */
  async stop(): Promise<void> {
    this.#ending.abort();
    for (const ending of this.#sending.values()) ending.abort();
    await this.#taking;
  }

  /** The core has let go of the log before `snapshot`; the disk may too. */
  async forgetBefore(snapshot: SnapshotMeta): Promise<void> {
    const { raft, storage } = this.#host;
    await storage.log.compact(snapshot, previousIndex(raft.status().firstIndex));
    await storage.snapshots.removeOlderThan(snapshot);
  }

  /** In-memory machines: the state goes into a file, while application goes on. */
  async #write(snapshot: SnapshotMeta): Promise<void> {
    await this.#store(snapshot, startedAtOnce(this.#host.machine.snapshot()));
  }

  /** On-disk machines hold the state themselves. */
  async #sync({ index }: SnapshotMeta): Promise<void> {
    const synced = await this.#host.machine.sync?.();
    if (synced === undefined || synced < index) {
      throw new RangeError(`sync answered ${synced} when ${index} was applied`);
    }
  }

  async #store(snapshot: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const writer = await this.#host.storage.snapshots.create(snapshot);
    try {
      for await (const chunk of chunks) {
        this.#ending.signal.throwIfAborted();
        await writer.write(chunk);
      }
      await writer.commit();
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  /** A snapshot that a follower can use, which may be newer than what the core has asked for. */
  async #newest(): Promise<{ snapshot: SnapshotMeta; chunks: AsyncIterable<Uint8Array> }> {
    const { raft, storage, machine, applier } = this.#host;
    if (machine.sync === undefined) {
      const snapshot = storage.snapshots.latest();
      if (snapshot === undefined) throw new Error('there is no snapshot');
      return { snapshot, chunks: storage.snapshots.open(snapshot) };
    }
    await applier.betweenCalls();
    const { appliedIndex } = applier;
    if (appliedIndex < previousIndex(raft.status().firstIndex)) {
      throw new Error('a snapshot is being restored here');
    }
    const snapshot = raft.snapshotMetaAt(appliedIndex);
    return { snapshot, chunks: startedAtOnce(machine.snapshot()) };
  }
}

/**
 * The same chunks, of which the first is asked for now. A generator's body does not run before that,
 * and what it reads must be the state of this moment.
 */
function startedAtOnce(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  let first: Promise<IteratorResult<Uint8Array>> | undefined = iterator.next();
  // Whoever draws it hears of its failure; until then nobody need.
  first.catch(() => {});
  const next = (): Promise<IteratorResult<Uint8Array>> => {
    const chunk = first ?? iterator.next();
    first = undefined;
    return chunk;
  };
  const end = async (): Promise<IteratorResult<Uint8Array>> => {
    await iterator.return?.();
    return { done: true, value: undefined };
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: end }) };
}
