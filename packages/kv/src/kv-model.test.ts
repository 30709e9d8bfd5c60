/**
 * The store against a model that keeps every version of everything in one array, and the promises
 * that hold between replicas: batches may be cut anywhere, removal may come at any time, and a
 * snapshot carries everything.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  compareBytes,
  deleteRangeRequest,
  type KeyValue,
  KvStore,
  MemoryStore,
  putRequest,
  rangeRequest,
  txnRequest,
  type WriteRequest,
} from './index.ts';
import { spanOf } from './key-span.ts';

interface Version {
  readonly kv: KeyValue;
  end: number;
}

class Model {
  revision = 1;
  compactRevision = -1;
  readonly versions: Version[] = [];

  stateAt(revision: number): KeyValue[] {
    return this.versions
      .filter(({ kv, end }) => kv.modRevision <= revision && revision < end)
      .map(({ kv }) => kv)
      .sort((a, b) => compareBytes(a.key, b.key));
  }

  apply(request: WriteRequest): void {
    if (request.kind === 'compaction') {
      const { revision } = request;
      if (revision > this.compactRevision && revision <= this.revision)
        this.compactRevision = revision;
      return;
    }
    const next = this.revision + 1;
    const ops = request.kind === 'txn' ? request.success : [request];
    let hasChanged = false;
    for (const op of ops) {
      if (op.kind === 'put') this.#put(op.key, op.value, next);
      const isChange = op.kind === 'put' || (op.kind === 'deleteRange' && this.#delete(op, next));
      hasChanged ||= isChange;
    }
    if (hasChanged) this.revision = next;
  }

  #put(key: Uint8Array, value: Uint8Array, next: number): void {
    const current = this.#alive().find(({ kv }) => compareBytes(kv.key, key) === 0);
    if (current !== undefined) current.end = next;
    const createRevision = current?.kv.createRevision ?? next;
    const version = (current?.kv.version ?? 0) + 1;
    const kv = { key, createRevision, modRevision: next, version, value, lease: 0n };
    this.versions.push({ kv, end: Infinity });
  }

  #delete(request: { key: Uint8Array; rangeEnd: Uint8Array }, next: number): boolean {
    const span = spanOf(request);
    const doomed = this.#alive().filter(
      ({ kv }) =>
        span !== undefined &&
        compareBytes(kv.key, span.start) >= 0 &&
        (span.end === undefined || compareBytes(kv.key, span.end) < 0),
    );
    for (const version of doomed) version.end = next;
    return doomed.length > 0;
  }

  #alive(): Version[] {
    return this.versions.filter(({ end }) => end === Infinity);
  }
}

const aKey = fc.uint8Array({ minLength: 1, maxLength: 2, max: 2 });
const anEnd = fc.oneof(aKey, fc.constant(new Uint8Array(0)), fc.constant(Uint8Array.of(0)));
const aPut = fc
  .record({ key: aKey, value: fc.uint8Array({ maxLength: 2 }) })
  .map((fields) => putRequest(fields));
const aDelete = fc
  .record({ key: aKey, rangeEnd: anEnd })
  .map((fields) => deleteRangeRequest(fields));
// Also what the check would refuse: the store must stay consistent whatever reaches it.
const aTxn = fc
  .tuple(
    fc.uniqueArray(aPut, { maxLength: 3, selector: ({ key }) => key.join() }),
    fc.array(aDelete, { maxLength: 2 }),
  )
  .map(([puts, deletes]) => txnRequest({ success: [...deletes, ...puts] }));
const aWrite: fc.Arbitrary<WriteRequest> = fc.oneof(
  { weight: 5, arbitrary: aPut },
  { weight: 2, arbitrary: aDelete },
  { weight: 2, arbitrary: aTxn },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 1, max: 30 })
      .map((revision) => ({ kind: 'compaction' as const, revision })),
  },
);
const aHistory = fc.array(fc.record({ request: aWrite, removal: fc.integer({ min: 0, max: 3 }) }), {
  maxLength: 40,
});

const newStore = () => KvStore.open(new MemoryStore(), { leaseExists: () => false });

test('every revision that is not compacted reads as the model has it', () => {
  fc.assert(
    fc.property(aHistory, (history) => {
      const store = newStore();
      const model = new Model();
      history.forEach(({ request, removal }, index) => {
        store.applyBatch(index + 1, (writer) => writer.apply(request));
        model.apply(request);
        if (removal > 0) store.compactSome(removal);
        assert.equal(store.revision, model.revision);
        assert.equal(store.compactRevision, model.compactRevision);
      });
      for (
        let revision = Math.max(1, model.compactRevision);
        revision <= model.revision;
        revision++
      ) {
        const expected = model.stateAt(revision);
        const all = store.range(
          rangeRequest({ key: Uint8Array.of(0), rangeEnd: Uint8Array.of(0), revision }),
        );
        assert.ok(all.kind === 'range');
        assert.deepEqual(all.kvs, expected);
        assert.equal(all.count, expected.length);
        for (const kv of expected) {
          const one = store.range(rangeRequest({ key: kv.key, revision }));
          assert.ok(one.kind === 'range');
          assert.deepEqual(one.kvs, [kv]);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('replicas agree: any cut into batches, any time of removal, over a snapshot or not', async () => {
  const cuts = fc.infiniteStream(fc.integer({ min: 1, max: 5 }));
  await fc.assert(
    fc.asyncProperty(aHistory, cuts, async (history, sizes) => {
      const single = newStore();
      history.forEach(({ request, removal }, index) => {
        single.applyBatch(index + 1, (writer) => writer.apply(request));
        if (removal > 0) single.compactSome(removal);
      });

      const batched = newStore();
      for (let at = 0; at < history.length; ) {
        const batch = history.slice(at, at + (sizes.next().value ?? 1));
        at += batch.length;
        batched.applyBatch(at, (writer) => {
          for (const { request } of batch) writer.apply(request);
        });
      }

      const restored = newStore();
      const snapshot = single.snapshot();
      await restored.restore(history.length, recut(snapshot.chunks(), 7));
      snapshot.close();

      const hash = single.hashKv(0);
      for (const other of [batched, restored]) {
        assert.deepEqual(other.hashKv(0), hash);
        assert.deepEqual([...other.events(0)], [...single.events(0)]);
        assert.equal(other.appliedIndex, single.appliedIndex);
      }
    }),
    { numRuns: 150 },
  );
});

test('a snapshot is a state of one moment, and a damaged one changes nothing', async () => {
  const store = newStore();
  const big = new Uint8Array(200_000).fill(1);
  store.applyBatch(1, (writer) => writer.apply(putRequest({ key: Uint8Array.of(1), value: big })));
  const snapshot = store.snapshot();
  store.applyBatch(2, (writer) => writer.apply(putRequest({ key: Uint8Array.of(2), value: big })));
  const stream = Uint8Array.from([...snapshot.chunks()].flatMap((chunk) => [...chunk]));
  assert.deepEqual([snapshot.appliedIndex, snapshot.revision], [1, 2]);
  snapshot.close();

  const other = newStore();
  const restore = (bytes: Uint8Array) => other.restore(5, recut([bytes], 50_000));
  const damaged = [
    stream.subarray(0, stream.length - 1),
    stream.subarray(0, 100_000),
    new Uint8Array(0),
    Uint8Array.from([...stream, 0]),
    stream.with(0, 0xff),
    stream.with(stream.length - 1, 9),
  ];
  for (const bytes of damaged) {
    await assert.rejects(restore(bytes), { code: 'KV_SNAPSHOT_DAMAGED' });
    assert.deepEqual([other.revision, other.appliedIndex], [1, 0]);
  }
  await restore(stream);
  assert.deepEqual([other.revision, other.appliedIndex], [2, 5]);
});

async function* recut(
  chunks: Iterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array, void, void> {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += size) yield chunk.subarray(at, at + size);
  }
}
