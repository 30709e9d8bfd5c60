import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SendQueue } from './send-queue.ts';

const piece = (length: number, fill: number) => new Uint8Array(length).fill(fill);

test('what is sent is what was given, in order, and small pieces leave as one', () => {
  const queue = new SendQueue();
  const lengths = [10, 20, 100_000, 4_096, 4_097, 1, 0, ...new Array(100).fill(1_000)];
  const given = lengths.map((length, at) => piece(length, at + 1));
  for (const one of given) queue.push(one);
  assert.equal(queue.byteLength, Buffer.concat(given).length);
  const taken = queue.take();
  assert.deepEqual(Buffer.concat(taken), Buffer.concat(given));
  // Small, large, small, large, and the rest in two: it does not fit into one slab.
  assert.equal(taken.length, 6);
  assert.deepEqual([queue.byteLength, queue.take()], [0, []]);
});

test('what was taken does not change when more is sent', () => {
  const queue = new SendQueue();
  queue.push(piece(100, 1));
  const [first] = queue.take();
  for (let round = 0; round < 2_000; round += 1) {
    queue.push(piece(100, 2));
    queue.take();
  }
  assert.deepEqual(Buffer.from(first!), Buffer.alloc(100, 1));
});
