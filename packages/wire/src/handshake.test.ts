import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '@quorate/core';
import { concat } from './arbitraries.test.support.ts';
import { crc32 } from './checksum.ts';
import { FrameError } from './errors.ts';
import {
  encodeHandshake,
  encodeHandshakeReply,
  type Handshake,
  HandshakeDecoder,
  type HandshakeReply,
  HandshakeReplyDecoder,
} from './handshake.ts';

const REQUEST: Handshake = {
  version: 1,
  clusterId: Number.MAX_SAFE_INTEGER,
  from: 3 as NodeId,
  to: 4 as NodeId,
  purpose: 'snapshot',
  group: 77,
  incarnation: 0xfedc_ba98,
};
const REPLY: HandshakeReply = {
  version: 7,
  clusterId: 12,
  from: 4 as NodeId,
  incarnation: 5,
  verdict: 'wrong-cluster',
};

test('handshake and reply come back, byte by byte, with what follows them', () => {
  const more = Uint8Array.of(9, 9);
  const decoder = new HandshakeDecoder(crc32);
  const bytes = encodeHandshake(REQUEST, crc32);
  for (const byte of bytes.subarray(0, -1)) {
    assert.equal(decoder.push(Uint8Array.of(byte)), undefined);
  }
  const whole = decoder.push(concat([bytes.subarray(-1), more]));
  assert.deepEqual(whole?.handshake, REQUEST);
  assert.deepEqual(whole?.rest, more);

  const answered = new HandshakeReplyDecoder(crc32).push(encodeHandshakeReply(REPLY, crc32));
  assert.deepEqual(answered?.reply, REPLY);
});

test('every flipped bit of a handshake is refused', () => {
  const bytes = encodeHandshake(REQUEST, crc32);
  for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
    const damaged = bytes.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    assert.throws(() => new HandshakeDecoder(crc32).push(damaged), FrameError, `bit ${bit}`);
  }
});

const strangers: readonly (readonly [string, RegExp])[] = [
  ['GET /health HTTP/1.1\r\n', /speaks HTTP/],
  ['PRI * HTTP/2.0\r\n', /speaks HTTP/],
  ['HTTP/1.1 400 Bad Request\r\n', /speaks HTTP/],
  ['\x16\x03\x01\x02', /speaks TLS/],
  ['hello there', /begins with the bytes 68 65 6c 6c 6f 20 74 68/],
  ['QRAX', /begins with the bytes 51 52 41 58/],
];

for (const [opening, expected] of strangers) {
  test(`a stranger on the peer port is named: ${JSON.stringify(opening)}`, () => {
    const bytes = Uint8Array.from(opening, (letter) => letter.charCodeAt(0));
    assert.throws(() => new HandshakeDecoder(crc32).push(bytes), {
      name: 'FrameError',
      message: expected,
    });
    assert.throws(() => new HandshakeReplyDecoder(crc32).push(bytes), FrameError);
  });
}
