/** What bad input gets from `quorate serve`: one line with a code and a remedy, status 1, nothing lost. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Ended, run } from './command.ts';
import { type Member, serveArguments, TestCluster } from './member.ts';
import { assertReplicasHold } from './replicas.ts';
import { numberedRecords, Workload } from './workload.ts';

/** Exactly one line of complaint, after whatever was logged. */
function assertRefused(ended: Ended, code: string, ...words: readonly (string | RegExp)[]): void {
  assert.equal(ended.status, 1, ended.stderr);
  const complaints = ended.stderr.split('\n').filter((line) => line.startsWith('quorate: '));
  assert.equal(complaints.length, 1, ended.stderr);
  const line = complaints[0]!;
  assert.match(line, new RegExp(`\\[${code}\\]`));
  for (const word of words) {
    assert.ok(typeof word === 'string' ? line.includes(word) : word.test(line), line);
  }
}

const CLIENTS = [
  '--listen-client-urls=http://127.0.0.1:1',
  '--advertise-client-urls=http://127.0.0.1:1',
];

const USAGE: readonly {
  readonly name: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly code: string;
  readonly words: readonly string[];
}[] = [
  {
    name: 'an unknown flag, and which was meant',
    args: ['--data-dirr', 'x'],
    code: 'QUORATE_USAGE',
    words: ["'--data-dirr'", 'did you mean --data-dir?'],
  },
  {
    name: 'a flag without its value',
    args: ['--name'],
    code: 'QUORATE_USAGE',
    words: ['--name', 'missing'],
  },
  {
    name: 'a number that is none',
    args: ['--heartbeat-interval', '1s'],
    code: 'QUORATE_USAGE',
    words: ['--heartbeat-interval', "'1s'"],
  },
  {
    name: 'the same in a variable',
    args: [],
    environment: { ETCD_ELECTION_TIMEOUT: 'soon' },
    code: 'QUORATE_USAGE',
    words: ['ETCD_ELECTION_TIMEOUT', "'soon'"],
  },
  {
    name: 'times that contradict each other',
    args: ['--heartbeat-interval=500', '--election-timeout=1000'],
    code: 'ETCD_CONFIG_INVALID',
    words: ['--heartbeat-interval', '--election-timeout', '5 times'],
  },
  {
    name: 'a cluster without this member',
    args: ['--name=n1', '--initial-cluster=n2=http://127.0.0.1:1'],
    code: 'ETCD_CONFIG_INVALID',
    words: ['"n1"', 'set --name or --initial-cluster'],
  },
  {
    name: 'TLS for clients',
    args: ['--listen-client-urls=https://127.0.0.1:1', '--advertise-client-urls=http://a:1'],
    code: 'ETCD_CONFIG_UNSUPPORTED',
    words: ['--listen-client-urls', 'TLS'],
  },
  {
    name: 'a certificate in the environment, which must not be ignored',
    args: [],
    environment: { ETCD_CERT_FILE: '/etc/etcd/server.crt' },
    code: 'QUORATE_UNSUPPORTED',
    words: ['ETCD_CERT_FILE', 'unset it'],
  },
  {
    name: 'an argument that is no flag',
    args: ['start'],
    code: 'QUORATE_USAGE',
    words: ['too many arguments'],
  },
];

for (const { name, args, environment, code, words } of USAGE) {
  test(`serve refuses ${name}`, async () => {
    assertRefused(
      await run(['serve', ...args], { environment: environment ?? {} }),
      code,
      ...words,
    );
  });
}

test('a flag wins over the variable, and one dash is as good as two', async () => {
  const ended = await run(['serve', '-name', 'n1', '-initial-cluster=n2=http://h:1', ...CLIENTS], {
    environment: { ETCD_NAME: 'n2' },
  });
  assertRefused(ended, 'ETCD_CONFIG_INVALID', '"n1"');
});

test('a port in use is named, for clients and for peers', async () => {
  await using cluster = await TestCluster.prepare(1);
  const [member] = cluster.members as [Member];
  for (const port of [member.address.clientPort, member.address.peerPort]) {
    const holder = await listen(port);
    const ended = await member.startAndEnd();
    assertRefused(ended, 'ETCD_PORT_IN_USE', String(port));
    assert.doesNotMatch(ended.stderr, /No address added/, 'grpc-js has nothing to add');
    await new Promise((resolve) => holder.close(resolve));
  }
  await member.start();
});

