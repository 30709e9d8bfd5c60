import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Server, settle } from './testing.test.support.ts';

const cluster = (options = {}) =>
  [1, 2, 3].map((id) => new Server(id, [1, 2, 3], [], undefined, options));

test('three servers elect one leader, which replicates and commits on all (§5.2, §5.3)', () => {
  const servers = cluster({ noopOnElection: true });
  const [one] = servers as [Server, Server, Server];
  one.passDeadline();
  settle(servers);
  assert.equal(one.raft.isLeader, true);
  assert.deepEqual(
    servers.map(({ raft }) => raft.leaderId),
    [1, 1, 1],
  );

  one.propose(3);
  settle(servers);
  one.now += 100;
  one.step({ kind: 'timePassed' });
  settle(servers);
  assert.deepEqual(
    servers.map(({ raft }) => raft.status().appliedIndex),
    [4, 4, 4],
  );
});

test('a lone server elects itself once its own vote is durable, and commits what its disk has', () => {
  const alone = new Server(1, [1]);
  alone.passDeadline();
  assert.equal(alone.raft.isLeader, false, 'its vote is not durable yet');
  alone.finishWrites();
  assert.equal(alone.raft.isLeader, true);
  alone.propose();
  assert.equal(alone.raft.commitIndex, 0, 'its entry is not durable yet');
  alone.finishWrites();
  assert.equal(alone.raft.commitIndex, 1);
});
