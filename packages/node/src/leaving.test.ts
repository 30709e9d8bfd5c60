import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, code, FAST, TestCluster, text, untilStatus } from './cluster.test.support.ts';
import { MemoryNetwork } from './peers/memory-network.ts';
import { RaftNode } from './raft-node.ts';

test('whoever reads the log of a server that is removed gets all of it, and then hears why no more', async (context) => {
  const network = new MemoryNetwork();
  const peers: Record<number, { host: string; port: number }> = {};
  for (const id of [1, 2, 3]) peers[id] = { host: '127.0.0.1', port: 0 };
  const common = { clusterId: 1, peers, directory: undefined, raft: FAST };
  const open = (id: number) => RaftNode.open({ ...common, id, transport: network.join(id) });
  const nodes = await Promise.all([1, 2, 3].map(open));
  context.after(() => Promise.all(nodes.map((node) => node.close())));
  const seen = nodes.map(() => [] as string[]);
  const read = async (at: number): Promise<void> => {
    for await (const batch of nodes[at]!.committed()) seen[at]!.push(...[...batch].map(text));
  };
  const reading = nodes.map((_, at) => read(at));
  await nodes[0]!.propose(bytes('a'), { forward: true });
  const leader = nodes.find(({ isLeader }) => isLeader)!;
  const at = nodes.findIndex(({ isLeader }) => !isLeader);
  const leaves = nodes[at]!;
  const { id } = leaves.status();
  await leader.changeMembership({ voters: [1, 2, 3].filter((other) => other !== id) });
  await assert.rejects(reading[at]!, code('RAFT_REMOVED'));
  assert.deepEqual(seen[at], ['a']);
  const anew = leaves.committed()[Symbol.asyncIterator]().next();
  await assert.rejects(anew, code('RAFT_REMOVED'));
  await leaves.close();
});

test('a removal that is not committed is no removal yet, and may be undone', async (context) => {
  const cluster = new TestCluster(context, 3, { raft: { ...FAST, leaseReads: false } });
  await cluster.openAll();
  const leader = await cluster.leader();
  const { id } = leader.status();
  const others = [1, 2, 3].filter((other) => other !== id);
  cluster.network.isolate(id);
  const change = leader.changeMembership({ voters: others });
  const lost = assert.rejects(change, code('RAFT_PROPOSAL_LOST'));
  await untilStatus(leader, ({ membership }) => !membership.isCommitted);
  assert.equal(leader.status().membership.standing, 'leaving');
  const next = await cluster.leader(others);
  await next.propose(bytes('a'));
  cluster.network.healAll();
  await lost;
  assert.equal(leader.status().membership.standing, 'voter');
});
