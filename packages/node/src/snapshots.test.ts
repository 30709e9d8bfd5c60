import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogIndex } from '@quorate/core';
import type { StorageIdentity } from './api.ts';
import {
  bytes,
  FAST,
  freeAddress,
  type ListMachine,
  listMachine,
  TestCluster,
  temporaryDirectory,
  until,
} from './cluster.test.support.ts';
import { LogBook } from './log-book.test.support.ts';
import type { RaftNode } from './raft-node.ts';
import type { StateMachine } from './state-machine.ts';
import { memoryStorage } from './storage/memory-storage.ts';

const names = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => `command ${from + at}`);

const proposeAll = (node: RaftNode<number>, commands: readonly string[]) =>
  Promise.all(commands.map((command) => node.propose(bytes(command))));

test('an in-memory machine gets its snapshot back after a restart, and the log behind it', async (context) => {
  const directory = await temporaryDirectory(context);
  const cluster = new TestCluster(context, 1, { directory, snapshotEntries: 100, keepEntries: 10 });
  const node = await cluster.open(1);
  await cluster.leader();
  await proposeAll(node, names(250));
  await until(() => node.status().snapshotIndex >= 100);
  await proposeAll(node, names(5, 250));
  assert.ok(node.status().firstIndex > 1);
  await cluster.shut(node);

  const again = await cluster.open(1);
  assert.ok((cluster.machines.get(1)?.state.length ?? 0) >= 99);
  assert.deepEqual(await cluster.listOf(again), names(255));
  // It may be taking a snapshot; the directory goes first.
  await cluster.close();
});

test('a machine that is used again begins anew, and two nodes cannot share one', async (context) => {
  const directory = await temporaryDirectory(context);
  const cluster = new TestCluster(context, 1, { directory });
  const machine = listMachine();
  const node = await cluster.open(1, { machine });
  await cluster.leader();
  await proposeAll(node, names(5));
  const other = new TestCluster(context, 1, { machine });
  await assert.rejects(other.open(1), { code: 'RAFT_BAD_OPTION', message: /of another node/ });
  await cluster.shut(node);
  const again = await cluster.open(1, { machine });
  await cluster.leader();
  await again.read();
  assert.deepEqual(machine.state, names(5));
});

test('a machine that does not take its snapshot back is named, and its log left alone', async (context) => {
  const directory = await temporaryDirectory(context);
  const cluster = new TestCluster(context, 1, { directory, snapshotEntries: 50, keepEntries: 0 });
  const node = await cluster.open(1);
  await cluster.leader();
  await proposeAll(node, names(60));
  await until(() => node.status().firstIndex > 50);
  await cluster.shut(node);
  const restore = () => Promise.reject(new SyntaxError('unexpected end'));
  await assert.rejects(cluster.open(1, { machine: Object.assign(listMachine(), { restore }) }), {
    code: 'RAFT_MACHINE_FAILED',
    message: /restore\(\) threw \(unexpected end\); mend it and start again/,
  });
  const mended = await cluster.open(1);
  assert.deepEqual(await cluster.listOf(mended), names(60));
});

test('a follower that is far behind gets a snapshot, in memory and over TCP', async (context) => {
  const peers: Record<number, { host: string; port: number }> = {};
  for (const id of [1, 2, 3]) peers[id] = await freeAddress();
  for (const common of [{}, { peers }]) {
    const cluster = new TestCluster(context, 3, {
      ...common,
      snapshotEntries: 50,
      keepEntries: 0,
    });
    await cluster.open(1);
    await cluster.open(2);
    const leader = await cluster.leader();
    await proposeAll(leader, names(120));
    await until(() => leader.status().firstIndex > 50);

    const late = await cluster.open(3);
    assert.deepEqual(await cluster.listOf(late), names(120));
    assert.ok(late.status().snapshotIndex >= 50);
    assert.equal(await leader.propose(bytes('more')), 121);
    assert.equal((await cluster.listOf(late)).length, 121);
    await cluster.close();
  }
});

test('the fate of a command that a snapshot skips is unknown', async (context) => {
  const cluster = new TestCluster(context, 3, { snapshotEntries: 50, keepEntries: 0 });
  await cluster.openAll();
  const old = await cluster.leader();
  const { id } = old.status();
  cluster.network.isolate(id);
  const skipped = assert.rejects(old.propose(bytes('skipped')), { code: 'RAFT_OUTCOME_UNKNOWN' });
  const leader = await cluster.leader([1, 2, 3].filter((other) => other !== id));
  await proposeAll(leader, names(60));
  await until(() => leader.status().firstIndex > 50);
  cluster.network.healAll();
  await skipped;
  assert.deepEqual(await cluster.listOf(old), names(60));
});

test('what was installed from a leader is found again after a restart', async (context) => {
  const directory = await temporaryDirectory(context);
  const cluster = new TestCluster(context, 3, { snapshotEntries: 50, keepEntries: 0 });
  await cluster.open(1);
  await cluster.open(2);
  const leader = await cluster.leader();
  await proposeAll(leader, names(60));
  await until(() => leader.status().firstIndex > 50);
  const late = await cluster.open(3, { directory });
  await cluster.listOf(late);
  await cluster.shut(late);

  const again = await cluster.open(3, { directory });
  assert.ok((cluster.machines.get(3)?.state.length ?? 0) >= 49);
  assert.deepEqual(await cluster.listOf(again), names(60));
  await cluster.close();
});

