import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, FAST, TestCluster, text } from '../cluster.test.support.ts';
import { RaftNode } from '../raft-node.ts';
import type { CommittedCommands } from '../state-machine.ts';

const open = async () => {
  const peers = { 1: { host: '127.0.0.1', port: 0 } };
  const node = await RaftNode.open({
    id: 1,
    clusterId: 1,
    peers,
    directory: undefined,
    raft: FAST,
    transport: new (await import('../peers/memory-network.ts')).MemoryNetwork().join(1),
  });
  await new Promise<void>((resolve) => {
    node.onLeadership(({ isLeader }) => isLeader && resolve());
  });
  return node;
};

const contents = (batch: CommittedCommands) => [...batch].map(text);

test('a proposal resolves when the consumer has come back for more', async () => {
  await using node = await open();
  const batches = node.committed()[Symbol.asyncIterator]();
  let isResolved = false;
  const proposed = node.propose(bytes('a')).then(() => {
    isResolved = true;
  });
  const first = await batches.next();
  assert.deepEqual(contents(first.value as CommittedCommands), ['a']);
  await new Promise(setImmediate);
  assert.equal(isResolved, false);
  const second = batches.next();
  await proposed;
  node.start(bytes('b'));
  assert.deepEqual(contents((await second).value as CommittedCommands), ['b']);
});

test('a batch that was not finished is seen again', async () => {
  await using node = await open();
  const proposed = ['a', 'b', 'c'].map((name) => node.propose(bytes(name)));
  const seen: string[] = [];
  for await (const batch of node.committed()) {
    seen.push(...contents(batch));
    break;
  }
  assert.deepEqual(seen, ['a', 'b', 'c']);
  await assert.rejects(async () => {
    for await (const batch of node.committed()) {
      seen.push(...contents(batch));
      throw new Error('not applied either');
    }
  }, /not applied either/);
  node.start(bytes('end'));
  for await (const batch of node.committed()) {
    seen.push(...contents(batch));
    if (contents(batch).includes('end')) break;
  }
  assert.deepEqual(seen, ['a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c', 'end']);
  assert.deepEqual(await Promise.all(proposed), [undefined, undefined, undefined]);
});

test('a signal and the end of the node end the loop', async () => {
  const node = await open();
  const ending = new AbortController();
  const loop = (async () => {
    for await (const _ of node.committed({ signal: ending.signal }));
  })();
  ending.abort();
  await loop;

  const proposed = assert.rejects(node.propose(bytes('a')), { code: 'RAFT_OUTCOME_UNKNOWN' });
  const batches = node.committed()[Symbol.asyncIterator]();
  await batches.next();
  await node.close();
  await proposed;
  assert.equal((await batches.next()).done, true);
  assert.equal(await node.ended, undefined);
});

test('there is one consumer at a time, and none beside a state machine', async (context) => {
  await using node = await open();
  const first = node.committed()[Symbol.asyncIterator]();
  node.start(bytes('a'));
  await first.next();
  await assert.rejects(async () => {
    for await (const _ of node.committed());
  }, /has a consumer already/);

  const cluster = new TestCluster(context, 1);
  const other = await cluster.open(1);
  assert.throws(() => other.committed(), { code: 'RAFT_BAD_OPTION' });
});
