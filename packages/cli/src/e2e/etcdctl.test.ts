/**
 * Debian's etcdctl against `quorate dev`, and against Debian's etcd: the same commands, the same
 * words, the same status. @quorate/etcd compares every field of the API; this is what a person sees.
 */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RunningCommand } from './command.ts';
import { freeDevPort, freePort } from './ports.ts';

const COMMANDS: readonly (readonly string[])[] = [
  ['put', 'greeting', 'hello'],
  ['get', 'greeting'],
  ['get', 'nothing'],
  ['put', 'greeting', 'good day', '--prev-kv'],
  ['put', 'a/1', 'one'],
  ['put', 'a/2', 'zwei · 二'],
  ['put', 'b', ''],
  ['get', 'a/', '--prefix'],
  ['get', 'a/', '--prefix', '--keys-only', '--limit=1'],
  ['get', '', '--prefix', '--order=DESCEND', '--sort-by=MODIFY'],
  ['get', 'greeting', '--rev=2'],
  ['get', 'greeting', '--rev=100'],
  ['get', 'a/1', 'a/9', '--print-value-only', '--consistency=s'],
  ['get', 'greeting', '-w', 'fields'],
  ['del', 'a/', '--prefix', '--prev-kv'],
  ['del', 'nothing'],
  ['compaction', '4'],
  ['compaction', '4'],
  ['get', 'greeting', '--rev=3'],
  ['put', '', 'no key'],
  ['put', 'big', 'x'.repeat(100_000)],
];

/** A put when it exists already, in etcdctl's language for transactions. */
const TXN = 'version("greeting") > "0"\n\nput greeting again\nget greeting\n\nput never never\n\n';

interface Answer {
  readonly command: string;
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function answers(endpoints: readonly string[]): readonly Answer[] {
  const ask = (position: number, args: readonly string[], input = ''): Answer => {
    // Each command through another node: they answer alike.
    const endpoint = endpoints[position % endpoints.length]!;
    const { status, stdout, stderr } = spawnSync('etcdctl', [`--endpoints=${endpoint}`, ...args], {
      input,
      encoding: 'utf8',
      env: { PATH: process.env.PATH ?? '', ETCDCTL_API: '3' },
    });
    return {
      command: args.join(' ').slice(0, 80),
      status,
      stdout: stdout.replace(/"(ClusterID|MemberID|RaftTerm)" : \d+/g, '"$1" : …'),
      // The line that names the endpoint and the time.
      stderr: stderr.replace(/^\{.*"retrying of unary invoker failed".*\n/gm, ''),
    };
  };
  const given = COMMANDS.map((args, position) => ask(position, args));
  return [...given, ask(0, ['txn'], TXN), ask(1, ['get', 'greeting'])];
}

const missing = ['etcd', 'etcdctl'].filter(
  (program) => spawnSync(program, ['--help']).error !== undefined,
);

test('etcdctl says the same to `quorate dev` as to etcd', {
  skip: missing.length > 0 && `not installed here: ${missing.join(', ')}`,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-etcdctl-'));
  const [client, peer] = [await freePort(), await freePort()];
  const etcd = spawn(
    'etcd',
    [
      `--data-dir=${join(directory, 'etcd')}`,
      `--listen-client-urls=http://127.0.0.1:${client}`,
      `--advertise-client-urls=http://127.0.0.1:${client}`,
      `--listen-peer-urls=http://127.0.0.1:${peer}`,
      `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
      `--initial-cluster=default=http://127.0.0.1:${peer}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const etcdEnded = new Promise((resolve) => etcd.once('exit', resolve));
  const port = await freeDevPort(3);
  const dev = new RunningCommand(['dev', '--port', String(port)], { directory });
  try {
    await Promise.all([
      dev.waitFor(/leads term/),
      new Promise<void>((resolve) =>
        etcd.stderr.on('data', (text: Buffer) => {
          if (text.includes('ready to serve client requests')) resolve();
        }),
      ),
    ]);
    const theirs = answers([`127.0.0.1:${client}`]);
    const ours = answers([0, 20_000, 30_000].map((more) => `127.0.0.1:${port + more}`));
    assert.deepEqual(ours, theirs);
    assert.ok(
      theirs.filter(({ status }) => status === 0).length > COMMANDS.length / 2,
      'most of them are no errors',
    );
  } finally {
    etcd.kill('SIGKILL');
    await Promise.all([dev.end('SIGTERM'), etcdEnded]);
    rmSync(directory, { recursive: true, force: true });
  }
});