/** Keeps what it has applied over a restart, as a machine with a disk of its own does. */
class OnDiskMachine implements StateMachine<number> {
  readonly list: ListMachine = listMachine();
  syncs = 0;
  #appliedIndex = 0 as LogIndex;

  open = () => Promise.resolve(this.#appliedIndex);
  snapshot = () => this.list.snapshot();
  async restore(index: LogIndex, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    await this.list.restore(index, chunks);
    this.#appliedIndex = index;
  }
  apply(batches: Parameters<StateMachine<number>['apply']>[0]) {
    this.#appliedIndex = batches.at(-1)?.lastIndex ?? this.#appliedIndex;
    return this.list.apply(batches);
  }
  sync(): Promise<LogIndex> {
    this.syncs += 1;
    return Promise.resolve(this.#appliedIndex);
  }
}

test('an on-disk machine is only synced, and is replayed only what it lacks', async (context) => {
  const directory = await temporaryDirectory(context);
  const machine = new OnDiskMachine();
  const common = { directory, machine, snapshotEntries: 50, keepEntries: 0 };
  const cluster = new TestCluster(context, 1, common);
  const node = await cluster.open(1);
  await cluster.leader();
  await proposeAll(node, names(60));
  await until(() => node.status().firstIndex > 50);
  await proposeAll(node, names(5, 60));
  await cluster.shut(node);

  const again = await cluster.open(1);
  await again.read();
  assert.deepEqual(machine.list.state, names(65));
  assert.equal(machine.syncs, 1);
});

test('an on-disk machine gives its present state to a follower in need', async (context) => {
  const machines = new Map([1, 2, 3].map((id) => [id, new OnDiskMachine()]));
  const cluster = new TestCluster(context, 3, { snapshotEntries: 50, keepEntries: 0 });
  const open = (id: number) => cluster.open(id, { machine: machines.get(id) as OnDiskMachine });
  await open(1);
  await open(2);
  const leader = await cluster.leader();
  await proposeAll(leader, names(60));
  await until(() => leader.status().firstIndex > 50);
  const late = await open(3);
  await late.read();
  assert.deepEqual(machines.get(3)?.list.state, names(60));
});

test('a machine that lost its data does not start on a log without a beginning', async (context) => {
  const directory = await temporaryDirectory(context);
  const common = { directory, snapshotEntries: 50, keepEntries: 0 };
  const cluster = new TestCluster(context, 1, common);
  const node = await cluster.open(1, { machine: new OnDiskMachine() });
  await cluster.leader();
  await proposeAll(node, names(60));
  await until(() => node.status().firstIndex > 50);
  await cluster.shut(node);
  await assert.rejects(cluster.open(1, { machine: new OnDiskMachine() }), {
    code: 'RAFT_STORAGE_CORRUPT',
    message: /the state machine stands at 0, but the log begins behind 50/,
  });
});

test('the state goes on while its snapshot is drawn', async (context) => {
  const directory = await temporaryDirectory(context);
  const inner = listMachine();
  let release = (): void => {};
  const drawn = new Promise<void>((resolve) => {
    release = resolve;
  });
  const machine: StateMachine<number> = {
    open: () => inner.open(),
    apply: (batches) => inner.apply(batches),
    restore: (index, chunks) => inner.restore(index, chunks),
    async *snapshot() {
      const state = inner.snapshot();
      await drawn;
      yield* state;
    },
  };
  const common = { directory, machine, snapshotEntries: 50, keepEntries: 0 };
  const cluster = new TestCluster(context, 1, { ...common, raft: FAST });
  const node = await cluster.open(1);
  await cluster.leader();
  await proposeAll(node, names(60));
  await proposeAll(node, names(10, 60));
  const before = inner.state.length;
  release();
  await until(() => node.status().snapshotIndex > 0);
  assert.equal(before, 70);
  await cluster.shut(node);
  const again = await cluster.open(1);
  await again.read();
  assert.deepEqual(inner.state, names(70));
  await cluster.close();
});

test('a snapshot that cannot be stored lets go of the state, and a later one is taken', async (context) => {
  const inner = listMachine();
  let drawn = 0;
  let isLetGo = false;
  const machine: StateMachine<number> = {
    open: () => inner.open(),
    apply: (batches) => inner.apply(batches),
    restore: (index, chunks) => inner.restore(index, chunks),
    async *snapshot() {
      drawn += 1;
      try {
        yield* inner.snapshot();
      } finally {
        isLetGo = true;
      }
    },
  };
  const storage = async (identity: StorageIdentity) => {
    const whole = memoryStorage(identity);
    const create = whole.snapshots.create.bind(whole.snapshots);
    whole.snapshots.create = async (snapshot) => {
      if (drawn === 1) throw new Error('no room');
      return create(snapshot);
    };
    return whole;
  };
  const book = new LogBook();
  const common = { machine, storage, log: book.write, snapshotEntries: 50 };
  const cluster = new TestCluster(context, 1, common);
  const node = await cluster.open(1);
  await cluster.leader();
  await proposeAll(node, names(60));
  await book.find(/snapshot failed.*no room/);
  assert.ok(isLetGo);
  await proposeAll(node, names(60));
  await until(() => node.status().snapshotIndex > 0);
});
