import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Metadata } from '@grpc/grpc-js';
import { Etcd3 } from 'etcd3';
import { TestCluster } from './cluster.test.support.ts';
import { RawClient } from './differential/raw-client.ts';
import { freePort } from './differential/real-etcd.ts';
import {
  bytes,
  compact,
  getOp,
  hashKv,
  memberList,
  put,
  putOp,
  range,
  status,
  txn,
} from './differential/requests.ts';
import type { EtcdServerError, EtcdServerErrorCode } from './errors.ts';
import { EtcdServer } from './server.ts';

const text = (value: Uint8Array): string => Buffer.from(value).toString();

async function valueAt(cluster: TestCluster, at: number, key: string): Promise<string | undefined> {
  const { kvs } = await cluster.call(at, range({ key: bytes(key) }));
  return kvs[0] && text(kvs[0].value);
}

test('three members: any of them writes, and any of them reads what was written', async (context) => {
  const cluster = await TestCluster.start(context, 3);
  for (const writer of [0, 1, 2]) {
    const answer = await cluster.call(writer, put({ key: bytes('k'), value: bytes(`${writer}`) }));
    for (const reader of [0, 1, 2]) {
      assert.equal(await valueAt(cluster, reader, 'k'), `${writer}`);
    }
    assert.equal(answer.header?.revision, BigInt(writer + 2));
  }

  const writes = { success: [putOp({ key: bytes('t'), value: bytes('txn') })] };
  for (const at of [0, 1, 2]) await cluster.call(at, txn(writes));
  const reads = { success: [getOp({ key: bytes('t') })] };
  for (const at of [0, 1, 2]) {
    const { responses } = await cluster.call(at, txn(reads));
    const response = responses[0]?.response;
    assert.equal(response?.$case, 'responseRange');
    assert.equal(response.value.kvs[0]?.version, 3n);
  }

  const hashes = await Promise.all([0, 1, 2].map((at) => cluster.call(at, hashKv({}))));
  assert.equal(new Set(hashes.map(({ hash }) => hash)).size, 1);
});

test('every member knows the others’ names and URLs, and who leads', async (context) => {
  const cluster = await TestCluster.start(context, 3);
  await Promise.all(cluster.servers.map((server) => server.ready));
  for (const at of [0, 1, 2]) {
    // The attributes are in the log; a linearizable read waits until they are applied here.
    await cluster.call(at, range({ key: bytes('k') }));
    const { members, header } = await cluster.call(at, memberList());
    assert.equal(header?.revision, 0n);
    const sorted = [...members].sort((a, b) => a.name.localeCompare(b.name));
    for (const [other, member] of sorted.entries()) {
      const { name, advertiseClientUrls, initialAdvertisePeerUrls } = cluster.configOf(other);
      assert.equal(member.name, name);
      assert.deepEqual(member.clientURLs, advertiseClientUrls);
      assert.deepEqual(member.peerURLs, initialAdvertisePeerUrls);
      assert.equal(member.isLearner, false);
    }
    const answer = await cluster.call(at, status());
    assert.equal(answer.leader, BigInt(cluster.servers[cluster.leader()]!.memberId));
    assert.equal(answer.header?.memberId, BigInt(cluster.servers[at]!.memberId));
    assert.equal(answer.version, '3.4.23');
    assert.deepEqual(answer.errors, []);
    assert.ok(answer.dbSize >= answer.dbSizeInUse && answer.dbSizeInUse > 0n);
    assert.ok(answer.raftAppliedIndex > 0n && answer.raftAppliedIndex <= answer.raftIndex);
  }
});

test('the leader stops, and writes go on; it comes back, and has what it missed', async (context) => {
  const cluster = await TestCluster.start(context, 3);
  await cluster.call(0, put({ key: bytes('before'), value: bytes('1') }));
  const leader = cluster.leader();
  const other = (leader + 1) % 3;
  await cluster.stop(leader);
  // Waits for the new leader instead of failing.
  await cluster.call(other, put({ key: bytes('between'), value: bytes('2') }));
  await cluster.open(leader);
  assert.equal(await valueAt(cluster, leader, 'before'), '1');
  assert.equal(await valueAt(cluster, leader, 'between'), '2');
});

