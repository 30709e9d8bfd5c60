import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 as nodeCrc32 } from 'node:zlib';
import type { LogIndex, NodeId, SnapshotMeta, Term } from '@quorate/core';
import { concat } from './arbitraries.test.support.ts';
import { putU32 } from './bytes.ts';
import { crc32 } from './checksum.ts';
import { FrameError } from './errors.ts';
import {
  encodeSnapshotStored,
  type SnapshotFrame,
  SnapshotStreamDecoder,
  SnapshotStreamEncoder,
} from './snapshot-stream.ts';

const META: SnapshotMeta = {
  index: 77 as LogIndex,
  term: 5 as Term,
  configuration: {
    voters: [1, 2, 3] as NodeId[],
    outgoing: [],
    learners: [9 as NodeId],
    removed: [],
  },
};
const CHUNKS = [Uint8Array.of(1, 2, 3), new Uint8Array(0), new Uint8Array(100).fill(7)];

function frames(): Uint8Array[] {
  // The one implementation writes and the other reads, also the empty chunk.
  const encoder = new SnapshotStreamEncoder(nodeCrc32);
  return [
    encoder.begin(6 as Term, META),
    ...CHUNKS.map((chunk) => encoder.chunk(chunk)),
    encoder.end(),
  ].map(concat);
}

function decode(bytes: Uint8Array, pieceBytes = bytes.length): SnapshotFrame[] {
  const decoder = new SnapshotStreamDecoder({ checksum: crc32 });
  const found: SnapshotFrame[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    found.push(...decoder.push(bytes.slice(at, at + pieceBytes)));
  }
  return found;
}

test('a snapshot comes through whole, however the stream is cut', () => {
  for (const pieceBytes of [1, 7, 1_000]) {
    const [begin, ...rest] = decode(concat(frames()), pieceBytes);
    assert.deepEqual(begin, { kind: 'begin', term: 6, snapshot: META });
    assert.deepEqual(rest.pop(), { kind: 'end', byteLength: 103 });
    assert.deepEqual(
      rest.map((frame) => frame.kind === 'chunk' && [...frame.bytes]),
      CHUNKS.map((chunk) => [...chunk]),
    );
  }
});

test('a missing, repeated or exchanged frame is refused', () => {
  const [begin, a, b, c, end] = frames() as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const wrong = [
    [begin, a, c, end],
    [begin, a, a, b, c, end],
    [begin, c, b, a, end],
    [begin, end],
    [a, b, c, end],
    [begin, a, b, c, end, end],
    [begin, begin, a, b, c, end],
  ];
  for (const order of wrong) assert.throws(() => decode(concat(order)), FrameError);
});

test('every flipped bit is refused, or leaves the snapshot incomplete', () => {
  const bytes = concat(frames());
  for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
    const damaged = bytes.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    const decoder = new SnapshotStreamDecoder({ checksum: crc32 });
    try {
      decoder.push(damaged);
      // A longer announced frame waits for bytes that never come.
      assert.equal(decoder.isComplete, false, `bit ${bit}`);
    } catch (error) {
      assert.ok(error instanceof FrameError, String(error));
    }
  }
});

test('the answer says how much is stored; a long frame is refused by its announcement', () => {
  assert.deepEqual(decode(encodeSnapshotStored(103, crc32)), [{ kind: 'stored', byteLength: 103 }]);
  const announcement = new Uint8Array(4);
  putU32(announcement, 0, 5_000);
  const decoder = new SnapshotStreamDecoder({ checksum: crc32, maxFrameBytes: 1_000 });
  assert.throws(() => decoder.push(announcement), /exceeds the limit/);
});
