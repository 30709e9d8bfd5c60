import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@quorate/core';
import { until } from '../cluster.test.support.ts';
import { turnOf } from './election-turns.ts';
import { TestHosts } from './hosts.test.support.ts';

const draws = (group: number, position: number) => {
  const random = turnOf(group, position, 3, seededRandom(group * 3 + position));
  return Array.from({ length: 1_000 }, () => random());
};

test('the hosts of a group have turns that are apart, and the first goes round with the groups', () => {
  for (const group of [3, 4, 5]) {
    for (const position of [0, 1, 2]) {
      const from = ((group + position) % 3) / 3;
      const all = draws(group, position);
      const inTurn = all.filter((draw) => draw >= from && draw < from + 1 / 6);
      assert.ok(inTurn.length > 900, `group ${group}, host ${position}: ${inTurn.length}`);
      assert.ok(all.every((draw) => draw >= 0 && draw < 1));
    }
  }
});

test('now and then one draws out of turn', () => {
  const early = draws(3, 2).filter((draw) => draw < 1 / 3);
  assert.ok(early.length > 0 && early.length < 100);
});

test('new groups are led by all hosts in turn', async (context) => {
  const hosts = new TestHosts(context, 3);
  // Long enough that a machine which is busy otherwise does not change the order.
  const raft = { electionTimeoutMs: 600, heartbeatIntervalMs: 60 };
  for (const id of [1, 2, 3]) await hosts.open(id, { raft });
  const groups = Array.from({ length: 60 }, (_, at) => at + 1);
  for (const group of groups) for (const id of [1, 2, 3]) await hosts.openGroup(id, group);
  await until(() => hosts.sum('leads') === groups.length);
  const isInTurn = (group: number) => hosts.node(1 + ((3 - (group % 3)) % 3), group)?.isLeader;
  assert.ok(groups.filter(isInTurn).length > 40, `${groups.filter(isInTurn).length} of 60`);
});
