import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { commandBatch, type LogIndex, type NodeId, type Term } from '@quorate/core';
import { CommandSlab, encodeMessage } from '@quorate/wire';
import { connectionLimits } from './transport-of.ts';

test('a connection takes any append, and two windows of them wait for it at most', () => {
  const raft = { maxAppendBytes: 1_000, maxInflightBytes: 50_000 };
  const maxCommandBytes = 3_000_000;
  const { maxFrameBytes, maxQueuedBytes } = connectionLimits({ raft, maxCommandBytes });
  assert.equal(maxFrameBytes, 1_000 + 3_000_000 + 1_048_576);
  assert.equal(maxQueuedBytes, 2 * 50_000 + maxFrameBytes);
  // The largest there is: one command that is larger than an append should be.
  const batch = commandBatch(9 as Term, 7 as LogIndex, CommandSlab.of(new Uint8Array(3_000_000)));
  const ends = { from: 1 as NodeId, to: 2 as NodeId, term: 9 as Term };
  const before = { prevLogIndex: 6 as LogIndex, prevLogTerm: 8 as Term };
  const frame = encodeMessage(
    {
      kind: 'appendEntries',
      ...ends,
      ...before,
      leaderCommit: 6 as LogIndex,
      round: 1,
      batches: [batch],
    },
    crc32,
  );
  const byteLength = [...frame].reduce((sum, { length }) => sum + length, 0);
  assert.ok(byteLength > 3_000_000 && byteLength <= maxFrameBytes);
});
