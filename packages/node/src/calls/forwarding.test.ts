import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Raft } from '@quorate/core';
import { Forwarding } from './forwarding.ts';
import { CALL_OVERHEAD_BYTES, PendingCall } from './pending-call.ts';

test('commands that wait for a leader are bounded by bytes, with what their calls cost', () => {
  const limits = {
    maxWaitingBytes: 3 * (100 + CALL_OVERHEAD_BYTES),
    retryDelayMs: 1,
    answerTimeoutMs: 1,
  };
  // Nothing is sent, so nobody is asked who leads.
  const forwarding = new Forwarding<number>({} as Raft, limits);
  const refused: number[] = [];
  for (let n = 0; n < 5; n += 1) {
    const fail = (reason: unknown) => {
      assert.equal((reason as { readonly code?: string }).code, 'RAFT_PROPOSAL_DROPPED');
      refused.push(n);
    };
    const call = new PendingCall<number>(() => {}, fail, undefined, true);
    forwarding.add({ call, command: new Uint8Array(100), isOfSessions: false });
  }
  assert.deepEqual(refused, [3, 4]);
  assert.equal(forwarding.bytes, limits.maxWaitingBytes);
});
