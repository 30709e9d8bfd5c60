import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId, Raft } from '@quorate/core';
import { LeadershipTransfers } from './leadership-transfers.ts';

/** A leader that has been asked to hand over to server 2. */
function handingOver() {
  const raft = {
    isLeader: true,
    term: 4,
    leaderId: 1 as NodeId | undefined,
    transferTarget: 2 as NodeId | undefined,
    transferLeadership: () => ({ kind: 'begun', to: 2 }),
  };
  const transfers = new LeadershipTransfers({
    raft: raft as unknown as Raft,
    now: () => 0,
    wallTime: () => 0,
    wake: () => {},
    notLeader: () => assert.fail('it leads when it is asked'),
  });
  const call = transfers.transfer(2, {});
  transfers.place(0);
  return { raft, transfers, call };
}

test('a transfer has come true when that server leads, and not while nobody does', async () => {
  const { raft, transfers, call } = handingOver();
  Object.assign(raft, { isLeader: false, term: 5, leaderId: undefined, transferTarget: undefined });
  transfers.look();
  assert.equal(transfers.isIdle, false);
  raft.leaderId = 2 as NodeId;
  transfers.look();
  assert.equal(await call, 2);
});

test('a transfer has failed when a third server takes the lead, or this one leads on', async () => {
  for (const after of [
    { isLeader: false, term: 5, leaderId: 3 },
    { isLeader: true, term: 4, leaderId: 1 },
    { isLeader: true, term: 6, leaderId: 1 },
  ]) {
    const { raft, transfers, call } = handingOver();
    Object.assign(raft, { ...after, transferTarget: undefined });
    transfers.look();
    await assert.rejects(call, { code: 'RAFT_TRANSFER_FAILED' });
  }
});
