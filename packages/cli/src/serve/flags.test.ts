import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandError } from '../failure.ts';
import { inFlagNames, settingsFrom } from './flags.ts';

test('flags become settings, lists are split, numbers are numbers', () => {
  const { config, warnings } = settingsFrom(
    {
      name: 'n1',
      'listen-client-urls': 'http://127.0.0.1:2379, http://[::1]:2379',
      'election-timeout': '1000',
    },
    {},
  );
  assert.deepEqual(config, {
    name: 'n1',
    listenClientUrls: ['http://127.0.0.1:2379', 'http://[::1]:2379'],
    electionTimeoutMs: 1000,
  });
  assert.deepEqual(warnings, []);
});

test('a variable counts where there is no flag; an empty one counts for nothing', () => {
  const environment = { ETCD_NAME: 'from-env', ETCD_DATA_DIR: '/data', ETCD_SNAPSHOT_COUNT: '' };
  assert.deepEqual(settingsFrom({ name: 'from-flag' }, environment).config, {
    name: 'from-flag',
    dataDir: '/data',
  });
});

test('a variable of etcd without effect here is mentioned', () => {
  const { warnings } = settingsFrom({}, { ETCD_QUOTA_BACKEND_BYTES: '8589934592', HOME: '/root' });
  assert.deepEqual(warnings, ['ETCD_QUOTA_BACKEND_BYTES is set and has no effect here']);
});

for (const variable of ['ETCD_CERT_FILE', 'ETCD_PEER_KEY_FILE', 'ETCD_CLIENT_CERT_AUTH']) {
  test(`${variable} is refused, because without it the data is less protected than asked`, () => {
    assert.throws(
      () => settingsFrom({}, { [variable]: 'true' }),
      (error) => error instanceof CommandError && error.code === 'QUORATE_UNSUPPORTED',
    );
    assert.doesNotThrow(() => settingsFrom({}, { [variable]: 'false' }));
  });
}

test('a start that is to make a new cluster is refused, and told what does', () => {
  const refused = (source: string) => (error: unknown) =>
    error instanceof CommandError &&
    error.code === 'QUORATE_UNSUPPORTED' &&
    error.message.startsWith(`${source} is set`) &&
    error.remedy.includes('quorate recover');
  const variable = 'ETCD_FORCE_NEW_CLUSTER';
  assert.throws(() => settingsFrom({}, { [variable]: 'true' }), refused(variable));
  const flags = { 'force-new-cluster': 'true' };
  assert.throws(() => settingsFrom(flags, {}), refused('--force-new-cluster'));
  assert.deepEqual(settingsFrom({ 'force-new-cluster': 'false' }, {}).config, {});
});

for (const value of ['1s', '-5', '1.5', '', '99999999999999999999']) {
  test(`'${value}' is no count`, () => {
    assert.throws(
      () => settingsFrom({ 'snapshot-count': value }, {}),
      (error) => error instanceof CommandError && error.message.includes('--snapshot-count'),
    );
  });
}

test("the server's complaints are worded with flags", () => {
  assert.equal(
    inFlagNames(
      'couldn\'t find local name "n1" in the initial cluster; set name or initialCluster',
    ),
    'couldn\'t find local name "n1" in the initial cluster; set --name or --initial-cluster',
  );
});
