import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configurationOf, type Raft } from '@quorate/core';
import { MembershipChanges } from './membership-changes.ts';

test('a change is done when the joint configuration has ended, also for who has lost the lead', async () => {
  const [before, after] = [configurationOf([1, 2, 3]), configurationOf([1, 4, 5])];
  const joint = { ...after, outgoing: before.voters };
  const raft = {
    isLeader: true,
    term: 2,
    commitIndex: 4,
    termAt: () => 2,
    changeMembership: () => ({ kind: 'appended', index: 5, term: 2 }),
    membership: { configuration: before, index: 0, isCommitted: true },
  };
  const changes = new MembershipChanges({
    host: {
      raft: raft as unknown as Raft,
      now: () => 0,
      wallTime: () => 0,
      wake: () => {},
      notLeader: () => assert.fail('it leads when it is asked'),
    },
    atStart: { 4: { host: 'four', port: 1 }, 5: { host: 'five', port: 1 } },
    patienceMs: 1000,
    takesAddresses: true,
  });
  let isDone = false;
  const change = changes.change({ voters: [1, 4, 5] }, { newVoters: 'forced' }).then(() => {
    isDone = true;
  });
  changes.place(0);
  // Another leads, and has not said yet how the change ends.
  Object.assign(raft, { isLeader: false, commitIndex: 5 });
  raft.membership = { configuration: joint, index: 5, isCommitted: true };
  changes.look();
  await new Promise(setImmediate);
  assert.equal(isDone, false);
  Object.assign(raft, { commitIndex: 6 });
  raft.membership = { configuration: after, index: 6, isCommitted: true };
  changes.look();
  await change;
});
