import type { Write } from '@quorate/core';
import { RaftError } from './errors.ts';
import { memoryStorage } from './storage/memory-storage.ts';
import type { Log, Storage, WriteListener } from './storage/storage.ts';

/** A disk that works until it is told otherwise. */
export class FaultyDisk {
  mode: 'good' | 'failing' | 'hanging' | 'full' | 'full of log' = 'good';
  /** How often a snapshot was begun. On a disk that is full of other things it finds no room. */
  snapshots = 0;
  /** Bytes that are left for entries. */
  room = Infinity;
  #hanging: { readonly write: Write; readonly listener: WriteListener }[] = [];
  #log: Log | undefined;

  readonly open = (identity: Parameters<typeof memoryStorage>[0]): Promise<Storage> => {
    const storage = memoryStorage(identity);
    const { log, snapshots } = storage;
    this.#log = log;
    const faulty: Log = {
      reader: log.reader,
      bytesOnDisk: 0,
      hasRoomFor: (byteLength) => !this.mode.startsWith('full') && byteLength <= this.room,
      write: (write, listener) => this.#write(write, listener),
      compact: (...compaction) => {
        if (this.mode === 'full of log') this.mode = 'good';
        return log.compact(...compaction);
      },
      close: () => log.close(),
    };
    const create = snapshots.create.bind(snapshots);
    snapshots.create = (snapshot) => {
      this.snapshots += 1;
      if (this.mode !== 'full') return create(snapshot);
      return Promise.reject(new RaftError('RAFT_DISK_FULL', 'ENOSPC; free some space'));
    };
    return Promise.resolve({ ...storage, log: faulty });
  };

  /** Of entries that it was given and has not written. */
  get hangingBytes(): number {
    const batches = this.#hanging.flatMap(({ write }) => write.batches);
    return batches.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** What hung is written now. */
  recover(): void {
    this.mode = 'good';
    for (const { write, listener } of this.#hanging.splice(0)) {
      this.#log?.write(write, listener);
      listener.durable(write.sequence);
    }
  }

  #write(write: Write, listener: WriteListener): boolean {
    if (this.mode === 'failing') throw new RaftError('RAFT_DISK_FAILED', 'EIO; replace the disk');
    if (this.mode !== 'hanging') return this.#log?.write(write, listener) ?? false;
    this.#hanging.push({ write, listener });
    return false;
  }
}
