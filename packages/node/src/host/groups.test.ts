import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '@quorate/core';
import type { GroupReceiver, Peers, Transport } from '../peers/transport.ts';
import { Groups } from './groups.ts';

const PEER = 2 as NodeId;

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
    },
    {} as Peers,
  );
  for (const group of [7, 8]) {
    await groups.portOf(group).open({
      received: ({ kind }) => heard.push(`${group}: ${kind}`),
      unreachable: () => heard.push(`${group}: unreachable`),
      reachable: () => heard.push(`${group}: reachable`),
    } as Partial<GroupReceiver> as GroupReceiver);
  }
  return { groups, heard, said };
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
