import { isCompacted, removeCondemned } from './compaction.ts';
import { type KvFailure, KvStoreError } from './errors.ts';
import { eventsFrom } from './events.ts';
import { hashSteps } from './hash.ts';
import type { KvEvent } from './key-value.ts';
import { decodeMeta, encodeMeta, FIRST_META, META_KEY, type Meta } from './keyspace.ts';
import { checkRangeInTxn, type KvStoreOptions, KvWriter, readRange } from './kv-writer.ts';
import type { OrderedStore, OrderedView, StoreSize } from './ordered-store.ts';
import { executeRange } from './range.ts';
import { NO_BYTES, type RangeRequest, type TxnRequest } from './requests.ts';
import type { HashKvResponse, RangeResponse, ResponseOp, TxnResponse } from './responses.ts';
import { decodeSnapshot, encodeSnapshot } from './snapshot.ts';
import { checkPlan, planTxn, type TxnPlan } from './txn.ts';

/**
 * etcd's data model over an ordered store. Writes come through `applyBatch`, in log order, and are
 * deterministic; reads look at the store as it is.
 */
export class KvStore {
  readonly #store: OrderedStore;
  readonly #options: KvStoreOptions;
  #meta: Meta;

  /** @throws {KvStoreError} KV_FORMAT_UNKNOWN */
  static open(store: OrderedStore, options: KvStoreOptions): KvStore {
    return new KvStore(store, options, readMeta(store));
  }

  private constructor(store: OrderedStore, options: KvStoreOptions, meta: Meta) {
    this.#store = store;
    this.#options = options;
    this.#meta = meta;
  }

  /** The last revision. 1 in an empty store. */
  get revision(): number {
    return this.#meta.revision;
  }

  /** Reads below it are refused. -1 before the first compaction. */
  get compactRevision(): number {
    return this.#meta.compactRevision;
  }

  /** The raft index saved with the data; 0 if none. */
  get appliedIndex(): number {
    return this.#meta.appliedIndex;
  }

  /** Wait for this before a batch: a store whose disk is behind slows its writer down by it. */
  ready(): Promise<void> {
    return this.#store.ready();
  }

