import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandBatch, type LogIndex, type NodeId, type Term } from '@quorate/core';
import fc from 'fast-check';
import { batchesAfter, concat, plain, snapshotMeta } from './arbitraries.test.support.ts';
import { crc32 } from './checksum.ts';
import { CommandSlab } from './command-slab.ts';
import { FrameError } from './errors.ts';
import {
  decodeWrite,
  type Encoded,
  encodeCompaction,
  encodedCompactionSize,
  encodedWriteSize,
  encodeWrite,
  type StoredWrite,
} from './write-codec.ts';

const hardState = fc
  .tuple(fc.maxSafeNat(), fc.maxSafeNat(), fc.maxSafeNat())
  .map(([term, vote, commitIndex]) => ({
    term: term as Term,
    votedFor: vote === 0 ? undefined : (vote as NodeId),
    commitIndex: commitIndex as LogIndex,
  }));

const write: fc.Arbitrary<StoredWrite> = fc.record({
  hardState: fc.option(hardState, { nil: undefined }),
  snapshot: fc.option(snapshotMeta, { nil: undefined }),
  batches: batchesAfter(41, 3),
});

test('writes come back one after the other, and their checksums continue', () => {
  fc.assert(
    fc.property(fc.array(write, { minLength: 1, maxLength: 4 }), fc.nat(), (writes, seed) => {
      let checksum = seed;
      const encoded = writes.map((given): Encoded => {
        const next = encodeWrite(given, crc32, checksum);
        assert.equal(next.byteLength, encodedWriteSize(given));
        checksum = next.checksum;
        return next;
      });
      const bytes = concat(encoded.flatMap(({ chunks }) => chunks));
      let at = 0;
      let running = seed;
      for (const given of writes) {
        const decoded = decodeWrite(bytes, at, crc32, running);
        assert.ok(decoded.kind === 'write');
        assert.deepEqual(decoded.write.hardState, given.hardState);
        assert.deepEqual(decoded.write.snapshot, given.snapshot);
        assert.deepEqual(plain(decoded.write.batches), plain(given.batches));
        at = decoded.end;
        running = decoded.checksum;
      }
      assert.equal(at, bytes.length);
      assert.equal(running, checksum);
    }),
  );
});

test('the checksum tells batches apart that differ in their header alone', () => {
  const payload = CommandSlab.of(Uint8Array.of(1, 2, 3));
  const checksums = [7, 8].map((index) => {
    const batches = [commandBatch(2 as Term, index as LogIndex, payload)];
    return encodeWrite({ hardState: undefined, snapshot: undefined, batches }, crc32, 5).checksum;
  });
  assert.notEqual(checksums[0], checksums[1]);
});

test('a compaction comes back', () => {
  fc.assert(
    fc.property(snapshotMeta, fc.nat(), (snapshot, back) => {
      const base = {
        index: Math.max(0, snapshot.index - back) as LogIndex,
        term: snapshot.term,
      };
      const encoded = encodeCompaction({ snapshot, base }, crc32, 9);
      assert.equal(encoded.byteLength, encodedCompactionSize({ snapshot, base }));
      const decoded = decodeWrite(concat(encoded.chunks), 0, crc32, 9);
      assert.ok(decoded.kind === 'compaction');
      assert.deepEqual(decoded.compaction, { snapshot, base });
      assert.equal(decoded.checksum, encoded.checksum);
    }),
  );
});

test('no truncation passes, and no flipped bit without another checksum', () => {
  fc.assert(
    fc.property(write, (given) => {
      const encoded = encodeWrite(given, crc32, 5);
      const bytes = concat(encoded.chunks);
      for (let length = 0; length < bytes.length; length += 1) {
        assert.throws(() => decodeWrite(bytes.subarray(0, length), 0, crc32, 5), FrameError);
      }
      for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
        const damaged = bytes.slice();
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        assert.ok(isNoticed(damaged, encoded.checksum), `bit ${bit}`);
      }
    }),
    { numRuns: 40 },
  );
});

function isNoticed(damaged: Uint8Array, checksum: number): boolean {
  try {
    const decoded = decodeWrite(damaged, 0, crc32, 5);
    return decoded.end !== damaged.length || decoded.checksum !== checksum;
  } catch (error) {
    assert.ok(error instanceof FrameError, String(error));
    return true;
  }
}

test('thirty small commands fit the 2,000 bytes that the lab allows the saved state', () => {
  const batches = Array.from({ length: 30 }, (_, position) =>
    commandBatch(3 as Term, (position + 1) as LogIndex, CommandSlab.of(new Uint8Array(20))),
  );
  const state = { term: 3 as Term, votedFor: 1 as NodeId, commitIndex: 30 as LogIndex };
  const bytes = encodedWriteSize({ hardState: state, snapshot: undefined, batches });
  assert.ok(bytes < 2_000, `${bytes} bytes`);
});
