/**
 * Snapshots of the state machine (§7): taken here, sent to a follower in need, received from a
 * leader. A failed one costs another attempt and nothing else: the log is dropped only behind a
 * snapshot that is durable.
 */

import {
  type InstallSnapshot,
  type LogIndex,
  type Milliseconds,
  type NodeId,
  previousIndex,
  type Raft,
  type SnapshotMeta,
} from '@quorate/core';
import type { LogLine } from '../api.ts';
import type { GroupTransport, IncomingSnapshot } from '../peers/transport.ts';
import type { StateMachine } from '../state-machine.ts';
import type { Storage } from '../storage/storage.ts';
import type { Applier } from './applier.ts';
import { SnapshotReceiver } from './snapshot-receiver.ts';
import { SnapshotSender } from './snapshot-sender.ts';
import type { Throttle } from './throttle.ts';

export interface SnapshotHost {
  readonly raft: Raft;
  readonly storage: Storage;
  readonly machine: StateMachine<unknown>;
  readonly transport: GroupTransport;
  readonly applier: Pick<Applier<unknown>, 'appliedIndex' | 'betweenCalls'>;
  /** May be shared with other servers of this process. */
  readonly throttle: Throttle;
  readonly now: () => Milliseconds;
  readonly log: LogLine;
  /** The state up to this index is durable outside the log: the core must hear of it. */
  readonly saved: (snapshot: SnapshotMeta, keepEntries: number) => void;
  readonly sent: (to: NodeId, isDelivered: boolean) => void;
}

/** Between two snapshots for want of room: each writes the state, and may find no room itself. */
const EARLY_PAUSE_MS = 10_000;

export interface SnapshotLimits {
  /** Infinity: never. */
  readonly snapshotEntries: number;
  readonly keepEntries: number;
}

export class Snapshots {
  readonly #host: SnapshotHost;
  readonly #limits: SnapshotLimits;
  readonly #sender: SnapshotSender;
  readonly #receiver: SnapshotReceiver;
  readonly #ending = new AbortController();
  /** Never fails. One at a time. */
  #taking: Promise<void> | undefined;
  /** When the next one for want of room may begin. */
  #nextEarlyAt: Milliseconds = 0;
  /** A file that cannot be read. */
  #damaged: SnapshotMeta | undefined;

