/**
 * One snapshot file: a header, then a snapshot stream (@quorate/wire), the same frames that a
 * follower in need is sent.
 *
 * It is written under a temporary name, synced, renamed, and the directory synced, so that a file
 * under its real name is whole. What a leader sends is moreover read back before it gets its name:
 * behind it the follower's log is thrown away.
 */

import { dirname } from 'node:path';
import type { SnapshotMeta, Term } from '@quorate/core';
import {
  FrameError,
  MAX_SNAPSHOT_FRAME_BYTES,
  type Prefix,
  putU32,
  SNAPSHOT_CHUNK_BYTES,
  type SnapshotFrame,
  SnapshotStreamDecoder,
  SnapshotStreamEncoder,
  type SnapshotStreamState,
  u32At,
} from '@quorate/wire';
import { RaftError } from '../errors.ts';
import { checksum } from './checksum.ts';
import { diskError } from './disk-errors.ts';
import { type File, type FileSystem, writeAll } from './file-system.ts';
import { RESERVE_FROM_SNAPSHOTS_BYTES } from './free-space.ts';
import type { SnapshotReceiver } from './storage.ts';

/** "QRATSNP\n", u32 format version, u32 0; then the frames. */
const MAGIC = [0x51, 0x52, 0x41, 0x54, 0x53, 0x4e, 0x50, 0x0a];
const FILE_HEADER_BYTES = 16;
const FORMAT_VERSION = 1;

const READ_BYTES = 262_144;
const LENGTH_BYTES = 4;

/** So much is written between two looks at what is free. */
const LOOK_BYTES = 1_048_576;

/** Where an unfinished file is still good. */
export interface UnfinishedFile {
  readonly snapshot: SnapshotMeta;
  readonly state: SnapshotStreamState;
  /** Bytes of the file that lead there. */
  readonly position: number;
}

export class SnapshotFileWriter implements SnapshotReceiver {
  readonly #file: File;
  readonly #fileSystem: FileSystem;
  readonly #publish: () => Promise<void>;
  readonly #encoder: SnapshotStreamEncoder;
  readonly #mustReadBack: boolean;
  #position: number;
  /** When the disk is asked again. */
  #nextLookAt = 0;
  #isOpen = true;

  private constructor(
    file: File,
    fileSystem: FileSystem,
    publish: () => Promise<void>,
    from: { readonly unfinished: UnfinishedFile | undefined; readonly mustReadBack: boolean },
  ) {
    this.#file = file;
    this.#fileSystem = fileSystem;
    this.#publish = publish;
    this.#encoder = new SnapshotStreamEncoder(checksum, from.unfinished?.state);
    this.#position = from.unfinished?.position ?? 0;
    this.#mustReadBack = from.mustReadBack;
  }

  /** @param publish Gives the file its name, once it is whole and synced. */
  static async begin(
    file: File,
    fileSystem: FileSystem,
    snapshot: SnapshotMeta,
    mustReadBack: boolean,
    publish: () => Promise<void>,
  ): Promise<SnapshotFileWriter> {
    const from = { unfinished: undefined, mustReadBack };
    const writer = new SnapshotFileWriter(file, fileSystem, publish, from);
    const header = new Uint8Array(FILE_HEADER_BYTES);
    header.set(MAGIC);
    putU32(header, 8, FORMAT_VERSION);
    // The file knows no sender; its own term is as good as any.
    const begin = writer.#encoder.begin(snapshot.term as Term, snapshot);
    try {
      await writer.#append([header, ...begin]);
    } catch (error) {
      await writer.abort();
      throw error;
    }
    return writer;
  }

  /** @param file Ends where it is still good. */
  static resume(
    file: File,
    fileSystem: FileSystem,
    unfinished: UnfinishedFile,
    publish: () => Promise<void>,
  ): SnapshotFileWriter {
    const from = { unfinished, mustReadBack: true };
    return new SnapshotFileWriter(file, fileSystem, publish, from);
  }

