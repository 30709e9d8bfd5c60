import type { KvFailure } from './errors.ts';
import type { KvEvent, LeaseId } from './key-value.ts';
import type { OrderedStore, StoreSize } from './ordered-store.ts';
import type { RangeRequest, WriteRequest } from './requests.ts';
import type { HashKvResponse, RangeResponse, WriteResponse } from './responses.ts';

export interface KvStoreOptions {
  /** Does this lease exist? Asked for each put with a lease; must be deterministic. */
  readonly leaseExists: (lease: LeaseId) => boolean;
}

/** etcd's data model over an ordered store. */
export declare class KvStore {
  /** @throws {KvStoreError} KV_FORMAT_UNKNOWN */
  static open(store: OrderedStore, options: KvStoreOptions): KvStore;

  /** The last revision. 1 in an empty store. */
  get revision(): number;
  /** Reads below it are refused. -1 before the first compaction. */
  get compactRevision(): number;
  /** The raft index saved with the data; 0 if none. */
  get appliedIndex(): number;

  /**
   * Applies some requests in one write transaction and saves `appliedIndex` in it. `work` calls
   * `apply` once for each committed request, in log order; if it throws, nothing has happened.
   */
  applyBatch<Result>(appliedIndex: number, work: (writer: KvWriter) => Result): Result;

  /** Reads the current or an old revision. */
  range(request: RangeRequest): RangeResponse | KvFailure;

  /** Changes of revision `from` and later, oldest first, for watchers. From must not be compacted. */
  events(from: number): Iterable<KvEvent>;

  /** @param revision 0: the current one. */
  hashKv(revision: number): HashKvResponse | KvFailure;

  /**
   * Removes some of what a compaction has condemned, at most about `maxRows` rows, in a transaction
   * of its own. True while there is more. Invisible to every reader.
   */
  compactSome(maxRows: number): boolean;

  /** The whole state as of now, while writes go on. */
  snapshot(): KvSnapshot;

  /**
   * Replaces the whole state by a snapshot's, with this applied index. Until it resolves, readers
   * see the old state and nothing may be applied.
   * @throws {KvStoreError} KV_SNAPSHOT_DAMAGED; the old state stays.
   */
  restore(appliedIndex: number, chunks: AsyncIterable<Uint8Array>): Promise<void>;

  /** Makes everything applied so far durable and answers its index. */
  sync(): Promise<number>;
  size(): StoreSize;
  close(): Promise<void>;
}

/** The apply side. Valid during one `applyBatch`. */
export interface KvWriter {
  /** A request that fails changes nothing. Requests are expected to have passed `checkRequest`. */
  apply(request: WriteRequest): WriteResponse;
  /** Sees what this batch has written. */
  range(request: RangeRequest): RangeResponse | KvFailure;
}

export interface KvSnapshot {
  readonly appliedIndex: number;
  readonly revision: number;
  /** Draw them once. */
  chunks(): Iterable<Uint8Array>;
  /** Every snapshot must be closed. */
  close(): void;
}
