import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configurationOf } from './configuration/configuration.ts';
import { NO_LOG_READER } from './log/log-reader.ts';
import { Raft } from './raft.ts';
import { seededRandom } from './random.ts';
import { Server, settle, storedLog } from './testing.test.support.ts';
import type { LogIndex, NodeId, Term } from './types.ts';

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

test('a lone server waits for nobody before it leads', () => {
  assert.equal(new Server(1, [1]).raft.nextDeadline, 0);
  assert.ok(new Server(1, [1, 2]).raft.nextDeadline >= 1000);
});

test('what the state machine holds is known to be committed, also after a restart', () => {
  const raft = new Raft({
    id: 1 as NodeId,
    stored: storedLog([1, 2, 3], [1, 1, 1, 1], { term: 1, commitIndex: 1 }),
    appliedIndex: 3 as LogIndex,
    now: 0,
    random: seededRandom(1),
    reader: NO_LOG_READER,
  });
  assert.equal(raft.commitIndex, 3);
});

const configuration = (...voters: number[]) => configurationOf(voters);

/** A server whose log holds other configurations at indexes 2 and 4. */
function configuredServer(): Raft {
  const configurations = [
    { index: 2 as LogIndex, configuration: configuration(1, 2, 3, 4) },
    { index: 4 as LogIndex, configuration: configuration(1, 2, 3, 4, 5) },
  ];
  return new Raft({
    id: 1 as NodeId,
    stored: {
      ...storedLog([1, 2, 3], [1, 1, 1, 1, 1], { term: 1, commitIndex: 3 }),
      configurations,
    },
    appliedIndex: 3 as LogIndex,
    now: 0,
    random: seededRandom(1),
    reader: NO_LOG_READER,
  });
}

test('the configuration in the log is in force after a restart, committed or not (hazard 17)', () => {
  assert.deepEqual(configuredServer().status().configuration, configuration(1, 2, 3, 4, 5));
});

test('a snapshot at any index carries the configuration in force there (hazard 23)', () => {
  const raft = configuredServer();
  const voters = [1, 2, 3, 4, 5].map(
    (index) => raft.snapshotMetaAt(index as LogIndex).configuration.voters.length,
  );
  assert.deepEqual(voters, [3, 4, 4, 5, 5]);
});

test('a snapshot that an installed one has overtaken changes nothing (hazard 25)', () => {
  const server = new Server(1, [1, 2, 3]);
  const of = (index: number, ...voters: number[]) => ({
    index: index as LogIndex,
    term: 1 as Term,
    configuration: configuration(...voters),
  });
  const from = 2 as NodeId;
  server.receive({
    kind: 'installSnapshot',
    from,
    term: 1 as Term,
    snapshot: of(9, 1, 2),
  } as never);
  server.finishWrites();
  server.step({ kind: 'snapshotSaved', snapshot: of(4, 1, 2, 3), keepEntries: 0 });
  const { snapshotIndex, firstIndex, configuration: current } = server.raft.status();
  assert.deepEqual([snapshotIndex, firstIndex, current.voters], [9, 10, [1, 2]]);
});