  get content(): Prefix {
    return this.#encoder.content;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += SNAPSHOT_CHUNK_BYTES) {
      await this.#append(this.#encoder.chunk(bytes.subarray(at, at + SNAPSHOT_CHUNK_BYTES)));
    }
  }

  async commit(progressed: () => void = () => {}): Promise<void> {
    await this.#append(this.#encoder.end());
    try {
      await this.#file.sync();
      if (this.#mustReadBack) for await (const _ of snapshotChunks(this.#file)) progressed();
      await this.#close();
      await this.#publish();
    } catch (cause) {
      throw diskError(cause, this.#file.path);
    }
  }

  suspend(): Promise<void> {
    return this.#close();
  }

  async abort(): Promise<void> {
    await this.#close();
    await this.#fileSystem.remove(this.#file.path);
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#file.close();
  }

  async #append(chunks: readonly Uint8Array[]): Promise<void> {
    await this.#leaveRoom();
    try {
      await writeAll(this.#file, chunks, this.#position);
    } catch (cause) {
      throw diskError(cause, this.#file.path);
    }
    for (const { length } of chunks) this.#position += length;
  }

  /** A snapshot can be taken another time; a log that finds no room ends the server. */
  async #leaveRoom(): Promise<void> {
    if (this.#position < this.#nextLookAt) return;
    this.#nextLookAt = this.#position + LOOK_BYTES;
    const { path } = this.#file;
    const free = await this.#fileSystem.freeBytes(dirname(path)).catch(() => Infinity);
    if (free >= RESERVE_FROM_SNAPSHOTS_BYTES + LOOK_BYTES) return;
    const problem = `no room on the disk for ${path} (${free} bytes are free, which the log needs)`;
    throw new RaftError('RAFT_DISK_FULL', `${problem}; free some space`, {
      details: { file: path },
    });
  }
}

/**
 * The data, each piece verified before it is handed out.
 *
 * @throws {RaftError} `RAFT_STORAGE_CORRUPT`
 */
export async function* snapshotChunks(file: File): AsyncGenerator<Uint8Array, void, void> {
  for await (const frame of framesOf(file)) if (frame.kind === 'chunk') yield frame.bytes;
}

/** @throws {RaftError} `RAFT_STORAGE_CORRUPT`, for damage to the description; the data are not read. */
export async function readSnapshotMeta(file: File): Promise<SnapshotMeta> {
  const bytes = await readFrame(file, await readFileHeader(file));
  if (bytes === undefined) throw corruptSnapshot(file.path, 'it ends before its description');
  try {
    const [frame] = new SnapshotStreamDecoder({ checksum }).push(bytes);
    if (frame?.kind === 'begin') return frame.snapshot;
  } catch (error) {
    if (error instanceof FrameError) throw corruptSnapshot(file.path, error.message);
    throw error;
  }
  throw corruptSnapshot(file.path, 'it does not begin with a description');
}

async function* framesOf(file: File): AsyncGenerator<SnapshotFrame, void, void> {
  const decoder = new SnapshotStreamDecoder({ checksum });
  let position = await readFileHeader(file);
  try {
    while (!decoder.isComplete) {
      const bytes = new Uint8Array(READ_BYTES);
      const count = await file.read(bytes, position);
      if (count === 0) throw corruptSnapshot(file.path, 'its end is missing');
      position += count;
      yield* decoder.push(bytes.subarray(0, count));
    }
  } catch (error) {
    if (error instanceof FrameError) throw corruptSnapshot(file.path, error.message);
    throw error;
  }
}

/** How much of an unfinished file is good; undefined when not even its beginning is. */
export async function scanUnfinished(file: File): Promise<UnfinishedFile | undefined> {
  const decoder = new SnapshotStreamDecoder({ checksum, maxFrameBytes: MAX_SNAPSHOT_FRAME_BYTES });
  let snapshot: SnapshotMeta | undefined;
  try {
    await readFileHeader(file);
    // One frame at a time, so that a bad one hides none of the good ones before it.
    for (let position = FILE_HEADER_BYTES; !decoder.isComplete; ) {
      const bytes = await readFrame(file, position);
      if (bytes === undefined) break;
      const [frame] = decoder.push(bytes);
      if (frame?.kind === 'begin') snapshot = frame.snapshot;
      position += bytes.length;
    }
  } catch (error) {
    if (!(error instanceof FrameError || isCorrupt(error))) throw error;
  }
  if (snapshot === undefined) return undefined;
  return { snapshot, state: decoder.state, position: FILE_HEADER_BYTES + decoder.position };
}

/** Undefined where no frame can be. */
async function readFrame(file: File, position: number): Promise<Uint8Array | undefined> {
  const length = new Uint8Array(LENGTH_BYTES);
  if ((await file.read(length, position)) < LENGTH_BYTES) return undefined;
  const total = LENGTH_BYTES + u32At(length, 0);
  if (total > MAX_SNAPSHOT_FRAME_BYTES) return undefined;
  const frame = new Uint8Array(total);
  return (await file.read(frame, position)) < total ? undefined : frame;
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

const isCorrupt = (error: unknown): boolean =>
  error instanceof RaftError && error.code === 'RAFT_STORAGE_CORRUPT';

function corruptSnapshot(path: string, what: string): RaftError {
  return new RaftError(
    'RAFT_STORAGE_CORRUPT',
    `snapshot ${path} is damaged: ${what}. Remedy: restore the file from a copy, or remove this ` +
      'server from the cluster, empty its directory and add it again under a new id',
    { details: { file: path } },
  );
}
