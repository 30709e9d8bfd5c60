/** 3D: snapshots, taken by the service after each index that ends in 9. */

import type { NodeId } from '@quorate/core';
import { below } from '../dice.ts';
import { expect } from './failure.ts';
import type { Lab } from './lab.ts';
import { type LabTest, raftTest } from './test-case.ts';

const MAX_STATE_BYTES = 2000;

/** What is done to the victim of each round. */
type Fate = 'nothing' | 'disconnect' | 'crash';

const reliable = { peers: 3, takesSnapshots: true } as const;
const unreliable = { ...reliable, isUnreliable: true } as const;

export const TESTS_3D: readonly LabTest[] = [
  raftTest('TestSnapshotBasic3D', reliable, (lab) => manySnapshots(lab, 'nothing')),
  raftTest('TestSnapshotInstall3D', reliable, (lab) => manySnapshots(lab, 'disconnect')),
  raftTest('TestSnapshotInstallUnreliable3D', unreliable, (lab) =>
    manySnapshots(lab, 'disconnect'),
  ),
  raftTest('TestSnapshotInstallCrash3D', reliable, (lab) => manySnapshots(lab, 'crash')),
  raftTest('TestSnapshotInstallUnCrash3D', unreliable, (lab) => manySnapshots(lab, 'crash')),

  raftTest('TestSnapshotAllCrash3D', reliable, async (lab) => {
    await lab.agree(lab.value(), 3, 'retry');
    for (let round = 0; round < 5; round++) {
      await agreeOften(lab, enoughForSnapshot(lab));
      const before = await lab.agree(lab.value(), 3, 'retry');
      restartAll(lab);
      const after = await lab.agree(lab.value(), 3, 'retry');
      expect(after > before, `index ${after} follows index ${before} after a crash of all`);
    }
  }),

  raftTest('TestSnapshotInit3D', reliable, async (lab) => {
    await agreeOften(lab, 12);
    restartAll(lab);
    await lab.agree(lab.value(), 3, 'retry');
    restartAll(lab);
    await lab.agree(lab.value(), 3, 'retry');
  }),
];

async function manySnapshots(lab: Lab, fate: Fate): Promise<void> {
  await lab.agree(lab.value(), 3, 'retry');
  let leader = await lab.oneLeader();
  for (let round = 0; round < 30; round++) {
    const isLeadersTurn = round % 3 === 1;
    const victim = isLeadersTurn ? leader : lab.after(leader);
    const sender = isLeadersTurn ? lab.after(leader) : leader;
    const others = fate === 'nothing' ? 3 : 2;
    if (fate !== 'nothing') {
      if (fate === 'disconnect') lab.disconnect(victim);
      else lab.crash(victim);
      await lab.agree(lab.value(), 2, 'retry');
    }

    const commands = enoughForSnapshot(lab);
    for (let count = 0; count < commands; count++) lab.start(sender, lab.value());
    await lab.agree(lab.value(), others, 'retry');
    const size = lab.largestState();
    expect(size < MAX_STATE_BYTES, `saved state of ${size} bytes, the limit is ${MAX_STATE_BYTES}`);

    if (fate !== 'nothing') {
      if (fate === 'crash') lab.restart(victim);
      lab.connect(victim);
      await lab.agree(lab.value(), 3, 'retry');
      leader = await lab.oneLeader();
    }
  }
}

/** 5 to 14 commands. */
const enoughForSnapshot = (lab: Lab): number => 5 + below(lab.random, 10);

async function agreeOften(lab: Lab, times: number): Promise<void> {
  for (let count = 0; count < times; count++) await lab.agree(lab.value(), 3, 'retry');
}

function restartAll(lab: Lab): void {
  const ids: readonly NodeId[] = lab.ids;
  for (const id of ids) lab.restart(id);
  lab.connect(...ids);
}
