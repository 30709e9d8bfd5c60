/** 3A: leader election. */

import { pick } from '../dice.ts';
import { expect } from './failure.ts';
import { type LabTest, raftTest } from './test-case.ts';

export const TESTS_3A: readonly LabTest[] = [
  raftTest('TestInitialElection3A', { peers: 3 }, async (lab) => {
    await lab.oneLeader();
    await lab.sleep(50);
    expect(lab.sameTerms() >= 1, 'the first term is at least 1');
    await lab.sleep(2000);
    lab.sameTerms();
    await lab.oneLeader();
  }),

  raftTest('TestReElection3A', { peers: 3 }, async (lab) => {
    const first = await lab.oneLeader();
    lab.disconnect(first);
    await lab.oneLeader();

    // The old leader comes back and becomes a follower.
    lab.connect(first);
    const second = await lab.oneLeader();

    // Without a quorum nobody leads.
    lab.disconnect(second, lab.after(second));
    await lab.sleep(2000);
    lab.noLeader();

    lab.connect(lab.after(second));
    await lab.oneLeader();
    lab.connect(second);
    await lab.oneLeader();
  }),

  raftTest('TestManyElections3A', { peers: 7 }, async (lab) => {
    await lab.oneLeader();
    for (let turn = 0; turn < 9; turn++) {
      const cut = [pick(lab.random, lab.ids), pick(lab.random, lab.ids), pick(lab.random, lab.ids)];
      lab.disconnect(...cut);
      await lab.oneLeader();
      lab.connect(...cut);
    }
    await lab.oneLeader();
  }),
];
