/** `put`, `get`, `del`, `status`, `load` and `wal dump` as a person or a program meets them. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Ended, type RunOptions, run } from './command.ts';
import { type Member, TestCluster } from './member.ts';

describe('the commands', () => {
  let cluster: TestCluster;
  let member: Member;

  const quorate = (args: readonly string[], options: RunOptions = {}): Promise<Ended> =>
    run(args, { environment: { ETCDCTL_ENDPOINTS: member.endpoint }, ...options });

  async function prints(args: readonly string[], stdout: string, options?: RunOptions) {
    const ended = await quorate(args, options);
    assert.deepEqual([ended.status, ended.stdout], [0, stdout], ended.stderr);
  }

  before(async () => {
    cluster = await TestCluster.start(1);
    member = cluster.members[0]!;
    for (const key of ['a', 'b/1', 'b/2', 'c']) await prints(['put', key, `v ${key}`], 'OK\n');
  });

  after(() => cluster[Symbol.asyncDispose]());

  test('get: one key, a prefix, from a key on, and parts of the answer', async () => {
    await prints(['get', 'a'], 'a\nv a\n');
    await prints(['get', '--prefix', 'b/'], 'b/1\nv b/1\nb/2\nv b/2\n');
    await prints(['get', '--from-key', 'b/2', '--keys-only'], 'b/2\n\nc\n\n');
    await prints(['get', '--prefix', '', '--count-only'], '4\n');
    await prints(['get', '--prefix', '', '--limit', '1', '--print-value-only'], 'v a\n');
    await prints(['get', 'c', '--rev', '4'], '');
    await prints(['get', 'c', '--serializable'], 'c\nv c\n');
  });

  test('flags that several commands share may also come first, as with etcdctl', async () => {
    const elsewhere = { environment: { ETCDCTL_ENDPOINTS: '127.0.0.1:1' } };
    await prints(['--endpoints', member.endpoint, 'get', 'a'], 'a\nv a\n', elsewhere);
    const { stdout } = await quorate(['--json', '--command-timeout=4000', 'get', 'a']);
    assert.equal(JSON.parse(stdout).count, 1);
    const both = ['--endpoints=127.0.0.1:1', 'get', 'a', '--endpoints', member.endpoint];
    await prints(both, 'a\nv a\n');
    const dump = await quorate(['--json', 'wal', 'dump', member.address.directory]);
    assert.equal(JSON.parse(dump.stdout.split('\n')[0]!).kind, 'segment');
    const stray = await quorate(['--endpoints', 'x', 'wal', 'dump', member.address.directory]);
    assert.match(stray.stderr, /'dump' does not know --endpoints \[QUORATE_USAGE\]/);
  });

  test('get for a program: numbers, text, and base64 where it is no text', async () => {
    const { stdout } = await quorate(['get', 'b/1', '--json']);
    const { header, ...answer } = JSON.parse(stdout);
    assert.equal(header.revision, 5);
    assert.deepEqual(answer, {
      kvs: [
        {
          key: 'b/1',
          value: 'v b/1',
          createRevision: 3,
          modRevision: 3,
          version: 1,
          lease: '0',
        },
      ],
      count: 1,
      more: false,
    });
  });

  test('a key that is not there: nothing on stdout, a remark for a person', async () => {
    const ended = await quorate(['get', 'nothing']);
    assert.deepEqual([ended.status, ended.stdout, ended.stderr], [0, '', 'no such key\n']);
  });

  test('put reads stdin when there is no value; del says how many there were', async () => {
    await prints(['put', 'd/1'], 'OK\n', {
      input: 'two\nlines',
      environment: { ETCDCTL_ENDPOINTS: member.endpoint },
    });
    await prints(['get', 'd/1', '--print-value-only'], 'two\nlines\n');
    await prints(['del', '--prefix', 'd/'], '1\n');
    await prints(['del', 'd/1'], '0\n');
    const { stdout } = await quorate(['del', 'd/1', '--json']);
    assert.equal(JSON.parse(stdout).deleted, 0);
  });

  test("what the server refuses is said in the server's words, with status 1", async () => {
    const ended = await quorate(['put', '', 'x']);
    assert.equal(ended.status, 1);
    assert.match(ended.stderr, /^quorate: .*key is not provided.*\[QUORATE_REFUSED\]/);
    const future = await quorate(['get', 'a', '--rev', '1000', '--json']);
    assert.equal(future.status, 1);
    assert.equal(JSON.parse(future.stderr).error.code, 'QUORATE_REFUSED');
  });

  test('status: who leads, for a person and for a program', async () => {
    const { stdout } = await quorate(['status']);
    assert.match(stdout, /^name +endpoint +state +term +commit +applied/);
    assert.match(stdout, new RegExp(`^n1 +${member.endpoint} +leader +\\d+ +\\d+ +\\d+`, 'm'));
    const json = JSON.parse((await quorate(['status', '--json'])).stdout);
    assert.deepEqual(
      json.members.map(({ name, state }: { name: string; state: string }) => [name, state]),
      [['n1', 'leader']],
    );
  });

  test('load: every line is there, and the account has each of them', async () => {
    const [file, account] = ['records.jsonl', 'account.jsonl'].map((name) =>
      join(cluster.directory, name),
    ) as [string, string];
    const lines = Array.from({ length: 300 }, (_, i) => ({ key: `load/${i}`, value: { i } }));
    writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'));
    const ended = await quorate(['load', file, '--acknowledged', account, '--json']);
    assert.equal(ended.status, 0, ended.stderr);
    const { acknowledged, refused } = JSON.parse(ended.stdout);
    assert.deepEqual([acknowledged, refused], [300, 0]);
    assert.equal(readFileSync(account, 'utf8').trim().split('\n').length, 300);
    await prints(['get', '--prefix', 'load/', '--count-only'], '300\n');
    await prints(['get', 'load/7', '--print-value-only'], '{"i":7}\n');
  });

  test('load: a record that the server refuses is named, and the others are there', async () => {
    const file = join(cluster.directory, 'large.jsonl');
    const large = { key: 'large/1', value: 'x'.repeat(2_000_000) };
    const small = { key: 'large/2', value: 'x' };
    writeFileSync(file, `${JSON.stringify(large)}\n${JSON.stringify(small)}\n`);
    const ended = await quorate(['load', file]);
    assert.equal(ended.status, 1);
    assert.match(ended.stderr, /1 records were refused, the last one large\/1: .*too large/);
    await prints(['get', '--prefix', 'large/', '--keys-only'], 'large/2\n\n');
  });

  test('load: nobody there is said at once', async () => {
    const ended = await quorate(['load', '--cities', '--endpoints', '127.0.0.1:1']);
    assert.equal(ended.status, 1);
    assert.match(ended.stderr, /^quorate: .*\[QUORATE_UNREACHABLE\]/);
  });

  test('load: what contradicts itself is refused before anything is sent', async () => {
    for (const args of [[], ['x', '--cities'], ['x', '--limit', '1']]) {
      const ended = await quorate(['load', ...args]);
      assert.equal(ended.status, 1);
      assert.match(ended.stderr, /\[QUORATE_USAGE\]/);
    }
  });

  test('wal dump: the log of a running server, record by record', async () => {
    const { stdout, status } = await quorate(['wal', 'dump', member.address.directory]);
    assert.equal(status, 0);
    assert.match(stdout, /\.log: segment 1 from record 1/);
    assert.match(stdout, /record \d+, \d+ bytes: term \d+, vote \d+, commit \d+, commands 2 /);
    const json = await quorate(['wal', 'dump', member.address.directory, '--json']);
    const kinds = json.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).kind);
    assert.deepEqual([kinds[0], kinds[1]], ['segment', 'record']);
  });

  test('wal dump of what is no data directory', async () => {
    for (const directory of [join(cluster.directory, 'nothing'), cluster.directory]) {
      const ended = await quorate(['wal', 'dump', directory]);
      assert.equal(ended.status, 1);
      assert.match(ended.stderr, /^quorate: .*\[QUORATE_FILE\]; name the data directory/);
    }
  });
});
