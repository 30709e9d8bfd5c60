import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareBytes } from '../bytes.ts';
import type { KeyBounds, OrderedReader, OrderedView, Row } from '../ordered-store.ts';
import { MemoryStore } from './memory-store.ts';

/** The same contract in the fewest lines: a sorted array, copied on every write. */
class NaiveStore {
  rows: readonly Row[] = [];

  put(key: Uint8Array, value: Uint8Array): void {
    this.delete(key);
    this.rows = [...this.rows, { key, value }].sort((a, b) => compareBytes(a.key, b.key));
  }

  delete(key: Uint8Array): void {
    this.rows = this.rows.filter((row) => compareBytes(row.key, key) !== 0);
  }
}

const within = (rows: readonly Row[], { start, end }: KeyBounds): readonly Row[] =>
  rows.filter(
    ({ key }) => compareBytes(key, start) >= 0 && (end === undefined || compareBytes(key, end) < 0),
  );

function assertSame(reader: OrderedReader, rows: readonly Row[], bounds: KeyBounds): void {
  const expected = within(rows, bounds);
  assert.deepEqual([...reader.ascend(bounds)], expected);
  assert.deepEqual([...reader.descend(bounds)], expected.toReversed());
  assert.equal(reader.count(bounds), expected.length);
  assert.deepEqual(
    reader.get(bounds.start),
    rows.find(({ key }) => compareBytes(key, bounds.start) === 0)?.value,
  );
}

const aKey = fc.uint8Array({ minLength: 1, maxLength: 3, max: 4 });
const someBounds = fc.record({ start: aKey, end: fc.option(aKey, { nil: undefined }) });
const edits = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('put' as const),
      key: aKey,
      value: fc.uint8Array({ maxLength: 2 }),
    }),
    fc.record({ kind: fc.constant('delete' as const), key: aKey }),
  ),
  { maxLength: 60 },
);

test('a memory store is a sorted array, transaction by transaction, and views stay as they were', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(edits, someBounds), { maxLength: 8 }), (transactions) => {
      const store = new MemoryStore();
      const naive = new NaiveStore();
      const views: { view: OrderedView; rows: readonly Row[] }[] = [];
      for (const [writes, bounds] of transactions) {
        store.transact((writer) => {
          for (const write of writes) {
            if (write.kind === 'put') {
              writer.put(write.key, write.value);
              naive.put(write.key, write.value);
            } else {
              writer.delete(write.key);
              naive.delete(write.key);
            }
          }
          assertSame(writer, naive.rows, bounds);
        });
        assertSame(store, naive.rows, bounds);
        views.push({ view: store.view(), rows: naive.rows });
        for (const { view, rows } of views) assertSame(view, rows, bounds);
      }
      const bytes = naive.rows.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
      assert.equal(store.size().inUse, bytes);
    }),
    { numRuns: 200 },
  );
});

test('thousands of rows come and go in any order, and the tree stays a tree', () => {
  const store = new MemoryStore();
  const keyOf = (n: number) => Uint8Array.of(n >>> 8, n & 0xff, 7);
  const total = 5000;
  const shuffled = Array.from({ length: total }, (_, i) => (i * 2659) % total);
  for (const n of shuffled) store.transact((writer) => writer.put(keyOf(n), keyOf(n)));
  const all = { start: keyOf(0), end: undefined };
  assert.equal(store.count(all), total);
  assert.equal(store.count({ start: keyOf(100), end: keyOf(4100) }), 4000);

  const view = store.view();
  store.transact((writer) => {
    for (const n of shuffled.filter((n) => n % 7 !== 0)) writer.delete(keyOf(n));
  });
  const left = Array.from({ length: total }, (_, n) => n).filter((n) => n % 7 === 0);
  assert.deepEqual(
    [...store.ascend(all)].map(({ key }) => key),
    left.map(keyOf),
  );
  assert.deepEqual(
    [...store.descend(all)].map(({ key }) => key),
    left.toReversed().map(keyOf),
  );
  assert.equal(store.count(all), left.length);
  assert.equal(view.count(all), total);
});

test('a transaction that throws has written nothing', () => {
  const store = new MemoryStore();
  const key = Uint8Array.of(1);
  assert.throws(() =>
    store.transact((writer) => {
      writer.put(key, key);
      throw new Error('no');
    }),
  );
  assert.equal(store.get(key), undefined);
});
