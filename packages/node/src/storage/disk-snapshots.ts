/**
 * Snapshots as files (snapshot-file.ts): those that are whole, and at most one that a leader's
 * transfer has left unfinished, with which the next transfer may go on.
 */

import { join } from 'node:path';
import type { LogIndex, SnapshotMeta } from '@quorate/core';
import type { HeldSnapshot, Prefix } from '@quorate/wire';
import { diskError } from './disk-errors.ts';
import type { FileSystem } from './file-system.ts';
import {
  readSnapshotMeta,
  SnapshotFileWriter,
  scanUnfinished,
  snapshotChunks,
  type UnfinishedFile,
} from './snapshot-file.ts';
import type { SnapshotReceiver, SnapshotStore, SnapshotWriter } from './storage.ts';

const TEMPORARY = '.tmp';
const UNFINISHED = '.part';
const NAME = /^(\d{16})-(\d{16})\.snapshot$/;

const digits = (value: number): string => String(value).padStart(16, '0');
const nameOf = ({ index, term }: Pick<SnapshotMeta, 'index' | 'term'>): string =>
  `${digits(index)}-${digits(term)}.snapshot`;

/** Undefined for a file that is no finished snapshot. */
export const snapshotIndexOfName = (name: string): number | undefined => {
  const index = NAME.exec(name)?.[1];
  return index === undefined ? undefined : Number(index);
};

export class DiskSnapshotStore implements SnapshotStore {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  /** All that are committed, oldest first. */
  #committed: SnapshotMeta[] = [];
  /** Found by the last look at it. */
  #unfinished: UnfinishedFile | undefined;

  private constructor(fileSystem: FileSystem, directory: string) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
  }

  /** Removes what a crash left unfinished, except what a leader was sending. */
  static async open(fileSystem: FileSystem, directory: string): Promise<DiskSnapshotStore> {
    await fileSystem.makeDirectory(directory);
    const store = new DiskSnapshotStore(fileSystem, directory);
    for (const name of [...(await fileSystem.list(directory))].sort()) {
      if (name.endsWith(TEMPORARY)) await fileSystem.remove(join(directory, name));
      if (NAME.test(name)) store.#committed.push(await store.#readMeta(name));
    }
    return store;
  }

  async create(snapshot: SnapshotMeta): Promise<SnapshotWriter> {
    const path = this.#pathOf(snapshot);
    const file = await onDisk(path, () => this.#fileSystem.open(path + TEMPORARY, 'create'));
    const publish = () => this.#publish(path + TEMPORARY, snapshot);
    return SnapshotFileWriter.begin(file, this.#fileSystem, snapshot, false, publish);
  }

  async unfinished(): Promise<HeldSnapshot | undefined> {
    this.#unfinished = undefined;
    for (const name of await this.#unfinishedNames()) {
      const path = join(this.#directory, name);
      const file = await onDisk(path, () => this.#fileSystem.open(path, 'read'));
      try {
        const found = await scanUnfinished(file);
        if (found === undefined) continue;
        this.#unfinished = found;
        const { index, term } = found.snapshot;
        return { index, term, prefix: found.state.content };
      } finally {
        await file.close();
      }
    }
    return undefined;
  }

  async receive(snapshot: SnapshotMeta, after: Prefix): Promise<SnapshotReceiver> {
    const path = this.#pathOf(snapshot);
    const publish = () => this.#publish(path + UNFINISHED, snapshot);
    const unfinished = this.#unfinished;
    this.#unfinished = undefined;
    if (after.byteLength === 0) {
      await this.#removeUnfinished();
      const file = await onDisk(path, () => this.#fileSystem.open(path + UNFINISHED, 'create'));
      return SnapshotFileWriter.begin(file, this.#fileSystem, snapshot, true, publish);
    }
    if (unfinished === undefined || !isContinued(unfinished, snapshot, after)) {
      throw new Error(
        `${after.byteLength} bytes of the snapshot are taken to be here, and are not`,
      );
    }
    const file = await onDisk(path, async () => {
      await this.#fileSystem.truncate(path + UNFINISHED, unfinished.position);
      return this.#fileSystem.open(path + UNFINISHED, 'update');
    });
    return SnapshotFileWriter.resume(file, this.#fileSystem, unfinished, publish);
  }

  latest(): SnapshotMeta | undefined {
    return this.#committed.at(-1);
  }

  async *open(snapshot: SnapshotMeta): AsyncGenerator<Uint8Array, void, void> {
    const path = this.#pathOf(snapshot);
    const file = await onDisk(path, () => this.#fileSystem.open(path, 'read'));
    try {
      yield* snapshotChunks(file);
    } finally {
      await file.close();
    }
  }

  async removeOlderThan(snapshot: SnapshotMeta, except: readonly SnapshotMeta[]): Promise<void> {
    const kept = new Set(except.map(nameOf));
    const isOld = (meta: SnapshotMeta) => meta.index < snapshot.index && !kept.has(nameOf(meta));
    await this.#removeAll(isOld);
    const newest = nameOf(snapshot) + UNFINISHED;
    for (const name of await this.#unfinishedNames()) {
      if (name <= newest) await this.#fileSystem.remove(join(this.#directory, name));
    }
  }

  /** Whatever is not on record elsewhere: a crash came between the file and the log's word of it. */
  removeNewerThan(index: LogIndex): Promise<void> {
    return this.#removeAll((meta) => meta.index > index);
  }

  async #removeAll(isUnwanted: (meta: SnapshotMeta) => boolean): Promise<void> {
    const unwanted = this.#committed.filter(isUnwanted);
    if (unwanted.length === 0) return;
    this.#committed = this.#committed.filter((meta) => !isUnwanted(meta));
    for (const meta of unwanted) await this.#fileSystem.remove(this.#pathOf(meta));
    await this.#fileSystem.syncDirectory(this.#directory);
  }

  async #publish(from: string, snapshot: SnapshotMeta): Promise<void> {
    await this.#fileSystem.rename(from, this.#pathOf(snapshot));
    await this.#fileSystem.syncDirectory(this.#directory);
    this.#committed = this.#committed.filter((meta) => nameOf(meta) !== nameOf(snapshot));
    this.#committed.push(snapshot);
    this.#committed.sort((a, b) => a.index - b.index || a.term - b.term);
  }

  /** The newest first; there should be one at most. */
  async #unfinishedNames(): Promise<readonly string[]> {
    const names = await this.#fileSystem.list(this.#directory);
    return names.filter((name) => name.endsWith(UNFINISHED)).sort((a, b) => (a < b ? 1 : -1));
  }

  async #removeUnfinished(): Promise<void> {
    for (const name of await this.#unfinishedNames()) {
      await this.#fileSystem.remove(join(this.#directory, name));
    }
  }

  async #readMeta(name: string): Promise<SnapshotMeta> {
    const file = await this.#fileSystem.open(join(this.#directory, name), 'read');
    try {
      return await readSnapshotMeta(file);
    } finally {
      await file.close();
    }
  }

  #pathOf(snapshot: SnapshotMeta): string {
    return join(this.#directory, nameOf(snapshot));
  }
}

/** Does the sender go on exactly where our file is still good? */
function isContinued(
  { snapshot: { index, term }, state: { content } }: UnfinishedFile,
  snapshot: SnapshotMeta,
  after: Prefix,
): boolean {
  const isSame = index === snapshot.index && term === snapshot.term;
  return isSame && content.byteLength === after.byteLength && content.checksum === after.checksum;
}

async function onDisk<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    throw diskError(cause, path);
  }
}
