import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandError, failureJson, failureLine } from './failure.ts';

test('a foreseen failure is one line with a code and a remedy', () => {
  const error = new CommandError('QUORATE_USAGE', 'that is no port', 'write a number');
  assert.equal(failureLine(error), 'quorate: that is no port [QUORATE_USAGE]; write a number');
  assert.deepEqual(JSON.parse(failureJson(error)), {
    error: { code: 'QUORATE_USAGE', message: 'that is no port', remedy: 'write a number' },
  });
});

test("the node's and the server's own errors keep their code and their words", () => {
  const error = Object.assign(new Error('the disk is full; make room'), { code: 'RAFT_DISK_FULL' });
  assert.equal(failureLine(error), 'quorate: the disk is full; make room [RAFT_DISK_FULL]');
  const store = Object.assign(new Error('cut off'), { code: 'KV_STORE_DAMAGED' });
  assert.equal(failureLine(store), 'quorate: cut off [KV_STORE_DAMAGED]');
});

test('anything else is a bug, and says where', () => {
  assert.match(failureLine(new TypeError('x is not a function')), /report it: TypeError.*\n.*at /s);
  assert.match(failureLine(Object.assign(new Error('gone'), { code: 'ENOENT' })), /report it/);
});
