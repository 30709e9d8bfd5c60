import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 as nodeCrc32 } from 'node:zlib';
import { commandBatch, type LogIndex, lastIndexOf, type Message, type Term } from '@quorate/core';
import fc from 'fast-check';
import { concat, LINK, message, plain } from './arbitraries.test.support.ts';
import { BATCH_HEADER_BYTES } from './batch-codec.ts';
import { putU32, u32At } from './bytes.ts';
import { crc32 } from './checksum.ts';
import { CommandSlab } from './command-slab.ts';
import { FrameError } from './errors.ts';
import type { HostMessage } from './host-messages.ts';
import { decodeMessage, MessageDecoder } from './message-decoder.ts';
import { encodedSize, encodeMessage, fieldsEnd } from './message-encoder.ts';

const encode = (given: Message): Uint8Array => concat(encodeMessage(given, crc32));
const decode = (frame: Uint8Array): Message => decodeMessage(frame, LINK, crc32);

test('every message comes back as it was, however the stream is cut', () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 5 }), cuts, (messages, sizes) => {
      const stream = concat(messages.map(encode));
      const decoder = new MessageDecoder({ link: LINK, checksum: nodeCrc32 });
      const decoded: Message[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn += 1) {
        const end = at + sizes[turn % sizes.length]!;
        decoded.push(...(decoder.push(stream.slice(at, end)) as Message[]));
        at = end;
      }
      assert.deepEqual(decoded.map(plain), messages.map(plain));
    }),
    { numRuns: 300 },
  );
});

test('encodedSize is the size', () => {
  fc.assert(fc.property(message, (given) => encodedSize(given) === encode(given).length));
});

test('payload bytes are neither copied on the way out nor on the way in', () => {
  const payload = CommandSlab.of(new Uint8Array(100), new Uint8Array(100));
  const given = appendOf(payload);
  const [head, ...pieces] = encodeMessage(given, crc32);
  assert.equal(head?.length, fieldsEnd('appendEntries'));
  assert.equal(pieces.length, 1, 'header and commands are one piece');
  assert.equal(pieces[0]?.buffer, payload.bytes.buffer);

  const frame = concat([head!, ...pieces]);
  const received = decode(frame);
  assert.ok(received.kind === 'appendEntries');
  const [batch] = received.batches;
  assert.ok(batch?.kind === 'commands' && batch.payload instanceof CommandSlab);
  assert.equal(batch.payload.bytes.buffer, frame.buffer);
  // And on to the log, still without a copy.
  assert.equal(encodeMessage(received, crc32)[1]?.buffer, frame.buffer);
});

test('a slab that was stamped once can be stamped otherwise without touching the first', () => {
  const payload = CommandSlab.of(Uint8Array.of(1));
  const first = encodeMessage(appendOf(payload, 7), crc32);
  const sent = concat(first);
  const again = encode(appendOf(payload, 9));
  assert.deepEqual(concat(first), sent);
  assert.equal(decoded(again).batches[0]?.firstIndex, 9);
});

test('fixed messages are small: the lab counts bytes', () => {
  const sizes = (
    ['appendEntries', 'appendAccepted', 'requestVote', 'requestVoteReply'] as const
  ).map(fieldsEnd);
  assert.deepEqual(sizes, [52, 36, 36, 20]);
});

test('a truncated frame is never a message', () => {
  fc.assert(
    fc.property(message, (given) => {
      const frame = encode(given);
      for (let length = 0; length < frame.length; length += 1) {
        const decoder = new MessageDecoder({ link: LINK, checksum: crc32 });
        assert.deepEqual(decoder.push(frame.slice(0, length)), []);
        if (length < 4) continue;
        // Cut with a length that fits.
        const shortened = frame.slice(0, length);
        putU32(shortened, 0, length - 4);
        onlyFrameErrors(() => assert.ok(isPrefixOf(decode(shortened), given)));
      }
    }),
    { numRuns: 60 },
  );
});

test('every flipped bit is noticed', () => {
  fc.assert(
    fc.property(message, (given) => {
      const frame = encode(given);
      for (let bit = 32; bit < 8 * frame.length; bit += 1) {
        const damaged = frame.slice();
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        assert.throws(() => decode(damaged), FrameError, `bit ${bit}`);
      }
    }),
    { numRuns: 60 },
  );
});

test('hostile bytes with right checksums are refused, or are a well-formed message', () => {
  let refused = 0;
  let accepted = 0;
  const edits = fc.array(fc.tuple(fc.nat(), edgeByte()), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(message, edits, (given, changes) => {
      const frame = encode(given);
      for (const [at, byte] of changes) frame[8 + (at % (frame.length - 8))] = byte;
      repairChecksums(frame);
      let received: Message;
      try {
        received = decode(frame);
      } catch (error) {
        assert.ok(error instanceof FrameError, String(error));
        refused += 1;
        return;
      }
      accepted += 1;
      requireWellFormed(received);
    }),
    { numRuns: 3_000 },
  );
  assert.ok(refused > 100 && accepted > 100, `${refused} refused, ${accepted} accepted`);
});

