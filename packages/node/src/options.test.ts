import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RaftNodeOptions } from './api.ts';
import { listMachine } from './cluster.test.support.ts';
import { RaftHost } from './host/raft-host.ts';
import { checkOptions } from './options.ts';
import { MemoryNetwork } from './peers/memory-network.ts';
import { RaftNode } from './raft-node.ts';
import { examineRecovery, recoverCluster } from './recovery/recover-cluster.ts';

test('options that cannot be right are refused by name', async () => {
  const good = { id: 1, clusterId: 1, directory: undefined, machine: listMachine() };
  const peers = { 1: { host: '127.0.0.1', port: 0 } };
  const bad: readonly [Partial<RaftNodeOptions<number>>, RegExp][] = [
    [{ id: 0 }, /id is 0/],
    [{ id: '1' as never }, /id is '1'/],
    [{ peers: undefined as never }, /does not list server 1/],
    [{ peers: { ...peers, 2: '10.0.0.2:2380' as never } }, /the host of peer 2 is undefined/],
    [{ peers: { ...peers, 2: null as never } }, /the host of peer 2 is undefined/],
    [{ peers: { ...peers, 2: { host: '', port: 2380 } } }, /the host of peer 2 is ''/],
    [{ peers: { ...peers, 2: { host: 'a', port: 65_536 } } }, /the port of peer 2 is 65536/],
    [{ directory: 5 as never }, /directory is 5/],
    [{ machine: {} as never }, /the machine has no open\(\)/],
    [{ id: 2 }, /does not list server 2/],
    [{ clusterId: Number.NaN }, /clusterId is NaN/],
    [{ directory: '' }, /directory is empty/],
    [{ snapshotEntries: 0 }, /snapshotEntries is 0/],
    [{ maxCommandBytes: 33_554_433 }, /maxCommandBytes is 33554433; .* at most 33554432/],
    [{ raft: { electionTimeoutMs: 50 } }, /electionTimeoutMs \(50\)/],
    [
      { snapshotEntires: 5 } as never,
      /has no option snapshotEntires; did you mean snapshotEntries/,
    ],
    [{ colour: 'red' } as never, /has no option colour; there are id, /],
    [{ join: 'yes' as never }, /join is 'yes'; give a boolean/],
    [{ log: console as never }, /log is a \w+; give a function/],
    [{ transport: null as never }, /transport is null/],
    [{ raft: 5 as never }, /the options of raft are 5/],
    [{ raft: { electionTimeout: 5 } as never }, /raft has no option .* mean electionTimeoutMs/],
    [{ raft: { leaseReads: 'yes' as never } }, /leaseReads must be a boolean, got yes/],
    [{ raft: { heartbeatIntervalMs: '5' as never } }, /heartbeatIntervalMs must be a number/],
    [{ raft: { priorities: { 0: 1 } } }, /priorities names a server 0/],
    [{ raft: { priorities: { 2: 1.5 } } }, /the priority of server 2 .* got 1.5/],
    [{ raft: { priorities: { 2: -1 } } }, /the priority of server 2 .* got -1/],
    [{ sessions: { timeOutMs: 5 } as never }, /sessions has no option .* mean timeoutMs/],
    [{ sessions: { encodeResult: 'json' as never } }, /sessions.encodeResult is 'json'/],
  ];
  for (const [options, message] of bad) {
    const all = { ...good, peers, ...options };
    const opened = RaftNode.open<number>(all);
    await assert.rejects(opened, { code: 'RAFT_BAD_OPTION', message });
  }
});

test('no options at all are refused by name too', async () => {
  for (const [open, message] of [
    [RaftNode.open, /the options of RaftNode.open are undefined/],
    [RaftHost.open, /the options of RaftHost.open are undefined/],
    [examineRecovery, /the options of examineRecovery are undefined/],
    [recoverCluster, /the options of recoverCluster are undefined/],
  ] as const) {
    const opened = (open as () => Promise<unknown>).call(undefined);
    await assert.rejects(opened, { code: 'RAFT_BAD_OPTION', message });
  }
});

test('options that are undefined are the defaults', () => {
  const peers = { 1: { host: '127.0.0.1', port: 0 } };
  const raft = { heartbeatIntervalMs: undefined, leaseReads: undefined } as never;
  const sessions = { timeoutMs: undefined, encodeResult: undefined } as never;
  const all = { id: 1, clusterId: 1, directory: undefined, peers };
  const { encodeResult, ...some } = checkOptions({ ...all, raft, sessions }).sessions;
  assert.equal(typeof encodeResult, 'function');
  const { encodeResult: _, ...same } = checkOptions(all).sessions;
  assert.deepEqual(some, same);
  assert.deepEqual(checkOptions({ ...all, raft }).raft, checkOptions(all).raft);
});

test('a preferred server that takes no part is warned of', async (context) => {
  const warnings: unknown[] = [];
  const node = await RaftNode.open({
    ...{ id: 1, clusterId: 1, directory: undefined, machine: listMachine() },
    peers: { 1: { host: '127.0.0.1', port: 0 } },
    raft: { priorities: { 1: 5, 11: 10 } },
    log: (level, message, facts) => level === 'warn' && warnings.push([message, facts]),
  });
  context.after(() => node.close());
  assert.deepEqual(warnings, [['priorities names a server that takes no part', { server: 11 }]]);
});

test('a host and its groups know their options', async (context) => {
  const peers = { 1: { host: '127.0.0.1', port: 0 } };
  const good = { id: 1, clusterId: 1, directory: undefined, peers };
  await assert.rejects(RaftHost.open({ ...good, machine: listMachine() } as never), {
    code: 'RAFT_BAD_OPTION',
    message: /RaftHost.open has no option machine/,
  });
  await assert.rejects(RaftHost.open({ ...good, raft: { priorities: { 1: 1, 2: 5 } } }), {
    code: 'RAFT_BAD_OPTION',
    message: /priorities names 2, which is no host/,
  });
  const host = await RaftHost.open({ ...good, transport: new MemoryNetwork().join(1) });
  context.after(() => host.close());
  await assert.rejects(host.openGroup(1, { voter: [1] } as never), {
    code: 'RAFT_BAD_OPTION',
    message: /openGroup has no option voter; did you mean voters/,
  });
  const group = await host.openGroup(1, { machine: listMachine() });
  const misspelt = group.read({ maxStalenessMs: 5, ifOlder: 'never' as never });
  await assert.rejects(misspelt, { code: 'RAFT_BAD_OPTION', message: /ifOlder is never/ });
  await assert.rejects(group.read({ ifOlder: 'fail' }), { code: 'RAFT_BAD_OPTION' });
});

test('a machine that cannot be started says which call threw', async () => {
  const peers = { 1: { host: '127.0.0.1', port: 0 } };
  const cause = new Error('no such table');
  const fails = () => Promise.reject(cause);
  const common = { id: 1, clusterId: 1, directory: undefined, peers };
  const noIndex = () => Promise.resolve(undefined as never);
  for (const [machine, message] of [
    [Object.assign(listMachine(), { open: fails }), /open\(\) threw \(no such table\); mend it/],
    [
      Object.assign(listMachine(), { open: noIndex }),
      /open\(\) answered undefined, which is no index/,
    ],
  ] as const) {
    const opened = RaftNode.open({ ...common, machine });
    await assert.rejects(opened, { code: 'RAFT_MACHINE_FAILED', message });
  }
});
