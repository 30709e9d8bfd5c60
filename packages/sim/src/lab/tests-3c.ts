/** 3C: persistence. What was not saved before a crash is lost. */

import type { NodeId } from '@quorate/core';
import { below, chance, pick } from '../dice.ts';
import type { Task } from '../time.ts';
import { expect } from './failure.ts';
import type { Lab } from './lab.ts';
import { type LabTest, raftTest } from './test-case.ts';
import type { Value } from './value.ts';

const ELECTION_REST_MS = 1000;

export const TESTS_3C: readonly LabTest[] = [
  raftTest('TestPersist13C', { peers: 3 }, async (lab) => {
    await lab.agree(11, 3, 'retry');
    restartConnected(lab, ...lab.ids);
    await lab.agree(12, 3, 'retry');

    restartConnected(lab, await lab.oneLeader());
    await lab.agree(13, 3, 'retry');

    const leader = await lab.oneLeader();
    lab.disconnect(leader);
    await lab.agree(14, 2, 'retry');
    restartConnected(lab, leader);
    await lab.waitFor(4, 3);

    const follower = lab.after(await lab.oneLeader());
    lab.disconnect(follower);
    await lab.agree(15, 2, 'retry');
    restartConnected(lab, follower);
    await lab.agree(16, 3, 'retry');
  }),

  raftTest('TestPersist23C', { peers: 5 }, async (lab) => {
    let value = 10;
    for (let round = 0; round < 5; round++) {
      await lab.agree(value++, 5, 'retry');
      const leader = await lab.oneLeader();
      const [a, b, c, d] = [1, 2, 3, 4].map((steps) => lab.after(leader, steps)) as NodeId[];
      lab.disconnect(a!, b!);
      await lab.agree(value++, 3, 'retry');

      lab.disconnect(leader, c!, d!);
      restartConnected(lab, a!, b!);
      await lab.sleep(ELECTION_REST_MS);

      // One server has the newest entry, two have not: together they must keep it.
      restartConnected(lab, c!);
      await lab.agree(value++, 3, 'retry');
      lab.connect(d!, leader);
    }
    await lab.agree(1000, 5, 'retry');
  }),

  raftTest('TestPersist33C', { peers: 3 }, async (lab) => {
    await lab.agree(101, 3, 'retry');
    const leader = await lab.oneLeader();
    const [behind, other] = [lab.after(leader), lab.after(leader, 2)];
    lab.disconnect(behind);
    await lab.agree(102, 2, 'retry');

    lab.crash(leader);
    lab.crash(other);
    lab.connect(behind);
    restartConnected(lab, leader);
    await lab.agree(103, 2, 'retry');
    restartConnected(lab, other);
    await lab.agree(104, 3, 'retry');
  }),

  raftTest('TestFigure83C', { peers: 5 }, async (lab) => {
    await lab.agree(lab.value(), 1, 'retry');
    for (let turn = 0; turn < 1000; turn++) {
      const leader = offerToEachUp(lab);
      await figure8Pause(lab);
      if (leader !== undefined) lab.crash(leader);
      if (lab.cluster.running.length >= 3) continue;
      const some = pick(lab.random, lab.ids);
      if (!lab.isUp(some)) restartConnected(lab, some);
    }
    for (const id of lab.ids) if (!lab.isUp(id)) restartConnected(lab, id);
    await lab.agree(lab.value(), 5, 'retry');
  }),

  raftTest('TestUnreliableAgree3C', { peers: 5, isUnreliable: true }, async (lab) => {
    const rounds: Task<number>[] = [];
    for (let round = 1; round < 50; round++) {
      for (let client = 0; client < 4; client++) {
        const value = 100 * round + client;
        rounds.push(lab.time.spawn(() => lab.agree(value, 1, 'retry')));
      }
      await lab.agree(round, 1, 'retry');
    }
    lab.setNetwork({ isUnreliable: false, isReordering: false });
    for (const task of rounds) await task.join();
    await lab.agree(100, 5, 'retry');
  }),

  raftTest('TestFigure8Unreliable3C', { peers: 5, isUnreliable: true }, async (lab) => {
    await lab.agree(below(lab.random, 10_000), 1, 'retry');
    for (let turn = 0; turn < 1000; turn++) {
      if (turn === 200) lab.setNetwork({ isUnreliable: true, isReordering: true });
      const leader = offerToEachUp(lab);
      await figure8Pause(lab);
      if (leader !== undefined && chance(lab.random, 0.5)) lab.disconnect(leader);
      if (lab.ids.filter((id) => lab.isConnected(id)).length >= 3) continue;
      lab.connect(pick(lab.random, lab.ids));
    }
    lab.connect(...lab.ids);
    await lab.agree(below(lab.random, 10_000), 5, 'retry');
  }),

  raftTest('TestReliableChurn3C', { peers: 5 }, churn),
  raftTest('TestUnreliableChurn3C', { peers: 5, isUnreliable: true }, churn),
];

