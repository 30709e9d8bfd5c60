import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_RAFT_OPTIONS, resolveOptions } from './options.ts';

test('no options are the defaults', () => {
  assert.deepEqual(resolveOptions(), DEFAULT_RAFT_OPTIONS);
});

test('an option out of range is refused by name, with its bound', () => {
  assert.throws(() => resolveOptions({ maxAppendBytes: 0 }), /maxAppendBytes .* at least 1, got 0/);
  assert.throws(() => resolveOptions({ heartbeatIntervalMs: Number.NaN }), /heartbeatIntervalMs/);
  assert.throws(
    () => resolveOptions({ heartbeatIntervalMs: 1000 }),
    /electionTimeoutMs \(1000\) must exceed heartbeatIntervalMs \(1000\)/,
  );
});

test('leases need voters that promise something', () => {
  assert.throws(
    () => resolveOptions({ leaseReads: true, checkQuorum: false }),
    /needs checkQuorum/,
  );
  assert.throws(() => resolveOptions({ maxClockDrift: 1 }), /maxClockDrift must be below 1/);
});
