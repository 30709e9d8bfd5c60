/** The changes of one revision, as they are made. */

import { spanOf } from './key-span.ts';
import type { KeyValue, LeaseId } from './key-value.ts';
import {
  currentBounds,
  currentKey,
  decodeVersion,
  encodeChange,
  encodeVersion,
  endVersion,
  historyKey,
  keyOfCurrent,
  revisionKey,
  toKeyValue,
} from './keyspace.ts';
import type { OrderedWriter, Row } from './ordered-store.ts';
import type { DeleteRangeRequest } from './requests.ts';

/**
 * Numbers the changes of one request: all have the revision after the store's, and a place within
 * it. A request that changes nothing uses no revision up.
 */
export class Changes {
  readonly #writer: OrderedWriter;
  readonly #before: number;
  #count = 0;

  constructor(writer: OrderedWriter, revision: number) {
    this.#writer = writer;
    this.#before = revision;
  }

  /** The store's revision, these changes included. */
  get revision(): number {
    return this.#count === 0 ? this.#before : this.#before + 1;
  }

  put(key: Uint8Array, value: Uint8Array, lease: LeaseId): void {
    const mod = this.#next();
    const row = currentKey(key);
    const current = this.#writer.get(row);
    const replaced = current === undefined ? undefined : decodeVersion(current);
    if (current !== undefined && replaced !== undefined) {
      this.#writer.put(historyKey(key, replaced.mod), endVersion(current, mod.main));
    }
    const createRevision = replaced?.createRevision ?? mod.main;
    const version = (replaced?.version ?? 0) + 1;
    this.#writer.put(row, encodeVersion({ createRevision, mod, version, lease, end: 0, value }));
    const change = encodeChange({ kind: 'put', previous: replaced?.mod, key });
    this.#writer.put(revisionKey(mod), change);
  }

  /** Answers what was deleted. */
  deleteRange(request: DeleteRangeRequest): readonly KeyValue[] {
    return this.#rowsIn(request).map(({ key: row, value }) => {
      const key = keyOfCurrent(row);
      const mod = this.#next();
      const previous = decodeVersion(value).mod;
      this.#writer.delete(row);
      this.#writer.put(historyKey(key, previous), endVersion(value, mod.main));
      this.#writer.put(revisionKey(mod), encodeChange({ kind: 'delete', previous, key }));
      return toKeyValue(key, value);
    });
  }

  #rowsIn(request: DeleteRangeRequest): readonly Row[] {
    if (request.rangeEnd.length === 0) {
      const key = currentKey(request.key);
      const value = this.#writer.get(key);
      return value === undefined ? [] : [{ key, value }];
    }
    const span = spanOf(request);
    return span === undefined ? [] : [...this.#writer.ascend(currentBounds(span))];
  }

  #next(): { readonly main: number; readonly sub: number } {
    return { main: this.#before + 1, sub: this.#count++ };
  }
}
