/**
 * Hot path: a file whose writes are on the disk when they return, past the kernel's page cache where
 * that is possible (`O_DIRECT`). The cache would cost a copy and a fresh page for every page of a
 * log that is seldom read again: on the machine of bench/RESULTS.md a third of the CPU of a large
 * write and a tenth of the time of a small one.
 *
 * `O_DIRECT` wants memory, position and length that are multiples of the disk's block, 512 bytes
 * nearly everywhere. Where a file system or a disk wants something else, and for what does not fit,
 * the same file is open a second time without it; that one also reads.
 */

import fs from 'node:fs';
import { alignedBytes } from './aligned-memory.ts';
import type { BufferedFile } from './buffered-file.ts';
import type { File } from './file-system.ts';

/** What `O_DIRECT` asks of positions and lengths, on all but a few disks. */
export const DIRECT_WRITE_ALIGNMENT = 512;

/** Written at once; more goes in pieces. */
const STAGING_BYTES = 1_048_576;

/** Aligned memory that no write is using. One write of a log is under way at a time. */
const idleStaging: Uint8Array[] = [];

export class DurableFile implements File {
  readonly path: string;
  readonly #buffered: BufferedFile;
  /** Undefined where the disk does not take direct writes. */
  #directFd: number | undefined;

  constructor(buffered: BufferedFile, directFd: number | undefined) {
    this.path = buffered.path;
    this.#buffered = buffered;
    this.#directFd = directFd;
  }

  writeSync(chunks: readonly Uint8Array[], position: number): number {
    const fd = this.#directFd;
    if (fd === undefined || !isAligned(chunks, position)) {
      return this.#buffered.writeSync(chunks, position);
    }
    const staging = borrowStaging();
    try {
      return fs.writeSync(fd, staging, 0, gather(chunks, staging), position);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#giveUpDirect(fd);
      return this.#buffered.writeSync(chunks, position);
    } finally {
      idleStaging.push(staging);
    }
  }

  async write(chunks: readonly Uint8Array[], position: number): Promise<number> {
    const fd = this.#directFd;
    if (fd === undefined || !isAligned(chunks, position)) {
      return this.#buffered.write(chunks, position);
    }
    const staging = borrowStaging();
    try {
      return await writeAt(fd, staging, gather(chunks, staging), position);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#giveUpDirect(fd);
      return await this.#buffered.write(chunks, position);
    } finally {
      idleStaging.push(staging);
    }
  }

  readSync(bytes: Uint8Array, position: number): number {
    return this.#buffered.readSync(bytes, position);
  }

  read(bytes: Uint8Array, position: number): Promise<number> {
    return this.#buffered.read(bytes, position);
  }

  size(): Promise<number> {
    return this.#buffered.size();
  }

  sync(): Promise<void> {
    return this.#buffered.sync();
  }

  async close(): Promise<void> {
    if (this.#directFd !== undefined) fs.closeSync(this.#directFd);
    this.#directFd = undefined;
    await this.#buffered.close();
  }

  #giveUpDirect(fd: number): void {
    if (this.#directFd === undefined) return;
    this.#directFd = undefined;
    fs.closeSync(fd);
  }
}

const { O_RDWR, O_DSYNC, O_DIRECT } = fs.constants;

/** A second descriptor of a file for direct writes; undefined where there is no such thing. */
export function openDirect(path: string): number | undefined {
  // Linux only.
  if (O_DIRECT === undefined) return undefined;
  try {
    return fs.openSync(path, O_RDWR | O_DSYNC | O_DIRECT);
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

function isAligned(chunks: readonly Uint8Array[], position: number): boolean {
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  return position % DIRECT_WRITE_ALIGNMENT === 0 && length % DIRECT_WRITE_ALIGNMENT === 0;
}

/** As much as fits, which is a multiple of the alignment; answers how much. */
function gather(chunks: readonly Uint8Array[], staging: Uint8Array): number {
  let length = 0;
  for (const chunk of chunks) {
    const room = staging.length - length;
    staging.set(chunk.length <= room ? chunk : chunk.subarray(0, room), length);
    length += Math.min(chunk.length, room);
    if (length === staging.length) break;
  }
  return length;
}

const borrowStaging = (): Uint8Array => idleStaging.pop() ?? alignedBytes(STAGING_BYTES);

/** The kernel's word for memory, position or length that it cannot write directly. */
const isRefusal = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EINVAL';

const writeAt = (
  fd: number,
  bytes: Uint8Array,
  length: number,
  position: number,
): Promise<number> =>
  new Promise((resolve, reject) => {
    fs.write(fd, bytes, 0, length, position, (error, written) => {
      if (error === null) resolve(written);
      else reject(error);
    });
  });
