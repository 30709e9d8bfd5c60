import type {
  KeyBounds,
  OrderedStore,
  OrderedView,
  OrderedWriter,
  Replacement,
  Row,
  StoreSize,
} from '@quorate/kv';

/** An ordered store in one memory-mapped file, outside the JavaScript heap. */
export declare class LmdbStore implements OrderedStore {
  /** @param directory Created if missing. */
  static open(directory: string): LmdbStore;
  get(key: Uint8Array): Uint8Array | undefined;
  ascend(bounds: KeyBounds): Iterable<Row>;
  descend(bounds: KeyBounds): Iterable<Row>;
  count(bounds: KeyBounds): number;
  transact<Result>(work: (writer: OrderedWriter) => Result): Result;
  view(): OrderedView;
  replace(): Replacement;
  sync(): Promise<void>;
  size(): StoreSize;
  close(): Promise<void>;
}