test('a data directory that another process has open is refused, and the owner goes on', async () => {
  await using cluster = await TestCluster.start(1);
  await using second = await TestCluster.prepare(1);
  const [owner] = cluster.members as [Member];
  const [intruder] = second.members as [Member];
  // The same member, on other ports for clients: only the lock is in its way.
  const args = serveArguments(owner.address, [owner.address])
    .map((arg) => arg.replaceAll(`:${owner.address.clientPort}`, `:${intruder.address.clientPort}`))
    .map((arg) =>
      arg.startsWith('--listen-peer-urls')
        ? `--listen-peer-urls=http://127.0.0.1:${intruder.address.peerPort}`
        : arg,
    );
  assertRefused(
    await run(args),
    '(ETCD_DATA_DIR_UNUSABLE|RAFT_DIRECTORY_LOCKED)',
    owner.address.directory,
  );
  assert.equal((await put(owner)).status, 0);
});

test('a data directory of another cluster is refused and not touched', async () => {
  await using cluster = await TestCluster.start(1);
  const [member] = cluster.members as [Member];
  await put(member);
  await member.end('SIGTERM');
  const args = serveArguments(member.address, [member.address]);
  const ended = await run([...args, '--initial-cluster-token=another']);
  assertRefused(ended, '(ETCD_DATA_DIR_MISMATCH|RAFT_WRONG_DIRECTORY)', member.address.directory);
  await member.start();
  assert.equal((await get(member)).stdout, 'greeting\nhello\n');
});

test('a byte flipped in the middle of the log is found: file and offset, no start', async () => {
  await using cluster = await TestCluster.start(1);
  const [member] = cluster.members as [Member];
  const workload = await Workload.start(cluster.endpoints, numberedRecords('k'), {
    concurrency: 8,
  });
  await workload.untilAcknowledged(1000);
  await workload.stop();
  await member.end('SIGKILL');

  const file = logFile(member.address.directory);
  const bytes = readFileSync(file);
  // Somewhere in a record that was acknowledged long before the last one.
  const offset = bytes.indexOf('value of 100');
  assert.ok(offset > 0);
  bytes[offset]! ^= 0x01;
  writeFileSync(file, bytes);

  const ended = await member.startAndEnd();
  assertRefused(ended, '(ETCD_DATA_DIR_UNUSABLE|RAFT_STORAGE_CORRUPT)', file, /\b\d{3,}\b/);

  bytes[offset]! ^= 0x01;
  writeFileSync(file, bytes);
  await member.start();
  await assertReplicasHold(cluster.members, workload.acknowledged, { exact: false });
});

test('garbage, HTTP and silence at the peer port harm nobody', async () => {
  await using cluster = await TestCluster.start(3);
  const leader = await cluster.leader();
  const sent = [
    Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    Buffer.alloc(100_000, 0xff),
    Buffer.from([0xff, 0xff, 0xff, 0x7f, 1, 2, 3]),
    Buffer.alloc(0),
  ];
  for (const bytes of sent) {
    for (const { address } of cluster.members) await speak(address.peerPort, bytes);
  }
  assert.equal((await put(leader)).status, 0);
  for (const member of cluster.members) {
    assert.equal((await get(member)).stdout, 'greeting\nhello\n');
    assert.ok(member.process.isRunning);
  }
});

const put = (member: Member) => run(['put', 'greeting', 'hello', '--endpoints', member.endpoint]);
const get = (member: Member) => run(['get', 'greeting', '--endpoints', member.endpoint]);

/** The largest file outside the store: the log is the only one that grows with each write. */
function logFile(directory: string): string {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes('value of 100') && !path.includes('.mdb'));
  assert.equal(files.length, 1, `one log file: ${files.join(', ')}`);
  return files[0]!;
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

/** Sends, ends, and waits until the other side has had enough. */
function speak(port: number, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve()).once('close', () => resolve());
    socket.resume().end(bytes);
  });
}
