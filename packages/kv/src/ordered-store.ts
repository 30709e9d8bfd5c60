/**
 * The one thing the data model needs from below: bytes in order.
 *
 * Keys are non-empty and of any length, compared byte by byte as unsigned numbers, a prefix before
 * what it begins. Reads are synchronous, because a store that maps its file answers in microseconds
 * and a promise costs more than that. Arrays that a store returns are the caller's to keep; arrays
 * given to `put` are the store's, and must not be altered afterwards.
 */

export interface Row {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Keys from `start`, inclusive, to `end`, exclusive. An undefined end is the end of the store. */
export interface KeyBounds {
  readonly start: Uint8Array;
  readonly end: Uint8Array | undefined;
}

export interface OrderedReader {
  get(key: Uint8Array): Uint8Array | undefined;
  /** Rows in ascending order. The store must not change until the iteration ends. */
  ascend(bounds: KeyBounds): Iterable<Row>;
  /** Rows in descending order, within the same bounds. */
  descend(bounds: KeyBounds): Iterable<Row>;
  /** Number of keys within the bounds. Cheaper than iterating. */
  count(bounds: KeyBounds): number;
}

/** Sees its own writes. Valid only during the `transact` that made it. */
export interface OrderedWriter extends OrderedReader {
  put(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
}

/** The store as it was when the view was taken, whatever is written since. */
export interface OrderedView extends OrderedReader {
  /** Every view must be closed: it keeps what is overwritten from being reused. */
  close(): void;
}

/** A whole new content, prepared beside the present one. */
export interface Replacement {
  /** Rows in any order, no key twice. One call at a time. */
  add(rows: readonly Row[]): Promise<void>;
  /** The new content takes the place of the old, atomically and durably. */
  commit(): Promise<void>;
  /** Forgets the new content. */
  abort(): Promise<void>;
}

export interface OrderedStore extends OrderedReader {
  /**
   * Runs `work` and commits what it wrote: all of it or, if it throws, nothing. After a crash the
   * store holds a prefix of the committed transactions; `sync` says which are surely in it.
   */
  transact<Result>(work: (writer: OrderedWriter) => Result): Result;
  /**
   * Wait for this before a transaction. A store whose disk is behind slows its writer down by it.
   * Rejects if the disk has failed: the store then takes nothing more.
   */
  ready(): Promise<void>;
  view(): OrderedView;
  /** One replacement at a time. Nothing may be written to the store until it ends. */
  replace(): Replacement;
  /** Resolves once everything committed before the call is durable. */
  sync(): Promise<void>;
  size(): StoreSize;
  close(): Promise<void>;
}

/** In bytes. */
export interface StoreSize {
  /** What the store occupies. */
  readonly allocated: number;
  /** What of it holds data. */
  readonly inUse: number;
}
