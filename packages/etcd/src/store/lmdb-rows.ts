import type { KeyBounds, OrderedReader, Row } from '@quorate/kv';
import type { Database, RangeOptions, Transaction } from 'lmdb';

/** Rows of one LMDB database as its last commit left them, or as a read transaction sees them. */
export class LmdbRows implements OrderedReader {
  readonly #database: Database<Uint8Array, Uint8Array>;
  readonly #options: { readonly transaction?: Transaction };

  constructor(database: Database<Uint8Array, Uint8Array>, transaction?: Transaction) {
    this.#database = database;
    this.#options = transaction === undefined ? {} : { transaction };
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#database.get(key, this.#options);
  }

  ascend({ start, end }: KeyBounds): Iterable<Row> {
    return this.#database.getRange({ ...this.#options, ...rangeOf(start, end) });
  }

  /** LMDB excludes the bound that is not the start, whichever way it goes; ours is the other one. */
  descend({ start, end }: KeyBounds): Iterable<Row> {
    return this.#database.getRange({
      ...this.#options,
      ...rangeOf(end, start),
      reverse: true,
      exclusiveStart: end !== undefined,
      inclusiveEnd: true,
    });
  }

  count({ start, end }: KeyBounds): number {
    return this.#database.getKeysCount({ ...this.#options, ...rangeOf(start, end) });
  }
}

function rangeOf(start: Uint8Array | undefined, end: Uint8Array | undefined): RangeOptions {
  const options: { start?: Uint8Array; end?: Uint8Array } = {};
  if (start !== undefined && start.length > 0) options.start = start;
  if (end !== undefined && end.length > 0) options.end = end;
  return options;
}
