/**
 * The few calls that the storage makes, so that tests can tear, refuse and forget them.
 *
 * `writeSync` and `write` may write less than they were given, as the operating system may;
 * `writeAllSync` and `writeAll` go on until all is written.
 */

import fs from 'node:fs';
import { dirname as parentOf } from 'node:path';
import { promisify } from 'node:util';
import { BufferedFile } from './buffered-file.ts';
import { DurableFile, openDirect } from './durable-file.ts';
import { makeDirectories } from './make-directory.ts';

export interface FileSystem {
  /** Names in a directory. */
  list(directory: string): Promise<readonly string[]>;
  /** Creates it and its parents, if need be, and makes that durable. */
  makeDirectory(path: string): Promise<void>;
  /**
   * `durable`: created if need be, and a write returns when it is on the disk (O_DSYNC). `create`:
   * empty. `update`: as it is.
   */
  open(path: string, mode: OpenMode): Promise<File>;
  rename(from: string, to: string): Promise<void>;
  /** Cuts off everything behind the first `size` bytes. */
  truncate(path: string, size: number): Promise<void>;
  /** Succeeds also when there is no such file. */
  remove(path: string): Promise<void>;
  /** With everything in it. Succeeds also when there is no such directory. */
  removeDirectory(path: string): Promise<void>;
  /** What can still be written where `directory` is. */
  freeBytes(directory: string): Promise<number>;
  /** Makes the names in it durable: a file is safe only when its name is. */
  syncDirectory(path: string): Promise<void>;
}

export type OpenMode = 'durable' | 'create' | 'update' | 'read';

export interface File {
  readonly path: string;
  writeSync(chunks: readonly Uint8Array[], position: number): number;
  write(chunks: readonly Uint8Array[], position: number): Promise<number>;
  /** Fewer bytes than asked for at the end of the file, and only there. */
  readSync(bytes: Uint8Array, position: number): number;
  read(bytes: Uint8Array, position: number): Promise<number>;
  size(): Promise<number>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Goes on with what was opened; closes it if that fails, and answers with that failure. */
export async function orClose<Result>(
  opened: { close(): Promise<void> },
  goOn: () => Promise<Result>,
): Promise<Result> {
  try {
    return await goOn();
  } catch (error) {
    // A disk that has failed may fail once more, which says nothing new.
    await opened.close().catch(() => {});
    throw error;
  }
}

export function writeAllSync(file: File, chunks: readonly Uint8Array[], position: number): void {
  let rest = chunks;
  let at = position;
  while (rest.length > 0) {
    const written = file.writeSync(rest, at);
    at += written;
    rest = withoutFirst(rest, written);
  }
}

export async function writeAll(
  file: File,
  chunks: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let rest = chunks;
  let at = position;
  while (rest.length > 0) {
    const written = await file.write(rest, at);
    at += written;
    rest = withoutFirst(rest, written);
  }
}

function withoutFirst(chunks: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  let left = written;
  for (const [position, chunk] of chunks.entries()) {
    if (left < chunk.length) return [chunk.subarray(left), ...chunks.slice(position + 1)];
    left -= chunk.length;
  }
  return [];
}

const { O_RDWR, O_CREAT, O_TRUNC, O_RDONLY, O_DSYNC } = fs.constants;
const FLAGS: Readonly<Record<OpenMode, number>> = {
  durable: O_RDWR | O_CREAT | O_DSYNC,
  create: O_RDWR | O_CREAT | O_TRUNC,
  update: O_RDWR,
  read: O_RDONLY,
};

const openFd = promisify(fs.open);
const closeFd = promisify(fs.close);
const fsync = promisify(fs.fsync);

export const nodeFileSystem: FileSystem = {
  list: (directory) => fs.promises.readdir(directory),
  async makeDirectory(path) {
    // Each new directory is a name in its parent.
    for (const made of await makeDirectories(path)) {
      await nodeFileSystem.syncDirectory(parentOf(made));
    }
  },
  async open(path, mode) {
    const file = new BufferedFile(path, await openFd(path, FLAGS[mode], 0o600));
    return mode === 'durable' ? new DurableFile(file, openDirect(path)) : file;
  },
  rename: (from, to) => fs.promises.rename(from, to),
  truncate: (path, size) => fs.promises.truncate(path, size),
  remove: (path) => fs.promises.rm(path, { force: true }),
  removeDirectory: (path) => fs.promises.rm(path, { force: true, recursive: true }),
  async freeBytes(directory) {
    const { bavail, bsize, blocks } = await fs.promises.statfs(directory);
    // Some file systems do not say, and a write that fails will tell.
    return blocks === 0 ? Infinity : bavail * bsize;
  },
  async syncDirectory(path) {
    const fd = await openFd(path, O_RDONLY);
    try {
      await fsync(fd);
    } finally {
      await closeFd(fd);
    }
  },
};
