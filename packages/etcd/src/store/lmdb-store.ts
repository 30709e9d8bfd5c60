/**
 * The ordered store of a server: LMDB, outside the JavaScript heap, behind a small layer of memory.
 *
 * A transaction writes to memory and is over. When FLUSH_BYTES have gathered, the layer is written to
 * LMDB as one transaction, synced to disk by another thread, while the next layer fills. So the
 * event loop never waits for the disk, and a key that is written often is written to disk once.
 *
 * LMDB is used in its plain mode: a commit is durable or did not happen, whatever fails. A layer ends
 * where a transaction ends, so what a crash leaves is the state after some transaction, its applied
 * index included, and the raft log has the rest. `sync` says what is surely on disk.
 */

import { mkdirSync } from 'node:fs';
import {
  emptyTree,
  type KeyBounds,
  type OrderedReader,
  type OrderedStore,
  type OrderedView,
  type OrderedWriter,
  type Replacement,
  type Row,
  type StoreSize,
  TreeEditor,
  treeAscend,
  treeGet,
  treeSize,
} from '@quorate/kv';
import { type Database, open, type RootDatabase } from 'lmdb';
import { type Layer, type LayerEntry, LayeredReader } from './layers.ts';
import { checkLmdbFile, requireWritable } from './lmdb-file.ts';
import { LmdbRows } from './lmdb-rows.ts';
import { LongKeyReader, LongKeyWriter } from './long-keys.ts';
import { StoreFailedError } from './store-failed-error.ts';

/**
 * A megabyte is some thousand rows: enough to share one sync, and few enough that handing them over
 * keeps the event loop for milliseconds only.
 */
const FLUSH_BYTES = 1024 * 1024;

/** A writer that is so far ahead of the disk waits in `ready`. Bounds the memory of a slow disk. */
const MAX_PENDING_BYTES = 32 * 1024 * 1024;

type Rows = Database<Uint8Array, Uint8Array>;

/** Keys and values as they are: no msgpack, no key encoding. */
const BYTES = { encoding: 'binary', keyEncoding: 'binary' } as const;

/** With the batches that LMDB makes of its own come promises whose failure nobody can hear. */
const OPTIONS = { maxDbs: 3, overlappingSync: false, eventTurnBatching: false } as const;

const EMPTY_LAYER: Layer = emptyTree<LayerEntry>();
const ACTIVE_KEY = Uint8Array.of(1);

export class LmdbStore implements OrderedStore {
  readonly #root: RootDatabase<Uint8Array, Uint8Array>;
  /** Which of `#generations` holds the data. */
  readonly #control: Rows;
  /** The other one is empty, but for the time of a replacement. */
  readonly #generations: readonly [Rows, Rows];
  #active: 0 | 1;

  /** Newer than `#flushing`, which is newer than the disk. */
  #pending = EMPTY_LAYER;
  #pendingBytes = 0;
  #flushing = EMPTY_LAYER;
  #flush: Promise<void> | undefined;
  #failure: StoreFailedError | undefined;

  /**
   * @param directory Created if missing. One process at a time: see the data directory's lock.
   * @throws {StoreDamagedError} and what the file system says
   */
  static open(directory: string): LmdbStore {
    mkdirSync(directory, { recursive: true });
    requireWritable(directory);
    return new LmdbStore(directory, false);
  }

  /** Of a store that is there, to look at: nothing is written, nor can be. */
  static openReadOnly(directory: string): LmdbStore {
    return new LmdbStore(directory, true);
  }