test('everything stops, and everything is there again', async (context) => {
  const cluster = await TestCluster.start(context, 3);
  for (let n = 0; n < 20; n++) {
    await cluster.call(n % 3, put({ key: bytes(`k${n}`), value: bytes(`${n}`) }));
  }
  await cluster.call(1, compact({ revision: 10n, physical: true }));
  const before = await cluster.call(2, hashKv({}));
  await Promise.all([0, 1, 2].map((at) => cluster.stop(at)));
  await Promise.all([0, 1, 2].map((at) => cluster.open(at)));
  for (const at of [0, 1, 2]) {
    assert.equal(await valueAt(cluster, at, 'k19'), '19');
    const after = await cluster.call(at, hashKv({}));
    assert.equal(after.hash, before.hash);
    assert.equal(after.compactRevision, 10n);
    await assert.rejects(
      cluster.call(at, range({ key: bytes('k1'), revision: 9n })),
      /11: etcdserver: mvcc: required revision has been compacted/,
    );
  }
});

test('a member that was away too long gets a snapshot, member list included', async (context) => {
  const cluster = await TestCluster.start(context, 3);
  await Promise.all(cluster.servers.map((server) => server.ready));
  const away = (cluster.leader() + 1) % 3;
  await cluster.stop(away);
  await Promise.all([0, 1, 2].filter((at) => at !== away).map((at) => cluster.stop(at)));
  const present = [0, 1, 2].filter((at) => at !== away);
  const firstIndexes = new Map<number, number>();
  const openAt = (at: number) =>
    cluster.open(at, {
      snapshotCount: 20,
      trace: (event) => {
        if (event.kind === 'compacted') firstIndexes.set(at, event.firstIndex);
      },
    });
  await Promise.all(present.map(openAt));
  const writer = present[0]!;
  const puts = Array.from({ length: 200 }, (_, n) => put({ key: bytes(`${n}`) }));
  await Promise.all(puts.map((step) => cluster.call(writer, step)));
  // The log goes only behind snapshots that are durable, which is some time after the writes.
  const isGone = (at: number) => (firstIndexes.get(at) ?? 0) > puts.length / 2;
  while (!present.every(isGone)) await cluster.call(writer, put({ key: bytes('more') }));
  const expected = await cluster.call(writer, hashKv({}));
  const events = new Set<string>();
  await cluster.open(away, { trace: ({ kind }) => events.add(kind) });
  await cluster.call(away, range({ key: bytes('99') }));
  const actual = await cluster.call(away, hashKv({}));
  assert.equal(actual.hash, expected.hash);
  assert.ok(events.has('snapshotInstalled'));
  const { members } = await cluster.call(away, memberList());
  assert.deepEqual(members.map(({ name }) => name).sort(), ['n1', 'n2', 'n3']);
});

test('without a quorum: own state is readable, the rest waits or is refused', async (context) => {
  const cluster = await TestCluster.start(context, 3);
  await cluster.call(0, put({ key: bytes('k'), value: bytes('v') }));
  const last = cluster.leader();
  const client = new RawClient(cluster.endpoint(last));
  context.after(() => client.close());
  await cluster.call(last, range({ key: bytes('k') }));
  await Promise.all([0, 1, 2].filter((at) => at !== last).map((at) => cluster.stop(at)));

  const local = await cluster.call(last, range({ key: bytes('k'), serializable: true }));
  assert.equal(local.kvs.length, 1);
  const readOnly = { success: [getOp({ key: bytes('k'), serializable: true })] };
  assert.equal((await cluster.call(last, txn(readOnly))).succeeded, true);

  // A leader steps down when it has missed the others for an election timeout.
  let own = await cluster.call(last, status());
  while (own.leader !== 0n) own = await cluster.call(last, status());
  assert.deepEqual(own.errors, ['etcdserver: no leader']);

  const requireLeader = new Metadata();
  requireLeader.set('hasleader', 'true');
  const { path, bytes: request } = range({ key: bytes('k') });
  const refused = await client.call(path, request, requireLeader);
  assert.equal(`${refused.code}: ${refused.details}`, '14: etcdserver: no leader');

  const waiting = cluster.call(last, put({ key: bytes('k'), value: bytes('w') }));
  await cluster.open((last + 1) % 3);
  await waiting;
  assert.equal(await valueAt(cluster, last, 'k'), 'w');
});

test('what waits when the server stops is told so', async (context) => {
  const cluster = await TestCluster.start(context, 3);
  const last = cluster.leader();
  const { length: others } = await Promise.all(
    [0, 1, 2].filter((at) => at !== last).map((at) => cluster.stop(at)),
  );
  assert.equal(others, 2);
  const waiting = cluster.call(last, put({ key: bytes('k') }));
  const outcome = assert.rejects(waiting, /14: etcdserver: server stopped/);
  await cluster.call(last, range({ key: bytes('k'), serializable: true }));
  await cluster.stop(last);
  await outcome;
});

