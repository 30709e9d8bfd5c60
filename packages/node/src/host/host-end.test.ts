/** How a host ends: its groups are handed over, or its disk fails under all of them. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { bytes, temporaryDirectory, until } from '../cluster.test.support.ts';
import type { RaftError } from '../errors.ts';
import { type File, nodeFileSystem } from '../storage/file-system.ts';
import { TestHosts } from './hosts.test.support.ts';

const groupsUpTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

test('a host that is closed hands over all groups that it leads', async (context) => {
  // Long enough that nobody is elected because a leader is missed.
  const raft = { electionTimeoutMs: 2_000, heartbeatIntervalMs: 30 };
  const hosts = new TestHosts(context, 3, { raft });
  for (const id of [1, 2, 3]) await hosts.open(id);
  const groups = groupsUpTo(40);
  for (const group of groups) for (const id of [1, 2, 3]) await hosts.openGroup(id, group);
  await until(() => hosts.sum('leads') === groups.length);
  for (const group of groups) {
    const leader = hosts.leader(group);
    if (leader?.status().id !== 1) await leader?.transferLeadership(1);
  }
  await until(() => hosts.host(1).status().leads === groups.length);
  await until(() => hosts.sum('atRest') === 3 * groups.length);
  const termsBefore = groups.map((group) => hosts.node(2, group)?.status().term ?? 0);
  await hosts.host(1).close();
  hosts.hosts.delete(1);
  for (const [at, group] of groups.entries()) {
    assert.ok(hosts.leader(group) !== undefined, `group ${group} has a leader at once`);
    assert.equal(hosts.leader(group)?.status().term, (termsBefore[at] ?? 0) + 1);
  }
});

test('a lone host, and one whose others are gone, closes at once', async (context) => {
  const raft = { electionTimeoutMs: 100_000, heartbeatIntervalMs: 30 };
  const alone = new TestHosts(context, 1, { raft });
  await alone.openAll(5);
  await until(() => alone.sum('leads') === 5);
  await alone.host(1).close();
  await alone.host(1).close();
  assert.equal(await alone.host(1).ended, undefined);
});

/** Whatever is written below this directory from `fail` on is refused in this way. */
function failingDisk(context: TestContext, directory: string) {
  let failure: string | undefined;
  const check = (): void => {
    if (failure !== undefined) throw Object.assign(new Error(failure), { code: failure });
  };
  const open = nodeFileSystem.open.bind(nodeFileSystem);
  context.mock.method(nodeFileSystem, 'open', async (...[path, mode]: Parameters<typeof open>) => {
    const file = await open(path, mode);
    if (!path.startsWith(directory)) return file;
    const faulty: File = {
      path: file.path,
      writeSync: (...given) => {
        check();
        return file.writeSync(...given);
      },
      write: async (...given) => {
        check();
        return file.write(...given);
      },
      readSync: (...given) => file.readSync(...given),
      read: (...given) => file.read(...given),
      size: () => file.size(),
      sync: () => file.sync(),
      close: () => file.close(),
    };
    return faulty;
  });
  return (code: string | undefined): void => {
    failure = code;
  };
}

for (const [errno, expected] of [
  ['EIO', 'RAFT_DISK_FAILED'],
  ['ENOSPC', 'RAFT_DISK_FULL'],
] as const) {
  test(`a disk that fails under a host (${errno}): all its groups say so, others go on, nothing is lost`, async (context) => {
    const directories = await Promise.all([1, 2, 3].map(() => temporaryDirectory(context)));
    // No leader may take longer for an answer, or lose its lead, because a busy machine lets it wait.
    const raft = { electionTimeoutMs: 600, heartbeatIntervalMs: 60 };
    const hosts = new TestHosts(context, 3, { raft });
    const fail = failingDisk(context, directories[0] as string);
    const groups = groupsUpTo(12);
    const reopen = async (id: number) => {
      await hosts.open(id, { directory: directories[id - 1] });
      for (const group of groups) await hosts.openGroup(id, group);
    };
    for (const id of [1, 2, 3]) await reopen(id);
    const acknowledged = new Map(groups.map((group) => [group, [] as string[]]));
    const propose = async (id: number, group: number, name: string) => {
      await hosts.node(id, group)?.propose(bytes(name), { forward: true });
      acknowledged.get(group)?.push(name);
    };
    await Promise.all(groups.map((group) => propose(1, group, 'first')));

    const nodes = groups.map((group) => hosts.node(1, group));
    // Some are led by the host, and lead to a write; some follow, and have a call open.
    fail(errno);
    const open = groups.map((group) =>
      propose(1, group, 'second').then(
        () => undefined,
        (error: RaftError) => error,
      ),
    );
    assert.equal(((await hosts.host(1).ended) as RaftError).code, expected);
    for (const node of nodes) {
      assert.ok(node !== undefined);
      assert.equal(((await node.ended) as RaftError).code, expected);
      await assert.rejects(node.read(), { code: 'RAFT_CLOSED' });
    }
    for (const error of await Promise.all(open)) {
      // Acknowledged by the other two, or the caller knows that he does not know.
      if (error === undefined) continue;
      assert.ok(['RAFT_OUTCOME_UNKNOWN', 'RAFT_CLOSED'].includes(error.code), error.message);
      assert.ok(error.message.length > 0);
    }
    const closed = { code: 'RAFT_CLOSED' };
    await assert.rejects(hosts.host(1).openGroup(99), closed);
    await assert.rejects(hosts.host(1).removeGroup(1), closed);
    await Promise.all(groups.map((group) => propose(2, group, 'third')));

    fail(undefined);
    await reopen(1);
    for (const group of groups) {
      await hosts.node(1, group)?.read();
      const list = hosts.listOf(1, group);
      const lost = acknowledged.get(group)?.filter((name) => !list.includes(name));
      assert.deepEqual(lost, [], `group ${group}`);
      await propose(1, group, 'fourth');
    }
  });
}