  private constructor(directory: string, readOnly: boolean) {
    checkLmdbFile(directory);
    this.#root = open({ path: directory, ...BYTES, ...OPTIONS, readOnly });
    this.#control = this.#root.openDB({ name: 'control', ...BYTES });
    this.#generations = [
      this.#root.openDB({ name: 'rows0', ...BYTES }),
      this.#root.openDB({ name: 'rows1', ...BYTES }),
    ];
    this.#active = this.#control.get(ACTIVE_KEY)?.[0] === 1 ? 1 : 0;
    // Left by a crash during a replacement, or behind its end.
    if (!readOnly) this.#inactive.clearSync();
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#reader().get(key);
  }

  ascend(bounds: KeyBounds): Iterable<Row> {
    return this.#reader().ascend(bounds);
  }

  descend(bounds: KeyBounds): Iterable<Row> {
    return this.#reader().descend(bounds);
  }

  count(bounds: KeyBounds): number {
    return this.#reader().count(bounds);
  }

  transact<Result>(work: (writer: OrderedWriter) => Result): Result {
    if (this.#failure !== undefined) throw this.#failure;
    const below = layered(this.#flushing, new LmdbRows(this.#rows));
    const writer = new LayerWriter(this.#pending, below);
    const result = work(new LongKeyWriter(writer));
    this.#pending = writer.layer;
    this.#pendingBytes += writer.bytes;
    if (this.#pendingBytes >= FLUSH_BYTES && this.#flush === undefined) void this.#startFlush();
    return result;
  }

  async ready(): Promise<void> {
    while (this.#pendingBytes > MAX_PENDING_BYTES && this.#flush !== undefined) await this.#flush;
    if (this.#failure !== undefined) throw this.#failure;
  }

  view(): OrderedView {
    const transaction = this.#rows.useReadTransaction();
    const rows = new LmdbRows(this.#rows, transaction);
    const reader = new LongKeyReader(layered(this.#pending, layered(this.#flushing, rows)));
    return {
      get: (key) => reader.get(key),
      ascend: (bounds) => reader.ascend(bounds),
      descend: (bounds) => reader.descend(bounds),
      count: (bounds) => reader.count(bounds),
      close: () => transaction.done(),
    };
  }

  async sync(): Promise<void> {
    // A flush that runs began before this call and may lack the newest; the next one has it.
    await this.#flush;
    await (this.#flush ?? this.#startFlush());
    if (this.#failure !== undefined) throw this.#failure;
  }

  replace(): Replacement {
    const next = this.#inactive;
    let writer = new LayerWriter(EMPTY_LAYER, new LmdbRows(next));
    const flush = async () => {
      await write(next, writer.layer).catch((cause) => {
        this.#failure = new StoreFailedError(cause);
        throw this.#failure;
      });
      writer = new LayerWriter(EMPTY_LAYER, new LmdbRows(next));
    };
    return {
      add: async (rows) => {
        const longKeys = new LongKeyWriter(writer);
        for (const { key, value } of rows) longKeys.put(key, value);
        if (writer.bytes >= FLUSH_BYTES) await flush();
      },
      commit: async () => {
        await flush();
        await this.sync();
        const old = this.#rows;
        const active = this.#active === 0 ? 1 : 0;
        await this.#control.put(ACTIVE_KEY, Uint8Array.of(active));
        this.#active = active;
        await old.clearAsync();
      },
      // After a failure nothing is written; what is left there the next start removes.
      abort: async () => void (this.#failure ?? (await next.clearAsync())),
    };
  }

  size(): StoreSize {
    const stats = this.#root.getStats() as LmdbStats;
    const allocated = (stats.lastPageNumber + 1) * stats.pageSize;
    const databases = [this.#rows.getStats() as LmdbStats, stats.root, stats.free];
    const pages = databases.reduce((sum, database) => sum + pagesOf(database), 0);
    return { allocated, inUse: pages * stats.pageSize };
  }

  async close(): Promise<void> {
    if (this.#failure === undefined) await this.sync();
    await this.#root.close();
  }

  get #rows(): Rows {
    return this.#generations[this.#active];
  }

  get #inactive(): Rows {
    return this.#generations[1 - this.#active]!;
  }

  #reader(): OrderedReader {
    const rows = new LmdbRows(this.#rows);
    return new LongKeyReader(layered(this.#pending, layered(this.#flushing, rows)));
  }

  /** Never rejects: a failure is kept, and nothing is written after it. */
  #startFlush(): Promise<void> {
    this.#flushing = this.#pending;
    this.#pending = EMPTY_LAYER;
    this.#pendingBytes = 0;
    this.#flush = this.#writeFlushing();
    return this.#flush;
  }

  async #writeFlushing(): Promise<void> {
    try {
      await write(this.#rows, this.#flushing);
      this.#flushing = EMPTY_LAYER;
      this.#flush = undefined;
      if (this.#pendingBytes >= FLUSH_BYTES) void this.#startFlush();
    } catch (cause) {
      this.#failure = new StoreFailedError(cause);
      this.#flush = undefined;
    }
  }
}

/** One LMDB transaction. Resolves when it is on disk and seen by new reads. */
async function write(database: Rows, layer: Layer): Promise<void> {
  if (treeSize(layer) === 0) return;
  let last: Promise<boolean> | undefined;
  const batch = database.batch(() => {
    for (const [key, { value }] of treeAscend(layer, ALL)) {
      const written = value === undefined ? database.remove(key) : database.put(key, value);
      // All of a transaction have one promise, which fails beside the batch's own.
      if (written !== last) written.catch(() => {});
      last = written;
    }
  });
  try {
    await batch;
  } catch (error) {
    throw await causeOf(error);
  }
  database.resetReadTxn();
}

/** lmdb's error for a batch says only that the commit failed; why is in a promise that it carries. */
async function causeOf(error: unknown): Promise<unknown> {
  const { commitError } = error as { readonly commitError?: Promise<never> };
  return commitError === undefined ? error : commitError.catch((cause: unknown) => cause);
}

const ALL: KeyBounds = { start: new Uint8Array(0), end: undefined };

/** Most of the time a layer is empty, and reads go straight to what is below. */
const layered = (layer: Layer, below: OrderedReader): OrderedReader =>
  treeSize(layer) === 0 ? below : new LayeredReader(layer, below);

/** Estimated memory of a row besides its bytes. */
const ROW_OVERHEAD_BYTES = 64;

/** Collects one transaction's writes on top of a layer. */
class LayerWriter implements OrderedWriter {
  readonly #editor: TreeEditor<LayerEntry>;
  readonly #below: OrderedReader;
  /** Written in this transaction. */
  bytes = 0;

  constructor(layer: Layer, below: OrderedReader) {
    this.#editor = new TreeEditor(layer);
    this.#below = below;
  }

  get layer(): Layer {
    return this.#editor.root;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const entry = treeGet(this.#editor.root, key);
    return entry === undefined ? this.#below.get(key) : entry.value;
  }

  ascend(bounds: KeyBounds): Iterable<Row> {
    return layered(this.#editor.root, this.#below).ascend(bounds);
  }

  descend(bounds: KeyBounds): Iterable<Row> {
    return layered(this.#editor.root, this.#below).descend(bounds);
  }

  count(bounds: KeyBounds): number {
    return layered(this.#editor.root, this.#below).count(bounds);
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#write(key, value);
  }

  delete(key: Uint8Array): void {
    this.#write(key, undefined);
  }

  #write(key: Uint8Array, value: Uint8Array | undefined): void {
    this.bytes += key.length + (value?.length ?? 0) + ROW_OVERHEAD_BYTES;
    this.#editor.put(key, { value, wasBelow: undefined });
  }
}

/** What LMDB tells of a database; its type declarations leave it out. */
interface LmdbTreeStats {
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

interface LmdbStats extends LmdbTreeStats {
  readonly pageSize: number;
  readonly lastPageNumber: number;
  readonly root: LmdbTreeStats;
  readonly free: LmdbTreeStats;
}

const pagesOf = (stats: LmdbTreeStats): number =>
  stats.treeBranchPageCount + stats.treeLeafPageCount + stats.overflowPages;
