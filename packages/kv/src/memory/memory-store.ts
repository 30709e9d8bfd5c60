import type {
  KeyBounds,
  OrderedReader,
  OrderedStore,
  OrderedView,
  OrderedWriter,
  Replacement,
  Row,
  StoreSize,
} from '../ordered-store.ts';
import {
  emptyTree,
  TreeEditor,
  type TreeRoot,
  treeAscend,
  treeCount,
  treeDescend,
  treeGet,
} from './sorted-tree.ts';

/** An ordered store in memory: for the simulator, the browser and tests. Nothing is durable. */
export class MemoryStore implements OrderedStore {
  #content = EMPTY;

  get(key: Uint8Array): Uint8Array | undefined {
    return treeGet(this.#content.root, key);
  }

  ascend(bounds: KeyBounds): Iterable<Row> {
    return ascendRows(this.#content.root, bounds);
  }

  descend(bounds: KeyBounds): Iterable<Row> {
    return descendRows(this.#content.root, bounds);
  }

  count(bounds: KeyBounds): number {
    return treeCount(this.#content.root, bounds);
  }

  transact<Result>(work: (writer: OrderedWriter) => Result): Result {
    const writer = new MemoryWriter(this.#content);
    const result = work(writer);
    this.#content = writer.content;
    return result;
  }

  view(): OrderedView {
    return viewOf(this.#content.root);
  }

  replace(): Replacement {
    const writer = new MemoryWriter(EMPTY);
    return {
      add: async (rows) => {
        for (const { key, value } of rows) writer.put(key, value);
      },
      commit: async () => {
        this.#content = writer.content;
      },
      abort: async () => {},
    };
  }

  async ready(): Promise<void> {}

  async sync(): Promise<void> {}

  size(): StoreSize {
    return { allocated: this.#content.bytes, inUse: this.#content.bytes };
  }

  async close(): Promise<void> {}
}

/** A state of the store, and the bytes of its keys and values. */
interface Content {
  readonly root: TreeRoot<Uint8Array>;
  readonly bytes: number;
}

const EMPTY: Content = { root: emptyTree(), bytes: 0 };

class MemoryWriter implements OrderedWriter {
  readonly #editor: TreeEditor<Uint8Array>;
  #bytes: number;

  constructor(content: Content) {
    this.#editor = new TreeEditor(content.root);
    this.#bytes = content.bytes;
  }

  get content(): Content {
    return { root: this.#editor.root, bytes: this.#bytes };
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return treeGet(this.#editor.root, key);
  }

  ascend(bounds: KeyBounds): Iterable<Row> {
    return ascendRows(this.#editor.root, bounds);
  }

  descend(bounds: KeyBounds): Iterable<Row> {
    return descendRows(this.#editor.root, bounds);
  }

  count(bounds: KeyBounds): number {
    return treeCount(this.#editor.root, bounds);
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#bytes += value.length + key.length - this.#rowBytes(key);
    this.#editor.put(key, value);
  }

  delete(key: Uint8Array): void {
    this.#bytes -= this.#rowBytes(key);
    this.#editor.delete(key);
  }

  #rowBytes(key: Uint8Array): number {
    const value = this.get(key);
    return value === undefined ? 0 : key.length + value.length;
  }
}

function* ascendRows(root: TreeRoot<Uint8Array>, bounds: KeyBounds): Generator<Row, void, void> {
  for (const [key, value] of treeAscend(root, bounds)) yield { key, value };
}

function* descendRows(root: TreeRoot<Uint8Array>, bounds: KeyBounds): Generator<Row, void, void> {
  for (const [key, value] of treeDescend(root, bounds)) yield { key, value };
}

function viewOf(root: TreeRoot<Uint8Array>): OrderedView {
  const reader: OrderedReader = {
    get: (key) => treeGet(root, key),
    ascend: (bounds) => ascendRows(root, bounds),
    descend: (bounds) => descendRows(root, bounds),
    count: (bounds) => treeCount(root, bounds),
  };
  return { ...reader, close: () => {} };
}