test('a frame above the limit is refused by its announcement, before anything is allocated', () => {
  let allocated = 0;
  const allocate = (bytes: number): Uint8Array => {
    allocated += bytes;
    return new Uint8Array(bytes);
  };
  const decoder = new MessageDecoder({
    link: LINK,
    checksum: crc32,
    maxFrameBytes: 1_000,
    allocate,
  });
  const announcement = new Uint8Array(4);
  putU32(announcement, 0, 997);
  assert.throws(() => decoder.push(announcement), /1001 bytes exceeds the limit of 1000/);
  assert.equal(allocated, 0);
  assert.throws(
    () => decoder.push(encode(appendOf(CommandSlab.of(new Uint8Array(1))))),
    FrameError,
  );
});

test('an announcement alone allocates little, and many small pieces cost linear copying', () => {
  let allocated = 0;
  const allocate = (bytes: number): Uint8Array => {
    allocated += bytes;
    return new Uint8Array(bytes);
  };
  const frame = encode(appendOf(CommandSlab.of(new Uint8Array(4_000_000))));
  const decoder = new MessageDecoder({ link: LINK, checksum: nodeCrc32, allocate });
  decoder.push(frame.slice(0, 100));
  assert.ok(allocated <= 65_536 + 4, `${allocated} bytes for 100`);
  let received: (Message | HostMessage)[] = [];
  for (let at = 100; at < frame.length; at += 1_400) {
    received = decoder.push(frame.slice(at, at + 1_400));
  }
  assert.equal(received.length, 1);
  assert.ok(allocated < 3 * frame.length, `${allocated} bytes for a frame of ${frame.length}`);
});

function appendOf(payload: CommandSlab, firstIndex = 6): Message {
  return {
    kind: 'appendEntries',
    ...LINK,
    term: 3 as Term,
    prevLogIndex: (firstIndex - 1) as LogIndex,
    prevLogTerm: 2 as Term,
    leaderCommit: 5 as LogIndex,
    round: 1,
    batches: [commandBatch(3 as Term, firstIndex as LogIndex, payload)],
  };
}

function decoded(frame: Uint8Array): Message & { readonly kind: 'appendEntries' } {
  const received = decode(frame);
  assert.ok(received.kind === 'appendEntries');
  return received;
}

/** Bytes at which checks go wrong, and any others. */
function edgeByte(): fc.Arbitrary<number> {
  return fc.oneof(fc.constantFrom(0, 1, 2, 0x1f, 0x20, 0x7f, 0x80, 0xff), fc.nat(255));
}

/** An attacker computes checksums as well as we do. */
function repairChecksums(frame: Uint8Array): void {
  const kind = frame[8];
  const fields = kind === 5 ? 52 : kind === 11 ? 36 : frame.length;
  if (kind === 11 && frame.length > 36) putU32(frame, 32, crc32(frame.subarray(36), 0));
  putU32(frame, 4, crc32(frame.subarray(8, Math.min(fields, frame.length)), 0));
  if (kind !== 5) return;
  for (let at = 52; at + BATCH_HEADER_BYTES <= frame.length; ) {
    const end = at + BATCH_HEADER_BYTES + u32At(frame, at + 24);
    if (end > frame.length) return;
    const payload = crc32(frame.subarray(at + BATCH_HEADER_BYTES, end), 0);
    putU32(frame, at + 28, crc32(frame.subarray(at, at + 28), payload));
    at = end;
  }
}

function requireWellFormed(received: Message): void {
  for (const value of Object.values(received)) {
    if (typeof value === 'number') assert.ok(Number.isSafeInteger(value) && value >= 0);
  }
  if (received.kind === 'forwardProposal') {
    assert.equal([...(received.payload as CommandSlab)].length, received.payload.count);
  }
  if (received.kind !== 'appendEntries') return;
  assert.equal(received.prevLogIndex === 0, received.prevLogTerm === 0);
  let { prevLogIndex: lastIndex, prevLogTerm: lastTerm } = received;
  for (const batch of received.batches) {
    assert.equal(batch.firstIndex, lastIndex + 1);
    assert.ok(batch.term >= lastTerm && batch.term <= received.term && batch.term >= 1);
    assert.ok(batch.count >= 1 && Number.isSafeInteger(lastIndexOf(batch)));
    if (batch.kind === 'commands') {
      assert.equal([...(batch.payload as CommandSlab)].length, batch.count);
    }
    lastIndex = lastIndexOf(batch);
    lastTerm = batch.term;
  }
}

/** A frame cut between two batches is a shorter message; nothing else may pass. */
function isPrefixOf(shorter: Message, longer: Message): boolean {
  if (shorter.kind !== 'appendEntries' || longer.kind !== 'appendEntries') return false;
  const kept = longer.batches.slice(0, shorter.batches.length);
  return JSON.stringify(plain(shorter)) === JSON.stringify(plain({ ...longer, batches: kept }));
}

function onlyFrameErrors(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
  }
}
