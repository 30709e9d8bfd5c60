/** Two of three members are lost with their data: the third becomes a new cluster, from the command line. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MEMBER_LIST, RANGE, rangeRequest, STATUS } from '../client/api.ts';
import { keyRange } from '../client/keys.ts';
import { run } from './command.ts';
import { type Member, TestCluster } from './member.ts';
import { numberedRecords, Workload } from './workload.ts';

async function valuesOf(member: Member): Promise<Map<string, string>> {
  const { kvs } = await member.ask(RANGE, rangeRequest(keyRange('', 'prefix')));
  return new Map(
    kvs.map(({ key, value }) => [Buffer.from(key).toString(), Buffer.from(value).toString()]),
  );
}

/** A digest for each file; not of the one in which LMDB counts readers. */
function contentOf(directory: string): Record<string, string> {
  const names = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'lock.mdb')
    .map(({ parentPath, name }) => join(parentPath, name));
  const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
  return Object.fromEntries(names.map((path) => [path, digest(path)]));
}

/** Ascending. Of two servers the one with the smaller id calls, and so hears that it is refused. */
async function byId(members: readonly Member[]): Promise<readonly Member[]> {
  const answers = await Promise.all(members.map((member) => member.ask(STATUS, {})));
  const idOf = (member: Member) => answers[members.indexOf(member)]?.header?.memberId ?? 0n;
  return [...members].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
}

test('recover: a dry run, then a new cluster with everything acknowledged; old members are refused', async () => {
  await using cluster = await TestCluster.start(3, ['--snapshot-count=200']);
  const workload = await Workload.start(cluster.endpoints, numberedRecords('k'), {
    concurrency: 16,
  });
  await workload.untilAcknowledged(600);
  await workload.stop();
  const [stray, lost, survivor] = (await byId(cluster.members)) as [Member, Member, Member];
  const before = await survivor.ask(RANGE, rangeRequest(keyRange('', 'prefix')));
  const directory = survivor.address.directory;
  const recover = (...flags: readonly string[]) =>
    run(['recover', directory, '--new-cluster-id', '4711', ...flags]);
  const running = await recover('--yes', '--json');
  assert.equal(JSON.parse(running.stderr).error.code, 'RAFT_DIRECTORY_LOCKED');

  await cluster.endAll('SIGKILL');
  rmSync(lost.address.directory, { recursive: true });
  const untouched = contentOf(directory);

  const part = await run(['recover', join(directory, 'raft'), '--new-cluster-id', '4711']);
  assert.match(part.stderr, /QUORATE_USAGE\]; name .*n\d\n$/);
  const dry = await run(['recover', directory, '--new-cluster-id', '4711'], { diskIsFull: true });
  assert.equal(dry.status, 0, dry.stderr);
  assert.match(dry.stdout, /^Nothing was changed/);
  assert.match(dry.stdout, /left out +n\d \(\d+\), n\d \(\d+\)/);
  assert.match(dry.stdout, /takes in no other members/);
  assert.match(dry.stdout, /must stay off, wiped or not/);
  assert.deepEqual(contentOf(directory), untouched);

  const done = await recover('--yes', '--json');
  assert.equal(done.status, 0, done.stderr);
  const report = JSON.parse(done.stdout);
  assert.equal(report.isRecovered, true);
  assert.equal(report.newClusterId, 4711);
  assert.equal(report.leftOut.length, 2);
  assert.ok(report.lastEntry.index >= 600 && report.mayBeLostAfter === report.lastEntry.index);
  const again = await recover('--yes');
  assert.match(again.stderr, /RAFT_RECOVERY_REFUSED/);

  // With the flags it had.
  await survivor.start();
  const answer = await survivor.ask(RANGE, rangeRequest(keyRange('', 'prefix')));
  assert.equal(answer.header?.clusterId, 4711n);
  assert.equal(answer.header?.memberId, before.header?.memberId);
  assert.deepEqual(answer.kvs, before.kvs);
  const { members } = await survivor.ask(MEMBER_LIST, { linearizable: true });
  assert.deepEqual(
    members.map(({ name }) => name),
    [survivor.name],
  );
  const values = await valuesOf(survivor);
  for (const [key, value] of workload.acknowledged) assert.equal(values.get(key), value);

  const more = await Workload.start([survivor.endpoint], numberedRecords('after'), {
    concurrency: 4,
  });
  await more.untilAcknowledged(50);
  // An old member comes back with its data, and finds nobody to talk to.
  await stray.start();
  await stray.process.waitFor(/clusters differ/);
  await more.untilAcknowledged(more.acknowledged.size + 50);
  await more.stop();
  assert.equal((await survivor.ask(STATUS, {})).header?.clusterId, 4711n);
  assert.equal((await valuesOf(survivor)).size, values.size + more.acknowledged.size);
});

test('recover: a directory without a server, and an id that is none', async () => {
  await using cluster = await TestCluster.prepare(1);
  const nothing = await run(['recover', cluster.directory, '--new-cluster-id', '1']);
  assert.match(nothing.stderr, /RAFT_WRONG_DIRECTORY/);
  const ended = await run(['recover', cluster.directory, '--new-cluster-id', '0']);
  assert.deepEqual([ended.status, ended.stdout], [1, '']);
  assert.match(ended.stderr, /QUORATE_USAGE/);
});
