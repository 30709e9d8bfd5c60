import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 as nodeCrc32 } from 'node:zlib';
import type { LogIndex, NodeId, SnapshotMeta, Term } from '@quorate/core';
import { concat } from './arbitraries.test.support.ts';
import { putU32, u32At } from './bytes.ts';
import { crc32 } from './checksum.ts';
import { FrameError } from './errors.ts';
import {
  encodeSnapshotAnswer,
  type SnapshotAnswer,
  SnapshotAnswerDecoder,
} from './snapshot-answers.ts';
import {
  EMPTY_PREFIX,
  extendPrefix,
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
    next: { voters: [1, 2, 9] as NodeId[], learners: [] },
    addresses: [{ id: 9 as NodeId, address: '10.0.0.9:2380' }],
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
    assert.deepEqual(begin, { kind: 'begin', term: 6, after: EMPTY_PREFIX, snapshot: META });
    const whole = { byteLength: 103, checksum: nodeCrc32(concat(CHUNKS)) };
    assert.deepEqual(rest.pop(), { kind: 'end', whole });
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

test('a transfer goes on behind what is there, and the end vouches for the whole', () => {
  const [first, ...rest] = CHUNKS as [Uint8Array, ...Uint8Array[]];
  const after = extendPrefix(EMPTY_PREFIX, first, crc32);
  const encoder = new SnapshotStreamEncoder(crc32);
  const pieces = [
    encoder.begin(6 as Term, META, after),
    ...rest.map((chunk) => encoder.chunk(chunk)),
  ];
  const found = decode(concat([...pieces, encoder.end()].map(concat)));
  assert.deepEqual(found[0], { kind: 'begin', term: 6, after, snapshot: META });
  const whole = { byteLength: 103, checksum: crc32(concat(CHUNKS), 0) };
  assert.deepEqual(found.at(-1), { kind: 'end', whole });

  // Other bytes than the receiver's come before: each frame is good, the whole is not.
  const [begin, a, b] = pieces.map(concat) as [Uint8Array, Uint8Array, Uint8Array];
  const state = { running: lastChecksum(b), content: { byteLength: 103, checksum: 7 } };
  const end = new SnapshotStreamEncoder(crc32, state).end();
  assert.throws(() => decode(concat([begin, a, b, concat(end)])), /whole snapshot does not match/);
});

test('a damaged stream tells where it is still good, and is written on from there', () => {
  const pieces = frames();
  const [begin, a, b] = pieces as [Uint8Array, Uint8Array, Uint8Array];
  const good = begin.length + a.length + b.length;
  for (let cut = good; cut < good + 20; cut += 1) {
    const damaged = concat(pieces).slice(0, cut + 40);
    damaged[cut]! ^= 4;
    const decoder = new SnapshotStreamDecoder({ checksum: crc32 });
    decoder.push(damaged.subarray(0, good));
    try {
      decoder.push(damaged.subarray(good));
    } catch (error) {
      assert.ok(error instanceof FrameError, String(error));
    }
    assert.equal(decoder.position, good);
    assert.equal(decoder.state.content.byteLength, 3);
    const encoder = new SnapshotStreamEncoder(crc32, decoder.state);
    const rest = [encoder.chunk(CHUNKS[2]!), encoder.end()].map(concat);
    const mended = decode(concat([damaged.slice(0, good), ...rest]));
    assert.equal(mended.at(-1)?.kind, 'end');
  }
});

test('answers come through however they are cut, and a flipped bit is refused', () => {
  const prefix = { byteLength: 2 ** 40, checksum: 0xdeadbeef };
  const held = { index: 77 as LogIndex, term: 5 as Term, prefix };
  const answers: SnapshotAnswer[] = [
    { kind: 'held', held: undefined },
    { kind: 'held', held },
    { kind: 'progress', byteLength: 3 },
    { kind: 'stored', byteLength: 103 },
  ];
  const stream = concat(answers.map((answer) => encodeSnapshotAnswer(answer, nodeCrc32)));
  for (const pieceBytes of [1, 7, 1_000]) {
    const decoder = new SnapshotAnswerDecoder(crc32);
    const found: SnapshotAnswer[] = [];
    for (let at = 0; at < stream.length; at += pieceBytes) {
      found.push(...decoder.push(stream.slice(at, at + pieceBytes)));
    }
    assert.deepEqual(found, answers);
  }
  const bytes = encodeSnapshotAnswer({ kind: 'held', held }, crc32);
  for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
    const damaged = bytes.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    const decoder = new SnapshotAnswerDecoder(crc32);
    try {
      assert.deepEqual(decoder.push(damaged), [], `bit ${bit}`);
    } catch (error) {
      assert.ok(error instanceof FrameError, String(error));
    }
  }
});

test('a long frame is refused by its announcement', () => {
  const announcement = new Uint8Array(4);
  putU32(announcement, 0, 5_000);
  const decoder = new SnapshotStreamDecoder({ checksum: crc32, maxFrameBytes: 1_000 });
  assert.throws(() => decoder.push(announcement), /exceeds the limit/);
  const answers = new SnapshotAnswerDecoder(crc32);
  assert.throws(() => answers.push(announcement), /exceeds the limit/);
});

const lastChecksum = (frame: Uint8Array): number => u32At(frame, 4);
