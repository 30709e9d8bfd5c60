import fs from 'node:fs';
import { promisify } from 'node:util';
import type { File } from './file-system.ts';

const closeFd = promisify(fs.close);
const fsync = promisify(fs.fsync);
const fstat = promisify(fs.fstat);

/** A file as the operating system gives it. */
export class BufferedFile implements File {
  readonly path: string;
  readonly #fd: number;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  writeSync(chunks: readonly Uint8Array[], position: number): number {
    return fs.writevSync(this.#fd, chunks, position);
  }

  write(chunks: readonly Uint8Array[], position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.writev(this.#fd, chunks, position, (error, written) => {
        if (error === null) resolve(written);
        else reject(error);
      });
    });
  }

  readSync(bytes: Uint8Array, position: number): number {
    return fs.readSync(this.#fd, bytes, 0, bytes.length, position);
  }

  read(bytes: Uint8Array, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.#fd, bytes, 0, bytes.length, position, (error, count) => {
        if (error === null) resolve(count);
        else reject(error);
      });
    });
  }

  async size(): Promise<number> {
    return (await fstat(this.#fd)).size;
  }

  sync(): Promise<void> {
    return fsync(this.#fd);
  }

  close(): Promise<void> {
    return closeFd(this.#fd);
  }
}
