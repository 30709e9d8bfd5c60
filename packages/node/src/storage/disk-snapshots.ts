/**
 * Snapshots as files: written under a temporary name, synced, renamed, and the directory synced,
 * so that a file under its real name is whole. The content is a snapshot stream (@quorate/wire), the
 * same bytes that a follower in need is sent.
 */

import { join } from 'node:path';
import type { LogIndex, SnapshotMeta, Term } from '@quorate/core';
import {
  FrameError,
  putU32,
  SnapshotStreamDecoder,
  SnapshotStreamEncoder,
  u32At,
} from '@quorate/wire';
import { RaftError } from '../errors.ts';
import { checksum } from './checksum.ts';
import { diskError } from './disk-errors.ts';
import { type File, type FileSystem, writeAll } from './file-system.ts';
import type { SnapshotStore, SnapshotWriter } from './storage.ts';

/** "QRATSNP\n", u32 format version, u32 0; then the frames. */
const MAGIC = [0x51, 0x52, 0x41, 0x54, 0x53, 0x4e, 0x50, 0x0a];
const FILE_HEADER_BYTES = 16;
const FORMAT_VERSION = 1;

const READ_BYTES = 262_144;
const TEMPORARY = '.tmp';
const NAME = /^(\d{16})-(\d{16})\.snapshot$/;

const digits = (value: number): string => String(value).padStart(16, '0');
const nameOf = ({ index, term }: SnapshotMeta): string =>
  `${digits(index)}-${digits(term)}.snapshot`;

export class DiskSnapshotStore implements SnapshotStore {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  /** All that are committed, oldest first. */
  #committed: SnapshotMeta[] = [];

  private constructor(fileSystem: FileSystem, directory: string) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
  }

  /** Removes what a crash left unfinished. */
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
    const path = join(this.#directory, nameOf(snapshot));
    const file = await this.#onDisk(path, () => this.#fileSystem.open(path + TEMPORARY, 'create'));
    const writer = new DiskSnapshotWriter(file, this.#fileSystem, async () => {
      await this.#fileSystem.rename(path + TEMPORARY, path);
      await this.#fileSystem.syncDirectory(this.#directory);
      this.#committed = this.#committed.filter((meta) => nameOf(meta) !== nameOf(snapshot));
      this.#committed.push(snapshot);
      this.#committed.sort((a, b) => a.index - b.index || a.term - b.term);
    });
    await writer.begin(snapshot);
    return writer;
  }

  latest(): SnapshotMeta | undefined {
    return this.#committed.at(-1);
  }

  async *open(snapshot: SnapshotMeta): AsyncGenerator<Uint8Array, void, void> {
    const path = join(this.#directory, nameOf(snapshot));
    const file = await this.#onDisk(path, () => this.#fileSystem.open(path, 'read'));
    try {
      yield* snapshotChunks(file);
    } finally {
      await file.close();
    }
  }

  async removeOlderThan(snapshot: SnapshotMeta): Promise<void> {
    const older = this.#committed.filter((meta) => meta.index < snapshot.index);
    this.#committed = this.#committed.filter((meta) => meta.index >= snapshot.index);
    for (const meta of older) await this.#fileSystem.remove(join(this.#directory, nameOf(meta)));
    if (older.length > 0) await this.#fileSystem.syncDirectory(this.#directory);
  }

  /** Whatever is not on record elsewhere: a crash came between the file and the log's word of it. */
  async removeNewerThan(index: LogIndex): Promise<void> {
    const newer = this.#committed.filter((meta) => meta.index > index);
    this.#committed = this.#committed.filter((meta) => meta.index <= index);
    for (const meta of newer) await this.#fileSystem.remove(join(this.#directory, nameOf(meta)));
    if (newer.length > 0) await this.#fileSystem.syncDirectory(this.#directory);
  }

  async #readMeta(name: string): Promise<SnapshotMeta> {
    const path = join(this.#directory, name);
    const file = await this.#fileSystem.open(path, 'read');
    try {
      const decoder = new SnapshotStreamDecoder({ checksum });
      for (let position = await readFileHeader(file); ; ) {
        const bytes = new Uint8Array(4_096);
        const count = await file.read(bytes, position);
        if (count === 0) throw corruptSnapshot(path, 'it ends before its description');
        position += count;
        const first = decoder.push(bytes.subarray(0, count))[0];
        if (first?.kind === 'begin') return first.snapshot;
      }
    } catch (error) {
      if (error instanceof FrameError) throw corruptSnapshot(path, error.message);
      throw error;
    } finally {
      await file.close();
    }
  }

  async #onDisk<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (cause) {
      throw diskError(cause, path);
    }
  }
}