  constructor(host: SnapshotHost, limits: SnapshotLimits) {
    this.#host = host;
    this.#limits = limits;
    const { raft, storage, transport, throttle, now, log, sent } = host;
    const { snapshots } = storage;
    this.#receiver = new SnapshotReceiver({ raft, snapshots, log });
    this.#sender = new SnapshotSender({
      raft,
      snapshots,
      transport,
      throttle,
      now,
      log,
      sent,
      newest: (chosen) => this.#newest(chosen),
      damaged: (snapshot) => {
        this.#damaged = snapshot;
      },
    });
  }

  /**
   * The machine stands at `index` and is between two calls: time for a snapshot? All servers take
   * theirs at the same indexes, so a follower can go on with the one of another leader.
   */
  reached(index: LogIndex): void {
    if (index % this.#limits.snapshotEntries !== 0 || this.#taking !== undefined) return;
    this.#begin(this.#save(index));
  }

  /**
   * The disk has no room for entries. A snapshot ahead of its time lets go of the log before it: no
   * other would ever come, because no entry does.
   */
  makeRoom(): void {
    const { raft, applier, now, log } = this.#host;
    if (this.#limits.snapshotEntries === Infinity) return;
    if (this.#taking !== undefined || now() < this.#nextEarlyAt) return;
    if (applier.appliedIndex <= raft.status().snapshotIndex) return;
    this.#nextEarlyAt = now() + EARLY_PAUSE_MS;
    log('warn', 'the disk is full: a snapshot ahead of its time lets go of the log', {});
    this.#begin(applier.betweenCalls().then(() => this.#save(applier.appliedIndex)));
  }

  /** Answers an `installSnapshot` of the core with the newest state there is. */
  send(message: InstallSnapshot): void {
    void this.#sender.send(message);
  }

  /** Another server leads. */
  stopSending(): void {
    this.#sender.stop();
  }

  /** Stores what a leader sends. Resolves when it is durable; then the core may hear of it. */
  receive(incoming: IncomingSnapshot): Promise<InstallSnapshot> {
    return this.#receiver.receive(incoming);
  }

  /** Resolves when nothing is written any more. */
  async stop(): Promise<void> {
    this.#ending.abort();
    this.#sender.stop();
    await this.#receiver.stop();
    await this.#taking;
  }

  /** The core has let go of the log before `snapshot`; the disk may too. */
  async forgetBefore(snapshot: SnapshotMeta): Promise<void> {
    const { raft, storage } = this.#host;
    await storage.log.compact(snapshot, previousIndex(raft.status().firstIndex));
    await storage.snapshots.removeOlderThan(snapshot, this.#sender.inUse());
  }

  #begin(taking: Promise<void>): void {
    this.#take(taking).catch((error: unknown) =>
      this.#host.log('error', 'snapshot failed', { reason: `${error}` }),
    );
  }

  /** The machine stands at `index` and is between two calls. */
  async #save(index: LogIndex): Promise<void> {
    const { raft, machine } = this.#host;
    // A leader's snapshot that is about to be restored has replaced the log.
    if (index < previousIndex(raft.status().firstIndex)) return;
    const snapshot = raft.snapshotMetaAt(index);
    await (machine.sync === undefined ? this.#write(snapshot) : this.#sync(snapshot));
    this.#saved(snapshot);
  }

  #saved(snapshot: SnapshotMeta): void {
    const { raft, storage, saved } = this.#host;
    const { keepEntries } = this.#limits;
    const behind = (indexes: readonly LogIndex[]) =>
      snapshot.index - Math.min(snapshot.index, ...indexes);
    if (storage.log.hasRoomFor(0)) {
      const inUse = this.#sender.inUse().map(({ index }) => index);
      saved(snapshot, Math.max(keepEntries, behind(inUse)));
      return;
    }
    // On a full disk there is no room for the log of a slow follower, only for what those lack who are there.
    const present = raft
      .followers()
      .filter(({ isActive, mode }) => isActive && mode !== 'snapshot');
    saved(snapshot, Math.min(keepEntries, behind(present.map(({ matchIndex }) => matchIndex))));
  }

  #take<Taken>(taking: Promise<Taken>): Promise<Taken> {
    const over = (): void => {
      this.#taking = undefined;
    };
    this.#taking = taking.then(over, over);
    return taking;
  }

  /** The state goes into a file, while application goes on. */
  async #write(snapshot: SnapshotMeta): Promise<void> {
    const chunks = startedAtOnce(this.#host.machine.snapshot());
    const writer = await this.#host.storage.snapshots.create(snapshot).catch(async (error) => {
      await chunks[Symbol.asyncIterator]().return?.();
      throw error;
    });
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

  /** On-disk machines hold the state themselves. */
  async #sync({ index }: SnapshotMeta): Promise<void> {
    const synced = await this.#host.machine.sync?.();
    if (synced === undefined || synced < index) {
      throw new RangeError(`sync answered ${synced} when ${index} was applied`);
    }
  }

  /** A snapshot that a follower can use, which may be newer than what the core has asked for. */
  async #newest(chosen: (snapshot: SnapshotMeta) => void): Promise<SnapshotMeta> {
    while (this.#taking !== undefined) await this.#taking;
    const { raft, storage } = this.#host;
    const latest = storage.snapshots.latest();
    const isUsable =
      latest !== this.#damaged && (latest?.index ?? -1) >= previousIndex(raft.status().firstIndex);
    if (latest !== undefined && isUsable) {
      chosen(latest);
      return latest;
    }
    return this.#take(this.#writeNow(chosen));
  }

  /**
   * The present state: of an on-disk machine, which has no file, or in place of a damaged one. In a
   * file it can be sent again and in part, and holds up no transaction of the machine meanwhile.
   */
  async #writeNow(chosen: (snapshot: SnapshotMeta) => void): Promise<SnapshotMeta> {
    const { raft, machine, applier } = this.#host;
    await applier.betweenCalls();
    const { appliedIndex } = applier;
    if (appliedIndex < previousIndex(raft.status().firstIndex)) {
      throw new Error('a snapshot is being restored here');
    }
    const snapshot = raft.snapshotMetaAt(appliedIndex);
    chosen(snapshot);
    await this.#write(snapshot);
    if (machine.sync === undefined) this.#saved(snapshot);
    return snapshot;
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
