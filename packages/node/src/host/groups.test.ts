import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '@quorate/core';
import type { GroupReceiver, IncomingSnapshot, Peers, Transport } from '../peers/transport.ts';
import { Groups } from './groups.ts';

const PEER = 2 as NodeId;
const BEGUN = [1, 2] as NodeId[];

/** Two groups of a host, what they and the watch heard, and what was said to the other host. */
async function setUp() {
  const heard: string[] = [];
  const said: unknown[] = [];
  const transport = {
    open: async () => {},
    setPeers: () => {},
    say: (_: NodeId, word: unknown) => said.push(word),
    flush: () => {},
    connectedPeers: () => [PEER],
    close: async () => {},
  } as unknown as Transport;
  const groups = new Groups(transport);
  await groups.open(
    {
      heard: () => heard.push('watch: alive'),
      connected: () => heard.push('watch: connected'),
      lost: () => heard.push('watch: lost'),
      isGone: () => false,
    },
    { addresses: new Map([[PEER, undefined]]) } as Partial<Peers> as Peers,
  );
  for (const group of [7, 8]) {
    await groups.portOf(group, BEGUN).open({
      received: ({ kind }) => heard.push(`${group}: ${kind}`),
      unreachable: () => heard.push(`${group}: unreachable`),
      reachable: () => heard.push(`${group}: reachable`),
      mismatched: ({ code }) => heard.push(`${group}: ${code}`),
    } as Partial<GroupReceiver> as GroupReceiver);
  }
  const asked = said.splice(0);
  for (const group of [7, 8]) groups.heard(PEER, { kind: 'groupBegun', group, voters: BEGUN });
  heard.length = 0;
  return { groups, heard, said, asked };
}

const message = { kind: 'timeoutNow', from: PEER, to: 1, term: 1 } as never;

test('a message goes to its group, and one for none is answered', async () => {
  const { groups, heard, said } = await setUp();
  groups.received(message, 8);
  groups.received(message, 9);
  assert.deepEqual(heard, ['watch: alive', '8: timeoutNow', 'watch: alive']);
  assert.deepEqual(said, [{ kind: 'groupAbsent', group: 9 }]);
});

test('what is absent or overflows concerns one group, a host that is gone all of them', async () => {
  const { groups, heard } = await setUp();
  groups.heard(PEER, { kind: 'groupAbsent', group: 7 });
  groups.overflowing(PEER, 8);
  assert.deepEqual(heard, ['watch: alive', '7: unreachable', '8: unreachable']);
  heard.length = 0;
  groups.hostGone(PEER);
  groups.hostBack(PEER);
  const all = ['7: unreachable', '8: unreachable', '7: reachable', '8: reachable'];
  assert.deepEqual(heard, all);
});

test('a group that is closed says so, except when the whole host closes', async () => {
  const { groups, said } = await setUp();
  groups.leave(7);
  assert.deepEqual(said, [{ kind: 'groupAbsent', group: 7 }]);
  await groups.close();
  groups.leave(8);
  assert.equal(said.length, 1);
});

test('a host is asked with whom a group began until it answers, and not heard before', async () => {
  const { groups, heard, said, asked } = await setUp();
  const question = (group: number) => ({ kind: 'groupOpened', group, voters: BEGUN });
  assert.deepEqual(asked, [question(7), question(8)]);
  await groups.portOf(9, BEGUN).open({
    received: ({ kind }) => heard.push(`9: ${kind}`),
    unreachable: () => {},
    reachable: () => {},
  } as Partial<GroupReceiver> as GroupReceiver);
  groups.received(message, 9);
  groups.hostBack(PEER);
  groups.heard(PEER, { kind: 'groupAbsent', group: 9 });
  groups.received(message, 9);
  assert.deepEqual(said, [question(9), question(9), question(9), question(9)]);
  groups.heard(PEER, { kind: 'groupBegun', group: 9, voters: BEGUN });
  groups.received(message, 9);
  const ofNine = () => heard.filter((line) => line.startsWith('9'));
  assert.deepEqual(ofNine(), ['9: timeoutNow']);
  assert.equal(said.length, 4, 'nothing more is asked');

  // One that is to be added has nothing to compare, and answers all the same.
  await groups.portOf(10, []).open({
    reachable: () => heard.push('10: reachable'),
  } as Partial<GroupReceiver> as GroupReceiver);
  groups.heard(PEER, { kind: 'groupOpened', group: 10, voters: BEGUN });
  assert.deepEqual(said.slice(4), [{ kind: 'groupBegun', group: 10, voters: [] }]);
  assert.equal(heard.at(-1), '10: reachable');
});

test('who began a group with other voters is told and not heard, until it says something else', async () => {
  const { groups, heard, said } = await setUp();
  const opened = (voters: number[]) =>
    groups.heard(PEER, { kind: 'groupOpened', group: 8, voters: voters as NodeId[] });
  opened([2, 3]);
  opened([2, 3]);
  groups.received(message, 8);
  groups.received(message, 7);
  const ofGroups = () => heard.filter((line) => !line.startsWith('watch'));
  assert.deepEqual(ofGroups(), ['8: RAFT_GROUP_MISMATCH', '7: timeoutNow']);
  const answer = { kind: 'groupBegun', group: 8, voters: BEGUN };
  assert.deepEqual(said, [answer, answer]);
  const incoming = { from: PEER } as IncomingSnapshot;
  await assert.rejects(groups.receivedSnapshot(8, incoming), /no group 8/);

  groups.heard(PEER, { kind: 'groupAbsent', group: 8 });
  opened([2, 3]);
  assert.equal(heard.at(-1), '8: RAFT_GROUP_MISMATCH', 'closed there, and begun wrongly again');
  opened([1, 2]);
  groups.received(message, 8);
  assert.equal(heard.at(-1), '8: timeoutNow');
});