function restartConnected(lab: Lab, ...ids: readonly NodeId[]): void {
  for (const id of ids) lab.restart(id);
  lab.connect(...ids);
}

/** Offers each server that runs a command of its own; answers the last connected one that took it. */
function offerToEachUp(lab: Lab): NodeId | undefined {
  let leader: NodeId | undefined;
  for (const { id } of lab.cluster.running) {
    const entry = lab.start(id, lab.value());
    if (entry !== undefined && lab.isConnected(id)) leader = id;
  }
  return leader;
}

/** One turn in ten is long enough for an election, the others for a few messages. */
function figure8Pause(lab: Lab): Promise<void> {
  return lab.sleep(chance(lab.random, 0.1) ? below(lab.random, 500) : below(lab.random, 13));
}

/** Three clients offer commands all the time while servers are cut off, crashed and restarted. */
async function churn(lab: Lab): Promise<void> {
  let isStopped = false;
  const clients = [0, 1, 2].map((client) =>
    lab.time.spawn(() => offerUntil(lab, client, () => isStopped)),
  );
  for (let turn = 0; turn < 20; turn++) {
    if (chance(lab.random, 0.2)) lab.disconnect(pick(lab.random, lab.ids));
    if (chance(lab.random, 0.5)) {
      const id = pick(lab.random, lab.ids);
      if (!lab.isUp(id)) lab.restart(id);
      lab.connect(id);
    }
    if (chance(lab.random, 0.2)) lab.crash(pick(lab.random, lab.ids));
    await lab.sleep(700);
  }
  await lab.sleep(ELECTION_REST_MS);
  lab.setNetwork({ isUnreliable: false, isReordering: false });
  for (const id of lab.ids) if (!lab.isUp(id)) lab.restart(id);
  lab.connect(...lab.ids);
  isStopped = true;
  const seen: Value[] = [];
  for (const client of clients) seen.push(...(await client.join()));
  await lab.sleep(ELECTION_REST_MS);

  const lastIndex = await lab.agree(lab.value(), 5, 'retry');
  const log = new Set<Value>();
  for (let index = 1; index <= lastIndex; index++) {
    const value = await lab.waitFor(index, 5);
    log.add(value!);
  }
  for (const value of seen) expect(log.has(value), `command ${value} was applied and is gone`);
}

/** Answers the commands that it saw applied. */
async function offerUntil(lab: Lab, client: number, isStopped: () => boolean): Promise<Value[]> {
  const seen: Value[] = [];
  while (!isStopped()) {
    const value = lab.value();
    const entries = lab.ids.map((id) => lab.start(id, value));
    const entry = entries.findLast((taken) => taken !== undefined);
    if (entry === undefined) {
      await lab.sleep(79 + client * 17);
      continue;
    }
    for (const pauseMs of [10, 20, 50, 100, 200]) {
      const applied = lab.logs.at(entry.index);
      if (applied.count > 0) {
        if (applied.value === value) seen.push(value);
        break;
      }
      await lab.sleep(pauseMs);
    }
  }
  return seen;
}