class DiskSnapshotWriter implements SnapshotWriter {
  readonly #file: File;
  readonly #fileSystem: FileSystem;
  readonly #publish: () => Promise<void>;
  readonly #encoder = new SnapshotStreamEncoder(checksum);
  #position = 0;
  #isOpen = true;

  constructor(file: File, fileSystem: FileSystem, publish: () => Promise<void>) {
    this.#file = file;
    this.#fileSystem = fileSystem;
    this.#publish = publish;
  }

  async begin(snapshot: SnapshotMeta): Promise<void> {
    const header = new Uint8Array(FILE_HEADER_BYTES);
    header.set(MAGIC);
    putU32(header, 8, FORMAT_VERSION);
    // The file knows no sender; its own term is as good as any.
    const begin = this.#encoder.begin(snapshot.term as Term, snapshot);
    await this.#append([header, ...begin]);
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#append(this.#encoder.chunk(bytes));
  }

  async commit(): Promise<void> {
    await this.#append(this.#encoder.end());
    try {
      await this.#file.sync();
      this.#isOpen = false;
      await this.#file.close();
      await this.#publish();
    } catch (cause) {
      throw diskError(cause, this.#file.path);
    }
  }

  async abort(): Promise<void> {
    if (this.#isOpen) {
      this.#isOpen = false;
      await this.#file.close();
    }
    await this.#fileSystem.remove(this.#file.path);
  }

  async #append(chunks: readonly Uint8Array[]): Promise<void> {
    try {
      await writeAll(this.#file, chunks, this.#position);
    } catch (cause) {
      throw diskError(cause, this.#file.path);
    }
    for (const { length } of chunks) this.#position += length;
  }
}

async function* snapshotChunks(file: File): AsyncGenerator<Uint8Array, void, void> {
  const decoder = new SnapshotStreamDecoder({ checksum });
  let position = await readFileHeader(file);
  try {
    while (!decoder.isComplete) {
      const bytes = new Uint8Array(READ_BYTES);
      const count = await file.read(bytes, position);
      if (count === 0) throw corruptSnapshot(file.path, 'its end is missing');
      position += count;
      for (const frame of decoder.push(bytes.subarray(0, count))) {
        if (frame.kind === 'chunk') yield frame.bytes;
      }
    }
  } catch (error) {
    if (error instanceof FrameError) throw corruptSnapshot(file.path, error.message);
    throw error;
  }
}

/** Answers where the frames begin. */
async function readFileHeader(file: File): Promise<number> {
  const header = new Uint8Array(FILE_HEADER_BYTES);
  const count = await file.read(header, 0);
  if (count < FILE_HEADER_BYTES || MAGIC.some((byte, at) => header[at] !== byte)) {
    throw corruptSnapshot(file.path, 'it does not begin like a snapshot');
  }
  const version = u32At(header, 8);
  if (version !== FORMAT_VERSION) {
    throw corruptSnapshot(file.path, `it has format version ${version}, not ${FORMAT_VERSION}`);
  }
  return FILE_HEADER_BYTES;
}

function corruptSnapshot(path: string, what: string): RaftError {
  return new RaftError(
    'RAFT_STORAGE_CORRUPT',
    `snapshot ${path} is damaged: ${what}. Remedy: restore the file from a copy, or remove this ` +
      'server from the cluster, empty its directory and add it again under a new id',
    { details: { file: path } },
  );
}
