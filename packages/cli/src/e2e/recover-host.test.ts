/** A host with many groups, recovered from the command line: the numbers first, then all of it. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inMemoryMachine, RaftHost } from '@quorate/node';
import { run } from './command.ts';

const machine = () =>
  inMemoryMachine({ initial: () => 0, apply: (sum) => ({ state: sum + 1, result: sum + 1 }) });
const peers = { 1: { host: '127.0.0.1', port: 0 } };

test('recover: a host’s groups in a summary, those that were named, all with --json', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-host-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const host = await RaftHost.open({ id: 1, clusterId: 7, peers, directory });
  for (let group = 1; group <= 30; group += 1) {
    const node = await host.openGroup(group, { machine: machine() });
    if (group === 30) await node.propose(Uint8Array.of(1), { forward: true });
  }
  await host.close();
  const recover = (...flags: readonly string[]) =>
    run(['recover', directory, '--new-cluster-id', '99', ...flags]);

  const dry = await run(['recover', directory, '--new-cluster-id', '99'], { diskIsFull: true });
  assert.equal(dry.status, 0, dry.stderr);
  assert.match(dry.stdout, /^Nothing was changed/);
  assert.match(dry.stdout, /holds host 1 of cluster 7\n +groups +30 get this host/);
  assert.match(dry.stdout, /and 10 more; --json has all/);
  const some = await recover('--groups', '1-3,30', '--json');
  const { groups, untouched, isRecovered } = JSON.parse(some.stdout);
  assert.deepEqual(
    groups.map(({ group }: { readonly group: number }) => group),
    [1, 2, 3, 30],
  );
  assert.deepEqual([untouched.length, isRecovered], [26, false]);
  const wrong = await recover('--groups', '3-1');
  assert.match(wrong.stderr, /QUORATE_USAGE/);
  const missing = await recover('--groups', '31');
  assert.match(missing.stderr, /RAFT_RECOVERY_REFUSED/);

  const done = await recover('--yes');
  assert.match(done.stdout, /^The new cluster is made/, done.stderr);
  const old = RaftHost.open({ id: 1, clusterId: 7, peers, directory });
  await assert.rejects(old, { code: 'RAFT_WRONG_DIRECTORY' });
  await using recovered = await RaftHost.open({ id: 1, clusterId: 99, peers, directory });
  assert.equal(recovered.storedGroups().length, 30);
  const node = await recovered.openGroup(30, { machine: machine() });
  assert.equal(await node.propose(Uint8Array.of(2), { forward: true }), 2);
});

test('recover: groups that were left aside come into the cluster that is there', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-host-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const two = { ...peers, 2: { host: '127.0.0.1', port: 1 } };
  const host = await RaftHost.open({ id: 1, clusterId: 7, peers: two, directory });
  for (const group of [1, 2]) await host.openGroup(group, { machine: machine() });
  await host.close();
  const recover = (...flags: readonly string[]) =>
    run(['recover', directory, '--new-cluster-id', '99', ...flags, '--yes']);
  const first = await recover('--groups', '1');
  assert.match(first.stdout, /groups +1 gets this host as only voter; 1 stays as before\n/);
  assert.match(first.stdout, /keep their members, who cannot come back: 2\n/);
  const second = await recover('--groups', '2');
  assert.match(second.stdout, /^The groups are recovered/, second.stderr);
  assert.match(second.stdout, /stay as they are: 1\n\nThey come into cluster 99, /);
  const third = await recover('--groups', '2');
  assert.match(third.stderr, /no member that was left out.*RAFT_RECOVERY_REFUSED/);
  await using recovered = await RaftHost.open({ id: 1, clusterId: 99, peers: two, directory });
  const node = await recovered.openGroup(2, { machine: machine() });
  assert.equal(await node.propose(Uint8Array.of(1), { forward: true }), 1);
});
