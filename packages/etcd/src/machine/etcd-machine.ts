/**
 * The replicated state: etcd's data model in lmdb, and what the members say of themselves.
 *
 * An on-disk machine: the raft index of the last applied command is saved in the same transaction
 * as the data, so that after a crash exactly the missing commands are replayed.
 */

import type { LogIndex } from '@quorate/core';
import { KvStore, type KvWriter, type OrderedStore } from '@quorate/kv';
import type { CommittedCommands, StateMachine } from '@quorate/node';
import { kvDirectory } from '../data-directory.ts';
import type { MemberAttributes } from '../generated/internal.ts';
import { serverStopped } from '../status.ts';
import { LmdbStore } from '../store/lmdb-store.ts';
import { type CommandResult, decodeCommand } from './command.ts';
import { Compactor } from './compactor.ts';
import { MemberDirectory } from './member-directory.ts';
import { joinSnapshot, splitSnapshot } from './snapshot-frame.ts';

export class EtcdMachine implements StateMachine<CommandResult> {
  readonly #directory: string;
  readonly #openStore: (directory: string) => OrderedStore;
  #open: Opened | undefined;

  /**
   * @param directory The machine's own; created if missing when the machine is opened.
   * @param openStore Where the data lives. Tests put it in memory.
   */
  constructor(
    directory: string,
    openStore: (directory: string) => OrderedStore = (path) => LmdbStore.open(path),
  ) {
    this.#directory = directory;
    this.#openStore = openStore;
  }

  async open(): Promise<LogIndex> {
    const members = await MemberDirectory.open(this.#directory);
    const ordered = this.#openStore(kvDirectory(this.#directory));
    try {
      // No lease exists before the lease service does, so a put that names one is refused.
      const store = KvStore.open(ordered, { leaseExists: () => false });
      this.#open = { store, members, compactor: new Compactor(store) };
    } catch (error) {
      await ordered.close();
      throw error;
    }
    this.compactor.start();
    return this.store.appliedIndex as LogIndex;
  }

  get store(): KvStore {
    return this.#opened.store;
  }

  get members(): MemberDirectory {
    return this.#opened.members;
  }

  get compactor(): Compactor {
    return this.#opened.compactor;
  }

  async apply(batches: readonly CommittedCommands[]): Promise<readonly CommandResult[]> {
    const last = batches.at(-1);
    if (last === undefined) return [];
    const { store, members, compactor } = this.#opened;
    await store.ready();
    const published: MemberAttributes[] = [];
    const results: CommandResult[] = [];
    store.applyBatch(last.lastIndex, (writer) => {
      for (const batch of batches) {
        for (const bytes of batch) results.push(applyCommand(writer, bytes, published));
      }
    });
    for (const attributes of published) await members.set(attributes);
    if (results.some((result) => result?.kind === 'compaction')) compactor.start();
    return results;
  }

  snapshot(): AsyncIterable<Uint8Array> {
    return joinSnapshot(this.members.encode(), this.store.snapshot());
  }

  async restore(index: LogIndex, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    await this.compactor.stop();
    const { members, rest } = await splitSnapshot(chunks);
    // Before the store, whose applied index says that the snapshot is complete.
    await this.members.replace(members);
    await this.store.restore(index, rest);
    this.compactor.start();
  }

  async sync(): Promise<LogIndex> {
    return (await this.store.sync()) as LogIndex;
  }

  async close(): Promise<void> {
    if (this.#open === undefined) return;
    const { store, compactor } = this.#open;
    this.#open = undefined;
    await compactor.stop();
    await store.close();
  }

  get #opened(): Opened {
    if (this.#open === undefined) throw serverStopped();
    return this.#open;
  }
}

interface Opened {
  readonly store: KvStore;
  readonly members: MemberDirectory;
  readonly compactor: Compactor;
}

function applyCommand(
  writer: KvWriter,
  bytes: Uint8Array,
  published: MemberAttributes[],
): CommandResult {
  const command = decodeCommand(bytes);
  if (command.kind !== 'memberAttributes') return writer.apply(command);
  published.push(command.attributes);
  return undefined;
}
