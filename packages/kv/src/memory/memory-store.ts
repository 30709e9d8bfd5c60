import type {
  KeyBounds,
  OrderedStore,
  OrderedView,
  OrderedWriter,
  Replacement,
  Row,
  StoreSize,
} from '../ordered-store.ts';

/** An ordered store in memory: for the simulator, the browser and tests. Nothing is durable. */
export declare class MemoryStore implements OrderedStore {
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
