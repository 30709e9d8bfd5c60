import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EtcdServerConfig, resolveConfig } from './config.ts';
import type { EtcdServerError } from './errors.ts';

const THREE = 'n1=http://127.0.0.1:1,n2=http://127.0.0.1:2,n3=http://127.0.0.1:3';

test('nothing given: one member with etcd’s defaults', () => {
  const config = resolveConfig({});
  assert.equal(config.name, 'default');
  assert.equal(config.dataDir, 'default.etcd');
  assert.deepEqual(config.listenClients, [{ host: '127.0.0.1', port: 2379 }]);
  assert.deepEqual(config.listenPeers, { host: '127.0.0.1', port: 2380 });
  assert.deepEqual(config.advertiseClientUrls, ['http://localhost:2379']);
  assert.deepEqual(
    config.members.map(({ name, peerUrl }) => [name, peerUrl]),
    [['default', 'http://localhost:2380']],
  );
  assert.equal(config.heartbeatIntervalMs, 100);
  assert.equal(config.electionTimeoutMs, 1000);
  assert.equal(config.snapshotCount, 100_000);
  assert.equal(config.maxRequestBytes, 1_572_864);
});

test('every member derives the same ids from the same flags', () => {
  const of = (name: string, initialCluster: string, initialClusterToken = 'etcd-cluster') => {
    const initialAdvertisePeerUrls = [`http://127.0.0.1:${name.slice(1)}`];
    return resolveConfig({ name, initialCluster, initialClusterToken, initialAdvertisePeerUrls });
  };
  const first = of('n1', THREE);
  const second = of('n2', THREE.split(',').reverse().join(','));
  assert.equal(first.clusterId, second.clusterId);
  assert.deepEqual(
    first.members.map(({ id }) => id).sort(),
    second.members.map(({ id }) => id).sort(),
  );
  assert.equal(new Set(first.members.map(({ id }) => id)).size, 3);
  assert.ok(first.members.every(({ id }) => Number.isSafeInteger(id) && id > 0));

  const other = of('n1', THREE, 'another token');
  assert.notEqual(first.clusterId, other.clusterId);
  assert.notEqual(first.memberId, other.memberId);
});

const refused: readonly {
  readonly name: string;
  readonly config: EtcdServerConfig;
  readonly says: RegExp;
  readonly code?: string;
}[] = [
  {
    name: 'an unknown setting',
    config: { heartbeat: 3 } as EtcdServerConfig,
    says: /unknown setting 'heartbeat'/,
  },
  { name: 'an empty name', config: { name: '' }, says: /name ''/ },
  { name: 'a name with a comma', config: { name: 'a,b' }, says: /name 'a,b'/ },
  {
    name: 'a name that the cluster does not list',
    config: { name: 'n4', initialCluster: THREE },
    says: /couldn't find local name "n4".*n1, n2, n3/,
  },
  {
    name: 'a peer URL other than the cluster’s',
    config: {
      name: 'n1',
      initialCluster: THREE,
      initialAdvertisePeerUrls: ['http://127.0.0.1:9'],
    },
    says: /n1=http:\/\/127.0.0.1:1 but initialAdvertisePeerUrls is http:\/\/127.0.0.1:9/,
  },
  {
    name: 'a cluster without the default peer URL, when no other is given',
    config: { name: 'n1', initialCluster: THREE },
    says: /n1=http:\/\/127.0.0.1:1 but initialAdvertisePeerUrls is http:\/\/localhost:2380/,
  },
  {
    name: 'a URL listed for two members',
    config: { name: 'a', initialCluster: 'a=http://127.0.0.1:1,b=http://127.0.0.1:1' },
    says: /duplicate urls/,
  },
  {
    name: 'two URLs for a member',
    config: { name: 'a', initialCluster: 'a=http://127.0.0.1:1,a=http://127.0.0.1:2' },
    says: /more than one URL: 'a'/,
  },
  {
    name: 'a member without URL',
    config: { name: 'a', initialCluster: 'a=http://127.0.0.1:1,b' },
    says: /initialCluster has 'b'; write it as name=http/,
  },
  {
    name: 'client URLs that nobody is told',
    config: { listenClientUrls: ['http://127.0.0.1:0'] },
    says: /advertiseClientUrls is required/,
  },
  {
    name: 'no client URL',
    config: { listenClientUrls: [], advertiseClientUrls: ['http://127.0.0.1:1'] },
    says: /listenClientUrls must name at least one URL/,
  },
  {
    name: 'a host name to listen on',
    config: {
      listenClientUrls: ['http://example.org:1'],
      advertiseClientUrls: ['http://example.org:1'],
    },
    says: /expected IP in URL for binding \(http:\/\/example.org:1\)/,
  },
  {
    name: 'no URL at all',
    config: { listenPeerUrls: ['127.0.0.1:2380'] },
    says: /listenPeerUrls has '?127.0.0.1:2380/,
  },
  { name: 'no port', config: { listenPeerUrls: ['http://127.0.0.1'] }, says: /needs a port/ },
  {
    name: 'a path',
    config: { listenPeerUrls: ['http://127.0.0.1:1/here'] },
    says: /must not contain a path/,
  },
  {
    name: 'TLS',
    config: { listenPeerUrls: ['https://127.0.0.1:1'] },
    says: /TLS is not supported yet/,
    code: 'ETCD_CONFIG_UNSUPPORTED',
  },
  {
    name: 'two peer URLs',
    config: { listenPeerUrls: ['http://127.0.0.1:1', 'http://127.0.0.1:2'] },
    says: /listenPeerUrls names 2 URLs; give exactly one/,
    code: 'ETCD_CONFIG_UNSUPPORTED',
  },
  {
    name: 'an election shorter than five heartbeats',
    config: { heartbeatIntervalMs: 100, electionTimeoutMs: 499 },
    says: /electionTimeoutMs \(499\) should be at least 5 times heartbeatIntervalMs \(100\)/,
  },
  {
    name: 'a request that could never be passed on',
    config: { maxRequestBytes: 33_554_433 },
    says: /maxRequestBytes \(33554433\) is too large; set it to at most 33554432/,
  },
  {
    name: 'an election of more than 50 seconds',
    config: { electionTimeoutMs: 50_001 },
    says: /electionTimeoutMs \(50001\) is too long/,
  },
  {
    name: 'no heartbeats',
    config: { heartbeatIntervalMs: 0 },
    says: /heartbeatIntervalMs must be/,
  },
  { name: 'half a snapshot', config: { snapshotCount: 0.5 }, says: /snapshotCount must be/ },
  { name: 'no requests', config: { maxRequestBytes: -1 }, says: /maxRequestBytes must be/ },
  {
    name: 'a state that is none',
    config: { initialClusterState: 'old' as 'new' },
    says: /initialClusterState is 'old'/,
  },
];

for (const { name, config, says, code = 'ETCD_CONFIG_INVALID' } of refused) {
  test(`refused: ${name}`, () => {
    assert.throws(
      () => resolveConfig(config),
      (error: EtcdServerError) => {
        assert.match(error.message, says);
        assert.equal(error.code, code);
        return true;
      },
    );
  });
}
