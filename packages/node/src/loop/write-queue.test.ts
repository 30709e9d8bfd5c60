import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '@quorate/core';
import { MAX_HELD_MESSAGES, WriteQueue } from './write-queue.ts';

const message = (id: number) => ({ kind: 'requestReadIndex', id }) as Message;

test('a promise about the disk leaves when its write and all before it are durable', () => {
  const queue = new WriteQueue();
  assert.deepEqual(queue.hold([message(0)]), [message(0)]);
  queue.issued(1, 0);
  assert.deepEqual(queue.hold([message(1)]), []);
  queue.issued(2, 0);
  assert.deepEqual(queue.hold([message(2)]), []);
  // Effects without a write of their own wait for those before them.
  assert.deepEqual(queue.hold([message(3)]), []);
  assert.deepEqual(queue.durable(1), [message(1)]);
  assert.deepEqual(queue.durable(2), [message(2), message(3)]);
  assert.deepEqual(queue.hold([message(4)]), [message(4)]);
});

test('one completion may stand for several writes', () => {
  const queue = new WriteQueue();
  for (const sequence of [1, 2, 3]) {
    queue.issued(sequence, 0);
    queue.hold([message(sequence)]);
  }
  assert.deepEqual(queue.durable(2), [message(1), message(2)]);
  assert.deepEqual(queue.durable(3), [message(3)]);
});

test('the oldest write tells how long the disk has owed an answer', () => {
  const queue = new WriteQueue();
  assert.equal(queue.ageOfOldest(50), 0);
  queue.issued(1, 10);
  queue.issued(2, 40);
  assert.equal(queue.ageOfOldest(50), 40);
  queue.durable(1);
  assert.equal(queue.ageOfOldest(50), 10);
});

test('what waits for a disk that hangs is bounded: the oldest messages are lost', () => {
  const queue = new WriteQueue();
  queue.issued(1, 0);
  for (let id = 0; id < 3 * MAX_HELD_MESSAGES; id += 1) queue.hold([message(id)]);
  const left = queue.durable(1);
  assert.equal(left.length, MAX_HELD_MESSAGES);
  assert.deepEqual(left.at(-1), message(3 * MAX_HELD_MESSAGES - 1));
  queue.issued(2, 0);
  queue.hold([message(1)]);
  assert.deepEqual(queue.durable(2), [message(1)], 'what has left counts no more');
});
