import assert from 'node:assert/strict';
import { test } from 'node:test';
import { payloadOf, Server, settle } from './testing.test.support.ts';

const VOTERS = [1, 2, 3];

/** Three servers, the first of which leads and has committed; the news of a commit waits for a heartbeat. */
function cluster(options = {}): [Server, Server, Server] {
  const all = { noopOnElection: true, commitNoticeDelayMs: 100, ...options };
  const servers = VOTERS.map((id) => new Server(id, VOTERS, [], undefined, all));
  servers[0]!.passDeadline();
  settle(servers);
  servers[0]!.passDeadline();
  settle(servers);
  return servers as [Server, Server, Server];
}

const commits = (servers: readonly Server[]) => servers.map(({ raft }) => raft.commitIndex);

test('where a client waits for what it passed on, the commit is known at once; elsewhere with the heartbeat', () => {
  const servers = cluster();
  const [leader, second] = servers;
  assert.deepEqual(commits(servers), [1, 1, 1]);
  second.step({ kind: 'forwardRequested', id: 1, payload: payloadOf(1) });
  settle(servers);
  assert.deepEqual(commits(servers), [2, 2, 1]);
  leader.propose();
  settle(servers);
  assert.deepEqual(commits(servers), [3, 2, 2], 'nobody there waits for this one');
  leader.passDeadline();
  settle(servers);
  assert.deepEqual(commits(servers), [3, 3, 3]);
});

test('where a read was answered under a lease, what it must see is known at once', () => {
  const servers = cluster({ leaseReads: true });
  const [leader, , third] = servers;
  leader.propose();
  settle(servers);
  assert.deepEqual(commits(servers), [2, 1, 1]);
  third.step({ kind: 'readRequested', id: 1 });
  settle(servers);
  assert.deepEqual(third.reads, [{ kind: 'ready', id: 1, readIndex: 2 }]);
  assert.deepEqual(commits(servers), [2, 1, 2]);
});

test('a commit that is waited for and whose news was lost comes with the next heartbeat', () => {
  const servers = cluster();
  const [leader, second] = servers;
  second.step({ kind: 'forwardRequested', id: 1, payload: payloadOf(1) });
  settle(
    servers,
    (message) => message.to === 2 && message.kind === 'appendEntries' && message.leaderCommit === 2,
  );
  assert.deepEqual(commits(servers), [2, 1, 1]);
  leader.passDeadline();
  settle(servers);
  assert.deepEqual(commits(servers), [2, 2, 2]);
});
