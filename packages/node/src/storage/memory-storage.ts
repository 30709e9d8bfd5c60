import {
  type Batch,
  batchFrom,
  batchThrough,
  type Configuration,
  emptyStoredState,
  type LogIndex,
  type LogReader,
  lastIndexOf,
  type SnapshotMeta,
  type Write,
} from '@quorate/core';
import { EMPTY_PREFIX, extendPrefix, type HeldSnapshot, type Prefix } from '@quorate/wire';
import { RaftError } from '../errors.ts';
import { checksum } from './checksum.ts';
import type { Log, SnapshotReceiver, SnapshotStore, SnapshotWriter, Storage } from './storage.ts';

export interface MemoryStorageOptions {
  readonly clusterId: number;
  readonly nodeId: number;
  readonly initialConfiguration: Configuration;
}

/** Keeps everything in memory: for tests, and for state that may be lost with the process. */
export function memoryStorage(options: MemoryStorageOptions): Storage {
  const { clusterId, nodeId } = options;
  const log = new MemoryLog();
  return {
    log,
    snapshots: new MemorySnapshotStore(),
    stored: emptyStoredState(options.initialConfiguration),
    // Nothing outlives the process, so no incarnation is ever found again.
    identity: { clusterId, nodeId, incarnation: '0'.repeat(32) },
    warnings: [],
    close: () => log.close(),
  };
}

/** Every write is "durable" at once. */
export class MemoryLog implements Log {
  readonly reader: LogReader = {
    read: (from, through, maxBytes) => this.#read(from, through, maxBytes),
  };
  readonly bytesOnDisk = 0;
  #batches: Batch[] = [];
  #isClosed = false;

  hasRoomFor(): boolean {
    return true;
  }

  write(write: Write): boolean {
    this.#requireOpen();
    if (write.snapshot !== undefined) this.#batches = [];
    const first = write.batches[0];
    if (first !== undefined) this.#truncateFrom(first.firstIndex);
    for (const batch of write.batches) this.#batches.push(batch);
    return true;
  }

  async compact(_snapshot: SnapshotMeta, dropThrough: LogIndex): Promise<void> {
    this.#requireOpen();
    const firstKept = this.#batches.findIndex((batch) => lastIndexOf(batch) > dropThrough);
    this.#batches = firstKept < 0 ? [] : this.#batches.slice(firstKept);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new RaftError('RAFT_CLOSED', 'the log is closed; open it again');
  }

  #truncateFrom(index: LogIndex): void {
    while (this.#batches.length > 0) {
      const last = this.#batches.at(-1)!;
      if (lastIndexOf(last) < index) return;
      this.#batches.pop();
      if (last.firstIndex < index) {
        this.#batches.push(batchThrough(last, (index - 1) as LogIndex));
        return;
      }
    }
  }

  #read(from: LogIndex, through: LogIndex, maxBytes: number): readonly Batch[] {
    const result: Batch[] = [];
    let left = maxBytes;
    for (let position = this.#positionOf(from); position < this.#batches.length; position += 1) {
      const batch = this.#batches[position]!;
      if (batch.firstIndex > through) break;
      const end = Math.min(through, lastIndexOf(batch)) as LogIndex;
      const wanted = batchFrom(batchThrough(batch, end), from);
      if (wanted.byteLength > left && result.length > 0) break;
      result.push(wanted);
      left -= wanted.byteLength;
    }
    return result;
  }

  /** Of the batch that holds `index`. */
  #positionOf(index: LogIndex): number {
    let low = 0;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (lastIndexOf(this.#batches[middle]!) < index) low = middle + 1;
      else high = middle;
    }
    const found = this.#batches[low];
    if (found === undefined || found.firstIndex > index) {
      throw new RangeError(`the log has no entry ${index}`);
    }
    return low;
  }
}

interface MemorySnapshot {
  readonly meta: SnapshotMeta;
  readonly chunks: readonly Uint8Array[];
}

interface UnfinishedSnapshot {
  readonly meta: SnapshotMeta;
  readonly chunks: Uint8Array[];
  prefix: Prefix;
}

class MemorySnapshotStore implements SnapshotStore {
  /** Oldest first. */
  #committed: MemorySnapshot[] = [];
  #unfinished: UnfinishedSnapshot | undefined;

  async create(meta: SnapshotMeta): Promise<SnapshotWriter> {
    const chunks: Uint8Array[] = [];
    return {
      write: async (bytes) => {
        chunks.push(bytes.slice());
      },
      commit: async () => this.#commit({ meta, chunks }),
      abort: async () => {},
    };
  }

  async unfinished(): Promise<HeldSnapshot | undefined> {
    if (this.#unfinished === undefined) return undefined;
    const { meta, prefix } = this.#unfinished;
    return { index: meta.index, term: meta.term, prefix };
  }

  async receive(meta: SnapshotMeta, after: Prefix): Promise<SnapshotReceiver> {
    const from = after.byteLength === 0 ? undefined : this.#unfinished;
    const receiving = from ?? { meta, chunks: [], prefix: EMPTY_PREFIX };
    this.#unfinished = receiving;
    const forget = () => {
      if (this.#unfinished === receiving) this.#unfinished = undefined;
    };
    return {
      get content() {
        return receiving.prefix;
      },
      write: async (bytes) => {
        receiving.chunks.push(bytes.slice());
        receiving.prefix = extendPrefix(receiving.prefix, bytes, checksum);
      },
      commit: async () => {
        forget();
        this.#commit(receiving);
      },
      suspend: async () => {},
      abort: async () => forget(),
    };
  }

  latest(): SnapshotMeta | undefined {
    return this.#committed.at(-1)?.meta;
  }

  async *open({ index, term }: SnapshotMeta): AsyncGenerator<Uint8Array, void, void> {
    const isIt = ({ meta }: MemorySnapshot) => meta.index === index && meta.term === term;
    const found = this.#committed.find(isIt);
    if (found === undefined) throw new RangeError(`there is no snapshot of index ${index}`);
    yield* found.chunks;
  }

  async removeOlderThan({ index }: SnapshotMeta, except: readonly SnapshotMeta[]): Promise<void> {
    const isKept = ({ meta }: MemorySnapshot) =>
      meta.index >= index || except.some((kept) => kept.index === meta.index);
    this.#committed = this.#committed.filter(isKept);
    if ((this.#unfinished?.meta.index ?? index) <= index) this.#unfinished = undefined;
  }

  #commit(snapshot: MemorySnapshot): void {
    const { index } = snapshot.meta;
    this.#committed = this.#committed.filter(({ meta }) => meta.index !== index);
    this.#committed.push(snapshot);
    this.#committed.sort((a, b) => a.meta.index - b.meta.index);
  }
}
