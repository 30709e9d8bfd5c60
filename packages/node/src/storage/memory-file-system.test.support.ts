/**
 * A disk that remembers what is durable, keeps a journal of every change, and fails on request.
 */

import { dirname } from 'node:path';
import type { File, FileSystem, OpenMode } from './file-system.ts';

/** One change, in the order in which the disk saw them. */
export type Change =
  | { readonly kind: 'create'; readonly path: string }
  | {
      readonly kind: 'write';
      readonly path: string;
      readonly at: number;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'truncate'; readonly path: string; readonly size: number }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'remove'; readonly path: string };

interface Inode {
  bytes: Uint8Array;
  /** What a power cut leaves. */
  durable: Uint8Array;
}

/** Called before an operation takes effect; may throw, or answer how many bytes a write may take. */
export type Fault = (
  operation: string,
  path: string,
  byteLength: number,
  position: number,
) => number | undefined;

export class MemoryFileSystem implements FileSystem {
  readonly journal: Change[] = [];
  readonly files = new Map<string, Inode>();
  readonly openFiles = new Set<File>();
  readonly #durableNames = new Map<string, Inode>();
  fault: Fault = () => undefined;

  /** The disk after these changes, all of them durable. */
  static after(changes: readonly Change[]): MemoryFileSystem {
    const disk = new MemoryFileSystem();
    for (const change of changes) disk.#apply(change);
    return disk;
  }

  /** What a power cut leaves: names and content that were synced, and nothing else. */
  afterPowerCut(): MemoryFileSystem {
    const disk = new MemoryFileSystem();
    for (const [path, { durable }] of this.#durableNames) {
      disk.files.set(path, { bytes: durable.slice(), durable: durable.slice() });
    }
    return disk;
  }

  /** What the end of the process leaves: everything that was written. */
  afterKill(): MemoryFileSystem {
    const disk = new MemoryFileSystem();
    for (const [path, { bytes }] of this.files) {
      disk.files.set(path, { bytes: bytes.slice(), durable: bytes.slice() });
    }
    return disk;
  }

  async list(directory: string): Promise<readonly string[]> {
    const inside = [...this.files.keys()].filter((path) => path.startsWith(`${directory}/`));
    // Of files further below it, the directory that they are in.
    return [...new Set(inside.map((path) => path.slice(directory.length + 1).split('/')[0]!))];
  }

  async makeDirectory(): Promise<void> {}

  async open(path: string, mode: OpenMode): Promise<File> {
    this.fault('open', path, 0, 0);
    let inode = this.files.get(path);
    if (inode === undefined && (mode === 'read' || mode === 'update')) throw systemError('ENOENT');
    if (inode === undefined || mode === 'create') {
      inode = { bytes: new Uint8Array(0), durable: new Uint8Array(0) };
      this.files.set(path, inode);
      this.journal.push({ kind: 'create', path });
    }
    const file = new MemoryFile(this, path, inode, mode === 'durable');
    this.openFiles.add(file);
    return file;
  }

  async rename(from: string, to: string): Promise<void> {
    this.fault('rename', to, 0, 0);
    this.#apply({ kind: 'rename', from, to });
  }

  async truncate(path: string, size: number): Promise<void> {
    this.fault('truncate', path, 0, 0);
    this.#apply({ kind: 'truncate', path, size });
  }

  async remove(path: string): Promise<void> {
    this.fault('remove', path, 0, 0);
    if (this.files.has(path)) this.#apply({ kind: 'remove', path });
  }

  async removeDirectory(path: string): Promise<void> {
    for (const file of [...this.files.keys()]) {
      if (file.startsWith(`${path}/`)) await this.remove(file);
    }
  }

  /** What `freeBytes` answers; how much there really is, only a fault tells. */
  free = Infinity;

  async freeBytes(): Promise<number> {
    return this.free;
  }

  async syncDirectory(directory: string): Promise<void> {
    this.fault('syncDirectory', directory, 0, 0);
    for (const path of this.#durableNames.keys()) {
      if (dirname(path) === directory) this.#durableNames.delete(path);
    }
    for (const [path, inode] of this.files) {
      if (dirname(path) === directory) this.#durableNames.set(path, inode);
    }
  }

  #apply(change: Change): void {
    this.journal.push(change);
    if (change.kind === 'create') {
      this.files.set(change.path, { bytes: new Uint8Array(0), durable: new Uint8Array(0) });
    } else if (change.kind === 'write') {
      const inode = this.files.get(change.path)!;
      inode.bytes = overwritten(inode.bytes, change.bytes, change.at);
    } else if (change.kind === 'truncate') {
      const inode = this.files.get(change.path)!;
      inode.bytes = inode.bytes.slice(0, change.size);
    } else if (change.kind === 'rename') {
      this.files.set(change.to, this.files.get(change.from)!);
      this.files.delete(change.from);
    } else {
      this.files.delete(change.path);
    }
  }
}

class MemoryFile implements File {
  readonly path: string;
  readonly #disk: MemoryFileSystem;
  readonly #inode: Inode;
  readonly #isDurable: boolean;

  constructor(disk: MemoryFileSystem, path: string, inode: Inode, isDurable: boolean) {
    this.#disk = disk;
    this.path = path;
    this.#inode = inode;
    this.#isDurable = isDurable;
  }

  writeSync(chunks: readonly Uint8Array[], position: number): number {
    const whole = Buffer.concat(chunks);
    const path = this.#currentPath();
    const allowed = this.#disk.fault('write', path, whole.length, position) ?? whole.length;
    const bytes = Uint8Array.from(whole.subarray(0, allowed));
    this.#inode.bytes = overwritten(this.#inode.bytes, bytes, position);
    if (this.#isDurable) this.#inode.durable = overwritten(this.#inode.durable, bytes, position);
    this.#disk.journal.push({ kind: 'write', path, at: position, bytes });
    return bytes.length;
  }

  async write(chunks: readonly Uint8Array[], position: number): Promise<number> {
    await Promise.resolve();
    return this.writeSync(chunks, position);
  }

  readSync(bytes: Uint8Array, position: number): number {
    const found = this.#inode.bytes.subarray(position, position + bytes.length);
    bytes.set(found);
    return found.length;
  }

  async read(bytes: Uint8Array, position: number): Promise<number> {
    return this.readSync(bytes, position);
  }

  async size(): Promise<number> {
    return this.#inode.bytes.length;
  }

  async sync(): Promise<void> {
    this.#disk.fault('sync', this.#currentPath(), 0, 0);
    this.#inode.durable = this.#inode.bytes.slice();
  }

  async close(): Promise<void> {
    this.#disk.openFiles.delete(this);
  }

  /** A file that was renamed while open. */
  #currentPath(): string {
    for (const [path, inode] of this.#disk.files) if (inode === this.#inode) return path;
    return this.path;
  }
}

function overwritten(old: Uint8Array, bytes: Uint8Array, at: number): Uint8Array {
  const end = at + bytes.length;
  const result = end <= old.length ? old : new Uint8Array(end);
  if (result !== old) result.set(old);
  result.set(bytes, at);
  return result;
}

export function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated`), { code });
}
