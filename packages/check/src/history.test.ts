import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HistoryRecorder } from './history.ts';

test('a recorder keeps what returned and what did not, in the order of the calls', () => {
  const recorder = new HistoryRecorder<string, number>();
  const first = recorder.called(1, 'a', 10);
  recorder.called(2, 'b', 11);
  recorder.returned(first, 5, 12);
  assert.deepEqual(recorder.history(), [
    { kind: 'completed', client: 1, input: 'a', output: 5, calledAt: 10, returnedAt: 12 },
    { kind: 'pending', client: 2, input: 'b', calledAt: 11 },
  ]);
});

test('an operation returns once', () => {
  const recorder = new HistoryRecorder<string, number>();
  const handle = recorder.called(1, 'a', 10);
  recorder.returned(handle, 5, 12);
  assert.throws(() => recorder.returned(handle, 5, 13), /handle 0/);
  assert.throws(() => recorder.returned(7, 5, 13), /handle 7/);
});
