/**
 * `npm run bench:groups`: what a group costs when a process has many. How, and what is fair:
 * bench/README.md.
 */

import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { buildPeers } from '../bench/contestants.mjs';
import { prepare } from './prepare.mjs';
import { root } from './project.mjs';

const USAGE = `npm run bench:groups -- [options]

  --groups 1,100,1000,10000   groups of three replicas in one process
  --modes memory,durable      in memory; or TCP, and a log on the disk
  --seconds 5                 measured seconds, idle and under load
  --concurrency 1024          proposals in flight, spread over the groups
  --peers                     etcd's RawNode too: idle, and one proposal a second to each group`;

const { values } = parseArgs({
  options: {
    groups: { type: 'string', default: '1,100,1000,10000' },
    modes: { type: 'string', default: 'memory,durable' },
    seconds: { type: 'string', default: '5' },
    concurrency: { type: 'string', default: '1024' },
    peers: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
function run() {
  prepare();
  if (values.peers) buildPeers();
  const directory = join(root, 'bench', 'out');
  mkdirSync(directory, { recursive: true });
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '');
  const path = join(directory, `${stamp}-groups.jsonl`);
  const rows = [];
  const note = (row) => {
    rows.push(row);
    appendFileSync(path, `${JSON.stringify(row)}\n`);
    console.log(lineOf(row));
  };
  for (const groups of values.groups.split(',')) {
    for (const mode of values.modes.split(',')) note(measureOurs(groups, mode));
    if (values.peers) note(measureRawNode(groups));
  }
  console.log(`\n${tableOf(rows)}\n\nquorate: results in ${relative(process.cwd(), path)}`);
}

function measureOurs(groups, mode) {
  const { seconds, concurrency } = values;
  const data = join(root, 'bench', 'data', 'groups');
  rmSync(data, { recursive: true, force: true });
  const program = join(root, 'bench', 'groups.mjs');
  const flags = { groups, mode, seconds, concurrency, dir: data };
  const args = Object.entries(flags).flatMap(([name, value]) => [`-${name}`, value]);
  const row = measureWith(process.execPath, ['--expose-gc', program, ...args]);
  rmSync(data, { recursive: true, force: true });
  return row;
}

function measureRawNode(groups) {
  const program = join(root, 'bench', 'peers', 'bin', 'etcdraft-bench');
  const args = ['scale', '-groups', groups, '-rate', '0', '-seconds', values.seconds];
  const row = measureWith(program, args);
  const idle = {
    idle_cpu_pct: row.cpu_pct,
    rss_kb_per_replica: (row.rss_mb * 1024) / (3 * groups),
  };
  return { ...row, mode: row.variant, ...idle };
}

function measureWith(program, args) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${stderr}`);
  return JSON.parse(stdout);
}

const COLUMNS = [
  ['groups', ({ groups }) => groups.toLocaleString('en-US')],
  ['system', ({ system, mode }) => `${system}, ${mode}`],
  ['open', ({ open_ms: ms }) => inSeconds(ms)],
  ['all led', ({ led_ms: ms }) => inSeconds(ms)],
  ['idle, % of a core', ({ idle_cpu_pct: percent }) => percent.toFixed(2)],
  ['RSS, MiB', ({ rss_mb: mib }) => mib.toFixed(0)],
  ['KiB a replica', ({ rss_kb_per_replica: kib }) => kib.toFixed(1)],
  ['commits/s', ({ commits_per_s: rate }) => rounded(rate)],
  ['CPU µs a commit', ({ cpu_us_per_commit: us }) => us?.toFixed(1) ?? ''],
];
const inSeconds = (ms) => (ms === undefined ? '' : `${(ms / 1000).toFixed(2)} s`);
const rounded = (rate) => (rate === undefined ? '' : Math.round(rate).toLocaleString('en-US'));

const lineOf = (row) => COLUMNS.map(([name, cell]) => `${name} ${cell(row)}`).join(', ');

function tableOf(rows) {
  const lines = [COLUMNS.map(([name]) => name), COLUMNS.map(() => '---')];
  for (const row of rows) lines.push(COLUMNS.map(([, cell]) => cell(row)));
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

if (values.help) console.log(USAGE);
else run();
