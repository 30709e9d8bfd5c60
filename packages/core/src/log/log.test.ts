import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Batch, lastIndexOf } from '../entry.ts';
import { batchOf, storedLog } from '../testing.test.support.ts';
import type { LogIndex, Term } from '../types.ts';
import { RaftLog } from './log.ts';

/** A log as its terms, the way a reader of the paper draws it. */
const termsOf = (log: RaftLog): number[] => {
  const terms: number[] = [];
  for (let index = log.base.index + 1; index <= log.lastIndex; index += 1) {
    terms.push(log.termAt(index as LogIndex));
  }
  return terms;
};

/** The reader keeps what was durable, as a disk does. */
function newLog(maxTailBytes: number): { log: RaftLog; disk: Map<number, Batch> } {
  const disk = new Map<number, Batch>();
  const reader = {
    read: (from: LogIndex, through: LogIndex) => {
      const batches: Batch[] = [];
      for (let index = from as number; index <= through; index += 1) batches.push(disk.get(index)!);
      return batches;
    },
  };
  return { log: new RaftLog(storedLog([1], []), reader, maxTailBytes), disk };
}

const batchesOf = (terms: readonly number[], firstIndex: number): Batch[] =>
  terms.map((term, at) => batchOf(term, firstIndex + at));

/** A leader's log and what one of its appends carries. */
const appendArbitrary = fc.array(fc.nat(2), { minLength: 1, maxLength: 8 }).map((steps) => {
  let term = 1;
  return steps.map((step) => {
    term += step;
    return term;
  });
});

test('reconcile makes the log the leader’s, and slices agree with it, in memory or read back', () => {
  fc.assert(
    fc.property(fc.array(appendArbitrary, { maxLength: 12 }), fc.nat(400), (logs, maxTailBytes) => {
      const { log, disk } = newLog(maxTailBytes);
      let model: number[] = [];
      let sequence = 0;
      let term = 0;
      for (const offered of logs) {
        // Each leader's log is of later terms than the last one's, and shares a prefix with ours.
        const shared = model.slice(0, offered.length % (model.length + 1));
        term = Math.max(term, ...model, 0) + 1;
        const fresh = offered.map((step) => term + step);
        model = [...shared, ...fresh];
        log.reconcile(batchesOf(fresh, shared.length + 1), 0 as LogIndex);
        assert.deepEqual(termsOf(log), model);

        sequence += 1;
        for (const batch of log.takeUnwritten(sequence)) {
          for (let index = batch.firstIndex as number; index <= lastIndexOf(batch); index += 1) {
            disk.set(index, batchOf(batch.term, index));
          }
        }
        log.written(sequence, log.lastIndex);
        assert.equal(log.durableIndex, model.length);
        for (let from = 1; from <= model.length; from += 1) {
          const read: number[] = [];
          for (let next = from; next <= model.length; ) {
            const batches = log.slice(next as LogIndex, log.lastIndex, 100);
            assert.equal(batches[0]?.firstIndex, next);
            for (const batch of batches) read.push(...Array(batch.count).fill(batch.term));
            next = lastIndexOf(batches.at(-1)!) + 1;
          }
          assert.deepEqual(read, model.slice(from - 1));
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('lastAtOrBelowTerm is the last index that a log of such an end could share', () => {
  fc.assert(
    fc.property(appendArbitrary, fc.nat(20), fc.nat(20), (terms, index, term) => {
      const { log } = newLog(Infinity);
      for (const batch of batchesOf(terms, 1)) log.append(batch);
      const found = log.lastAtOrBelowTerm(index as LogIndex, term as Term);
      let expected = Math.min(index, terms.length);
      while (expected > 0 && terms[expected - 1]! > term) expected -= 1;
      assert.deepEqual(found, { index: expected, term: expected === 0 ? 0 : terms[expected - 1] });
    }),
  );
});

test('compaction forgets commands, and remembers the term just before the log', () => {
  const { log } = newLog(Infinity);
  for (const batch of batchesOf([1, 1, 2, 2], 1)) log.append(batch);
  log.takeUnwritten(1);
  log.written(1, log.lastIndex);
  log.compactThrough(2 as LogIndex);
  assert.deepEqual(log.base, { index: 2, term: 1 });
  assert.equal(log.matches({ index: 2 as LogIndex, term: 1 as Term }), true);
  assert.equal(log.matches({ index: 1 as LogIndex, term: 1 as Term }), false);
  assert.deepEqual(termsOf(log), [2, 2]);
});

test('several writes in flight become durable one by one', () => {
  const { log } = newLog(Infinity);
  for (let index = 1; index <= 3; index += 1) {
    log.append(batchOf(1, index));
    log.takeUnwritten(index);
  }
  assert.equal(log.durableIndex, 0);
  log.written(2, log.lastIndex);
  assert.equal(log.durableIndex, 2);
  log.written(3, log.lastIndex);
  assert.equal(log.durableIndex, 3);
});

test('a committed entry is never cut (§5.4.3): that is a bug, and stops the server', () => {
  const { log } = newLog(Infinity);
  for (const batch of batchesOf([1, 1], 1)) log.append(batch);
  assert.throws(() => log.reconcile([batchOf(2, 2)], 2 as LogIndex), /committedIsImmutable/);
});

test('entries follow one another (§5.3)', () => {
  const { log } = newLog(Infinity);
  log.append(batchOf(2, 1));
  assert.throws(() => log.append(batchOf(2, 3)), /logHasNoHoles/);
  assert.throws(() => log.append(batchOf(1, 2)), /logHasNoHoles/);
});

test('what is not committed stays in memory, and is counted', () => {
  const { log } = newLog(0);
  for (const batch of batchesOf([1, 1, 1, 1], 1)) log.append(batch);
  log.takeUnwritten(1);
  log.written(1, 1 as LogIndex);
  assert.equal(log.bytesAfter(1 as LogIndex), 3 * batchOf(1, 1).byteLength);
});