  /**
   * Applies some requests in one write transaction and saves `appliedIndex` in it. `work` calls
   * `apply` once for each committed request, in log order; if it throws, nothing has happened.
   */
  applyBatch<Result>(appliedIndex: number, work: (writer: KvWriter) => Result): Result {
    if (appliedIndex < this.#meta.appliedIndex) {
      throw new RangeError(
        `index ${appliedIndex} is behind ${this.#meta.appliedIndex}, which is applied already`,
      );
    }
    const [result, meta] = this.#store.transact((ordered) => {
      const writer = new KvWriter(ordered, this.#meta, this.#options);
      const result = work(writer);
      const meta = { ...writer.meta, appliedIndex };
      ordered.put(META_KEY, encodeMeta(meta));
      return [result, meta] as const;
    });
    this.#meta = meta;
    return result;
  }

  /** Reads the current or an old revision. */
  range(request: RangeRequest): RangeResponse | KvFailure {
    return readRange(this.#store, this.#meta, request);
  }

  /**
   * A transaction that writes nothing, without the log.
   * @throws {TypeError} if it could write: ask `isReadOnly` first.
   */
  readTxn(request: TxnRequest): TxnResponse | KvFailure {
    const plan = planTxn(this.#store, request);
    const error = checkPlan(plan, {
      put: () => undefined,
      range: (range) => checkRangeInTxn(range, this.#meta),
    });
    if (error !== undefined) return { kind: 'failed', error, revision: this.#meta.revision };
    return { ...this.#readPlan(plan), revision: this.#meta.revision };
  }

  #readPlan(plan: TxnPlan): TxnResponse {
    const responses = plan.steps.map((step): ResponseOp => {
      if (step.kind === 'plan') return this.#readPlan(step);
      if (step.kind === 'range') return executeRange(this.#store, this.#meta, step);
      throw new TypeError(`a ${step.kind} must go through the log`);
    });
    return { kind: 'txn', revision: 0, succeeded: plan.succeeded, responses };
  }

  /**
   * The changes from main revision `from` on, oldest first, for watchers. At or below the compact
   * revision only those are left that are still the state there. Nothing may be applied before the
   * iteration ends.
   */
  events(from: number): Iterable<KvEvent> {
    return eventsFrom(this.#store, this.#meta, from);
  }

  /** A hash over the history up to `revision`; 0 is the current one. */
  hashKv(revision: number): HashKvResponse | KvFailure {
    const steps = this.hashKvSteps(revision, Infinity);
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
    }
  }

  /** The same for a store too large to hash in one go: pauses after so many changes. */
  *hashKvSteps(
    revision: number,
    changesPerStep: number,
  ): Generator<void, HashKvResponse | KvFailure, void> {
    const meta = this.#meta;
    // Unlike a read, a hash at the compact revision itself is refused.
    // As etcd has it: nothing happened before revision 1, and unlike a read, a hash at the compact
    // revision itself is refused.
    const through = revision === 0 ? meta.revision : Math.max(revision, 0);
    const isBelow = revision > 0 && revision <= meta.compactRevision;
    const isAhead = revision > meta.revision;
    const error = isBelow ? 'compacted' : isAhead ? 'futureRevision' : undefined;
    if (error !== undefined) return { kind: 'failed', error, revision: meta.revision };
    const view = this.#store.view();
    try {
      return yield* hashSteps(view, meta, through, changesPerStep);
    } finally {
      view.close();
    }
  }

  /**
   * Removes some of what a compaction has condemned, in a transaction of its own: follows at most
   * `maxChanges` changes, and removes up to three rows for each. Answers whether there is more. No
   * reader can tell how far this has come; call it when there is time, until it answers false.
   */
  compactSome(maxChanges: number): boolean {
    if (isCompacted(this.#meta)) return false;
    this.#meta = this.#store.transact((writer) => {
      const meta = removeCondemned(writer, this.#meta, maxChanges);
      writer.put(META_KEY, encodeMeta(meta));
      return meta;
    });
    return !isCompacted(this.#meta);
  }

  /** The whole state as of now, while writes go on. */
  snapshot(): KvSnapshot {
    return new KvSnapshot(this.#store.view(), this.#meta);
  }

  /**
   * Replaces the whole state by a snapshot's, with this applied index. Until it resolves, readers
   * see the old state and nothing may be applied.
   * @throws {KvStoreError} KV_SNAPSHOT_DAMAGED or KV_FORMAT_UNKNOWN; the old state stays.
   */
  async restore(appliedIndex: number, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const replacement = this.#store.replace();
    try {
      let meta: Meta | undefined;
      for await (const rows of decodeSnapshot(chunks)) {
        const others = rows.filter(({ key }) => !isMetaKey(key));
        await replacement.add(others);
        const row = rows.find(({ key }) => isMetaKey(key));
        if (row !== undefined) meta = decodeMeta(row.value);
      }
      const restored = { ...(meta ?? FIRST_META), appliedIndex };
      await replacement.add([{ key: META_KEY, value: encodeMeta(restored) }]);
      await replacement.commit();
      this.#meta = restored;
    } catch (error) {
      await replacement.abort();
      throw error;
    }
  }

  /** Makes everything applied so far durable and answers its index. */
  async sync(): Promise<number> {
    const { appliedIndex } = this.#meta;
    await this.#store.sync();
    return appliedIndex;
  }

  size(): StoreSize {
    return this.#store.size();
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

/** One state of the store, as a stream. */
export class KvSnapshot {
  readonly appliedIndex: number;
  readonly revision: number;
  readonly #view: OrderedView;

  constructor(view: OrderedView, meta: Meta) {
    this.#view = view;
    this.appliedIndex = meta.appliedIndex;
    this.revision = meta.revision;
  }

  chunks(): Iterable<Uint8Array> {
    return encodeSnapshot(this.#view);
  }

  /** Every snapshot must be closed. */
  close(): void {
    this.#view.close();
  }
}

const isMetaKey = (key: Uint8Array): boolean => key.length === 1 && key[0] === META_KEY[0];

function readMeta(store: OrderedStore): Meta {
  const row = store.get(META_KEY);
  if (row !== undefined) return decodeMeta(row);
  for (const _ of store.ascend({ start: NO_BYTES, end: undefined })) {
    throw new KvStoreError(
      'KV_FORMAT_UNKNOWN',
      'the store is not empty, yet it is no key-value store of this program; use another directory',
    );
  }
  return FIRST_META;
}
