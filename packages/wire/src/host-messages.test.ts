import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '@quorate/core';
import { concat } from './arbitraries.test.support.ts';
import { crc32 } from './checksum.ts';
import { FrameError } from './errors.ts';
import { encodeHostMessage, type HostMessage } from './host-messages.ts';
import { MessageDecoder } from './message-decoder.ts';
import { encodeMessage } from './message-encoder.ts';

const LINK = { from: 2 as NodeId, to: 1 as NodeId };
const WORDS: readonly HostMessage[] = [
  { kind: 'forGroup', group: Number.MAX_SAFE_INTEGER },
  { kind: 'hostBeat', count: 7 },
  { kind: 'groupAbsent', group: 3 },
  { kind: 'groupOpened', group: 4, voters: [1, 2, 9] as NodeId[] },
  { kind: 'groupBegun', group: 5, voters: [] },
];

test('the words of hosts come through among the messages of their groups', () => {
  const vote = { kind: 'requestVoteReply', ...LINK, term: 3, isGranted: true } as const;
  const spoken = [...WORDS, vote as never, ...WORDS];
  const frames = [
    ...WORDS.map((word) => encodeHostMessage(word, crc32)),
    ...encodeMessage(vote as never, crc32),
    ...WORDS.map((word) => encodeHostMessage(word, crc32)),
  ];
  const stream = concat(frames);
  for (const pieceBytes of [1, 13, stream.length]) {
    const decoder = new MessageDecoder({ link: LINK, checksum: crc32 });
    const heard = [];
    for (let at = 0; at < stream.length; at += pieceBytes) {
      heard.push(...decoder.push(stream.slice(at, at + pieceBytes)));
    }
    assert.deepEqual(heard, spoken);
  }
});

test('every flipped bit of such a word is refused or awaits more', () => {
  for (const word of WORDS) {
    const bytes = encodeHostMessage(word, crc32);
    for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
      const damaged = bytes.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      const decoder = new MessageDecoder({ link: LINK, checksum: crc32 });
      try {
        assert.deepEqual(decoder.push(damaged), [], `${word.kind}, bit ${bit}`);
      } catch (error) {
        assert.ok(error instanceof FrameError, `${word.kind}, bit ${bit}: ${error}`);
      }
    }
  }
});

test('voters that do not ascend, and words of another length, are refused', () => {
  const decode = (frame: Uint8Array) =>
    new MessageDecoder({ link: LINK, checksum: crc32 }).push(frame);
  for (const voters of [[2, 1], [0], [3, 3]]) {
    const word = { kind: 'groupBegun', group: 1, voters: voters as NodeId[] } as const;
    assert.throws(() => decode(encodeHostMessage(word, crc32)), FrameError);
  }
  const begun = encodeHostMessage({ kind: 'groupBegun', group: 1, voters: [1 as NodeId] }, crc32);
  begun[8]! -= 2;
  assert.throws(() => decode(begun), /unknown message kind/);
});
