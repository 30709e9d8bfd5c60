import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type KeyBounds, MemoryStore, type OrderedReader, type Row } from '@quorate/kv';
import fc from 'fast-check';
import { LmdbStore } from './lmdb-store.ts';
import { CHUNK_BYTES } from './long-keys.ts';

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'lmdb-store-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const plain = (rows: Iterable<Row>): string[] =>
  Array.from(rows, ({ key, value }) => `${hex(key)}=${hex(value)}`);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const ALL: KeyBounds = { start: Uint8Array.of(0), end: undefined };

function assertSame(actual: OrderedReader, expected: OrderedReader, bounds: KeyBounds): void {
  assert.deepEqual(plain(actual.ascend(bounds)), plain(expected.ascend(bounds)));
  assert.deepEqual(plain(actual.descend(bounds)), plain(expected.descend(bounds)));
  assert.equal(actual.count(bounds), expected.count(bounds));
  const [value, other] = [actual.get(bounds.start), expected.get(bounds.start)];
  assert.equal(value && hex(value), other && hex(other));
}

/** Few short keys, and long ones around the places where they are cut. */
const aKey = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 2, max: 3 }),
  fc
    .record({
      chunks: fc.integer({ min: 0, max: 2 }),
      letter: fc.integer({ min: 0, max: 1 }),
      odd: fc.constantFrom(-1, 0, 1, 2),
      last: fc.integer({ min: 0, max: 2 }),
    })
    .map(({ chunks, letter, odd, last }) => {
      const key = new Uint8Array(Math.max(1, chunks * CHUNK_BYTES + odd)).fill(letter);
      key[key.length - 1] = last;
      return key;
    }),
);
const someBounds = fc.record({ start: aKey, end: fc.option(aKey, { nil: undefined }) });
const someWrites = fc.array(
  fc.record({ key: aKey, value: fc.option(fc.uint8Array({ maxLength: 3 }), { nil: undefined }) }),
  { minLength: 1, maxLength: 20 },
);
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: someWrites.map((writes) => ({ kind: 'write' as const, writes })) },
    { weight: 6, arbitrary: someBounds.map((bounds) => ({ kind: 'read' as const, bounds })) },
    { weight: 2, arbitrary: fc.constant({ kind: 'sync' as const }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'startSync' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'view' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) },
    { weight: 1, arbitrary: someWrites.map((writes) => ({ kind: 'replace' as const, writes })) },
  ),
  { maxLength: 25 },
);

test('an LMDB store does what a memory store does, whatever is flushed when', async (t) => {
  const directory = temporaryDirectory(t);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const home = join(directory, String(run++));
      let store = LmdbStore.open(home);
      const model = new MemoryStore();
      const views: [OrderedReader & { close(): void }, OrderedReader][] = [];
      const closeViews = () => {
        for (const [view] of views.splice(0)) view.close();
      };
      for (const step of sequence) {
        switch (step.kind) {
          case 'write':
            for (const target of [store, model]) {
              target.transact((writer) => {
                for (const { key, value } of step.writes) {
                  if (value === undefined) writer.delete(key);
                  else writer.put(key, value);
                }
              });
            }
            break;
          case 'read':
            assertSame(store, model, step.bounds);
            for (const [view, then] of views) assertSame(view, then, step.bounds);
            break;
          case 'sync':
            await store.sync();
            break;
          case 'startSync':
            void store.sync();
            break;
          case 'view':
            views.push([store.view(), model.view()]);
            break;
          case 'reopen':
            closeViews();
            await store.close();
            store = LmdbStore.open(home);
            break;
          case 'replace': {
            const rows = new Map(
              step.writes.map(({ key, value }) => [hex(key), { key, value: value ?? key }]),
            );
            for (const target of [store, model]) {
              const replacement = target.replace();
              for (const row of rows.values()) await replacement.add([row]);
              await replacement.commit();
            }
            break;
          }
        }
      }
      assertSame(store, model, ALL);
      for (const [view, then] of views) assertSame(view, then, ALL);
      closeViews();
      await store.close();
    }),
    { numRuns: 60 },
  );
});

test('an abandoned replacement leaves the old content, also over a restart', async (t) => {
  const directory = temporaryDirectory(t);
  const [old, young] = [Uint8Array.of(1), Uint8Array.of(2)];
  let store = LmdbStore.open(directory);
  store.transact((writer) => writer.put(old, old));
  const aborted = store.replace();
  await aborted.add([{ key: young, value: young }]);
  await aborted.abort();
  assert.deepEqual(plain(store.ascend(ALL)), ['01=01']);

  // Large enough to be on disk.
  await store.replace().add([{ key: young, value: new Uint8Array(2 * 1024 * 1024) }]);
  await store.close();
  store = LmdbStore.open(directory);
  assert.deepEqual(plain(store.ascend(ALL)), ['01=01']);
  const replacement = store.replace();
  await replacement.commit();
  assert.deepEqual(plain(store.ascend(ALL)), [], 'nothing of the unfinished one is left');
  await store.close();
});

test('deleting long keys leaves nothing behind, and a key of a megabyte works', async (t) => {
  const store = LmdbStore.open(temporaryDirectory(t));
  const huge = new Uint8Array(1_000_000).fill(7);
  const other = huge.with(999_999, 8);
  store.transact((writer) => {
    writer.put(huge, Uint8Array.of(1));
    writer.put(other, Uint8Array.of(2));
  });
  await store.sync();
  assert.deepEqual(
    Array.from(store.ascend(ALL), ({ value }) => value[0]),
    [1, 2],
  );
  assert.equal(store.count(ALL), 2);
  store.transact((writer) => {
    writer.delete(huge);
    writer.delete(other);
  });
  await store.sync();
  const { inUse } = store.size();
  assert.ok(inUse <= 16 * 4096, `${inUse} bytes are in use`);
  await store.close();
});

test('a store grows far beyond its first size, while views hold on to its past', async (t) => {
  const store = LmdbStore.open(temporaryDirectory(t));
  const value = new Uint8Array(64 * 1024);
  const keyOf = (n: number) => Uint8Array.of(1, n >>> 8, n);
  const views = [];
  for (let n = 0; n < 1024; n++) {
    await store.ready();
    store.transact((writer) => writer.put(keyOf(n), value));
    if (n % 256 === 0) views.push(store.view());
  }
  await store.sync();
  assert.equal(store.count(ALL), 1024);
  assert.deepEqual(
    views.map((view) => view.count(ALL)),
    [1, 257, 513, 769],
  );
  assert.ok(store.size().inUse > 64 * 1024 * 1024);
  for (const view of views) view.close();
  await store.close();
});