test('the etcd3 client works against any member', async (context) => {
  const cluster = await TestCluster.start(context, 3);
  for (const at of [0, 1, 2]) {
    const client = new Etcd3({ hosts: cluster.endpoint(at) });
    try {
      await client.put(`from/${at}`).value('hello');
      assert.equal(await client.get(`from/${at}`).string(), 'hello');
      const { succeeded } = await client
        .if(`from/${at}`, 'Version', '==', 1)
        .then(client.put('changed').value(`${at}`))
        .else(client.get('changed'))
        .commit();
      assert.equal(succeeded, true);
      assert.equal((await client.getAll().prefix('from/').keys()).length, at + 1);
    } finally {
      client.close();
    }
  }
  const client = new Etcd3({ hosts: [0, 1, 2].map((at) => cluster.endpoint(at)) });
  context.after(() => client.close());
  const { deleted } = await client.delete().prefix('from/');
  assert.equal(deleted, '3');
});

async function alone(context: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'quorate-etcd-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  const peer = `http://127.0.0.1:${await freePort()}`;
  const config = {
    name: 'n1',
    dataDir: join(directory, 'n1'),
    listenClientUrls: ['http://127.0.0.1:0'],
    advertiseClientUrls: ['http://127.0.0.1:2379'],
    listenPeerUrls: [peer],
    initialAdvertisePeerUrls: [peer],
    initialCluster: `n1=${peer}`,
  };
  const refuses = async (
    settings: Partial<typeof config> & { initialClusterState?: 'existing' },
    code: EtcdServerErrorCode,
    says: RegExp,
  ) => {
    await assert.rejects(EtcdServer.open({ ...config, ...settings }), (error: EtcdServerError) => {
      assert.equal(error.code, code, error.message);
      assert.match(error.message, says);
      return true;
    });
  };
  return { config, peer, refuses };
}

test('a client port in use is told, and nothing stays open', async (context) => {
  const { config, refuses } = await alone(context);
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  context.after(() => other.close());
  const { port } = other.address() as { port: number };
  const taken = [`http://127.0.0.1:${port}`];
  const says = new RegExp(`127.0.0.1:${port}: address already in use`);
  await refuses({ listenClientUrls: taken }, 'ETCD_PORT_IN_USE', says);
  await (await EtcdServer.open(config)).close();
});

test('a peer port in use is told', async (context) => {
  const { config, peer, refuses } = await alone(context);
  const other = createServer().listen(Number(new URL(peer).port), '127.0.0.1');
  await once(other, 'listening');
  await refuses({}, 'ETCD_PORT_IN_USE', new RegExp(new URL(peer).port));
  await new Promise((resolve) => other.close(resolve));
  await (await EtcdServer.open(config)).close();
});

test('a data directory that is none is told', async (context) => {
  const { config, refuses } = await alone(context);
  await writeFile(config.dataDir, 'a file');
  await refuses({}, 'ETCD_DATA_DIR_UNUSABLE', /n1: EEXIST.*make it a directory/);
});

test('data of etcd’s own is left alone', async (context) => {
  const { config, refuses } = await alone(context);
  await mkdir(join(config.dataDir, 'member', 'wal'), { recursive: true });
  await refuses({}, 'ETCD_DATA_DIR_MISMATCH', /member holds data of etcd's own.*; give it a/);
  assert.deepEqual(await readdir(config.dataDir), ['member']);
});

test('a data directory is its member’s alone', async (context) => {
  const { config, refuses } = await alone(context);
  await refuses(
    { initialClusterState: 'existing' },
    'ETCD_CONFIG_UNSUPPORTED',
    /not supported yet/,
  );
  const server = await EtcdServer.open(config);
  const peer = `http://127.0.0.1:${await freePort()}`;
  const elsewhere = { listenPeerUrls: [peer] };
  await refuses(elsewhere, 'ETCD_DATA_DIR_UNUSABLE', /another process|locked|in use/);
  await server.close();

  const moved = { initialAdvertisePeerUrls: [peer], initialCluster: `n1=${peer}`, ...elsewhere };
  await refuses(moved, 'ETCD_DATA_DIR_MISMATCH', /cluster/);
  const again = await EtcdServer.open({ ...config, initialClusterState: 'existing' });
  await again.close();
  await again.stopped;
});
