/**
 * Snapshots that a leader sends (§7, Figure 13): one at a time, into a file that outlives a broken
 * connection, a crash and a change of leader, so that the next transfer goes on where this one ended.
 */

import type { InstallSnapshot, Raft } from '@quorate/core';
import type { LogLine } from '../api.ts';
import { RaftError } from '../errors.ts';
import type { IncomingSnapshot, SnapshotTransfer } from '../peers/transport.ts';
import { reasonOf } from '../reason-of.ts';
import type { SnapshotReceiver as SnapshotFile, SnapshotStore } from '../storage/storage.ts';

export interface SnapshotReceiverHost {
  readonly raft: Raft;
  readonly snapshots: SnapshotStore;
  readonly log: LogLine;
}

export class SnapshotReceiver {
  readonly #host: SnapshotReceiverHost;
  readonly #ending = new AbortController();
  #current: IncomingSnapshot | undefined;
  /** Resolves when the newest transfer is over. */
  #done: Promise<unknown> = Promise.resolve();

  constructor(host: SnapshotReceiverHost) {
    this.#host = host;
  }

  /** Resolves when the snapshot is durable, with the message by which the core hears of it. */
  async receive(incoming: IncomingSnapshot): Promise<InstallSnapshot> {
    const { raft, log } = this.#host;
    const { from } = incoming;
    const current = this.#current;
    if (current !== undefined && current.from !== from && current.from === raft.leaderId) {
      throw new Error(`server ${current.from}, which leads, is sending one`);
    }
    // Whoever calls anew has noticed earlier than we that the old connection is dead.
    current?.cancel(new Error('another transfer took its place'));
    this.#current = incoming;
    const before = this.#done;
    const received = before.then(() => this.#receive(incoming));
    this.#done = received.catch(() => {});
    try {
      const message = await received;
      log('info', 'received a snapshot', { from, index: message.snapshot.index });
      return message;
    } catch (error) {
      if (!this.#ending.signal.aborted)
        log('warn', 'a snapshot was not received', { from, reason: reasonOf(error) });
      throw error;
    } finally {
      if (this.#current === incoming) this.#current = undefined;
    }
  }

  /** Resolves when nothing is written any more. */
  async stop(): Promise<void> {
    this.#ending.abort(new Error('the node ends'));
    this.#current?.cancel(new Error('the node ends'));
    await this.#done;
  }

  async #receive(incoming: IncomingSnapshot): Promise<InstallSnapshot> {
    const { snapshots } = this.#host;
    this.#ending.signal.throwIfAborted();
    const transfer = await incoming.begin(await snapshots.unfinished());
    const { message, after } = transfer;
    this.#requireNews(message);
    const file = await snapshots.receive(message.snapshot, after);
    try {
      await this.#fill(file, transfer, incoming);
    } catch (error) {
      // A damaged file is of no use, and on a full disk the log needs the room more.
      if (error instanceof RaftError) await file.abort();
      else await file.suspend();
      throw error;
    }
    return message;
  }

  async #fill(
    file: SnapshotFile,
    { message, chunks }: SnapshotTransfer,
    incoming: IncomingSnapshot,
  ): Promise<void> {
    const progressed = () => {
      this.#ending.signal.throwIfAborted();
      incoming.progressed(file.content.byteLength);
    };
    for await (const chunk of chunks) {
      await file.write(chunk);
      progressed();
    }
    this.#requireNews(message);
    await file.commit(progressed);
  }

  /** Never behind what is committed here, hence never behind what was applied. */
  #requireNews({ term, snapshot }: InstallSnapshot): void {
    const { raft } = this.#host;
    if (term < raft.term) throw new Error(`term ${term} is over, and with it the sender's lead`);
    if (snapshot.index <= raft.commitIndex) {
      throw new Error(`everything up to ${snapshot.index} is committed here already`);
    }
  }
}
