/**
 * `npm run bench`: measures Quorate, and with --peers etcd/raft and hashicorp/raft in the same
 * passes. How, and what is fair: bench/README.md.
 */

import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { buildPeers, contestantsOf, MODES, OURS } from '../bench/contestants.mjs';
import { measureFailover, measureInProcess, measureThroughput } from '../bench/measure.mjs';
import { PROFILES } from '../bench/profiles.mjs';
import { cpuMicroseconds } from '../bench/summary.mjs';
import { latency, report } from '../bench/tables.mjs';
import { prepare } from './prepare.mjs';
import { root } from './project.mjs';

const USAGE = `npm run bench -- [options]

  --seconds 5             measured seconds of each run
  --warmup 3              seconds before that, in which nothing counts
  --passes 3              runs of each configuration
  --in-flight 1,16,256,4096
                          proposals in flight
  --only durable,memory,process
                          three processes with a synced log, three with none, three nodes in one
  --peers                 etcd/raft and hashicorp/raft too, in the same passes
  --election              failover instead: SIGKILL to the next applied command
  --profiles default,fast its timeouts
  --repeats 10            its samples for each system and profile
  --report FILE.jsonl     measures nothing; prints the tables of earlier results, may be repeated
  --results               writes the tables into bench/RESULTS.md too`;

/** A disk: durable figures from a tmpfs would mean nothing. */
const dataDirectory = join(root, 'bench', 'data');

try {
  await main(readOptions());
} catch (error) {
  console.error(`\nquorate: ${error.message}`);
  process.exitCode = 1;
}

async function main(options) {
  if (options.help) return console.log(USAGE);
  const rows = options.report.length > 0 ? readRows(options.report) : await measureAll(options);
  console.log(`\n${report(rows)}`);
  if (options.results) writeResults(rows);
  if (rows.some((row) => row.system === OURS && row.first_error !== undefined))
    process.exitCode = 1;
}

async function measureAll(options) {
  prepare();
  if (options.peers) {
    console.log('quorate: building the peers (one or two minutes the first time)');
    buildPeers();
  }
  const plan = options.election ? planFailovers(options) : planThroughput(options);
  const record = startRecord();
  const rows = [record.add(machine())];
  for (const [i, { pass, title, measure }] of plan.entries()) {
    process.stdout.write(`[${i + 1}/${plan.length}] ${title} ... `);
    const row = record.add({ ...(await measure()), pass });
    rows.push(row);
    console.log(oneLine(row));
  }
  console.log(`\nquorate: results in ${relative(process.cwd(), record.path)}`);
  return rows;
}

/** The contestants of one configuration follow each other; every second pass in reverse. */
function planThroughput(options) {
  const { passes, inFlight, modes, warmup, seconds, peers } = options;
  return numbers(passes).flatMap((pass) =>
    modes.flatMap((mode) =>
      inFlight.flatMap((concurrency) => {
        const contestants = contestantsOf(mode, peers);
        if (pass % 2 === 0) contestants.reverse();
        return contestants.map((contestant) => ({
          pass,
          title: `${mode}, ${concurrency} in flight, ${contestant.system} ${contestant.variant}`,
          measure: async () => {
            const measureIt = mode === 'process' ? measureInProcess : measureThroughput;
            return measureIt(contestant, { concurrency, warmup, seconds, dataDirectory });
          },
        }));
      }),
    ),
  );
}

function planFailovers({ repeats, profiles, peers }) {
  return numbers(repeats).flatMap((pass) =>
    profiles.flatMap((profile) =>
      contestantsOf('durable', peers).map((contestant) => ({
        pass,
        title: `failover, ${profile} timeouts, ${contestant.system}`,
        measure: () => measureFailover(contestant, { profile, dataDirectory }),
      })),
    ),
  );
}

function numbers(count) {
  return Array.from({ length: count }, (_, i) => i + 1);
}

function oneLine(row) {
  if (row.first_error !== undefined) return `FAILED: ${row.first_error}`;
  if (row.bench === 'election') return `${row.sample_ms.toFixed(0)} ms`;
  const lag = row.converged ? '' : `, a replica ${row.lag_end} behind after 5 s`;
  return (
    `${Math.round(row.commits_per_s).toLocaleString('en-US')}/s, p50 ${latency(row.p50_us)}, ` +
    `p99 ${latency(row.p99_us)}, CPU ${cpuMicroseconds(row).toFixed(2)} µs${lag}`
  );
}

/** JSON lines, each written as soon as it is known. */
function startRecord() {
  const directory = join(root, 'bench', 'out');
  mkdirSync(directory, { recursive: true });
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '');
  const path = join(directory, `${stamp}.jsonl`);
  return {
    path,
    add(row) {
      appendFileSync(path, `${JSON.stringify(row)}\n`);
      return row;
    },
  };
}

function readRows(paths) {
  return paths.flatMap((path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line)),
  );
}

function machine() {
  const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout?.trim();
  const disk = spawnSync('stat', ['-f', '-c', '%T', root], { encoding: 'utf8' }).stdout?.trim();
  return {
    bench: 'machine',
    date: new Date().toISOString(),
    processor: cpus()[0].model,
    cores: cpus().length,
    memory_gb: Math.round(totalmem() / 2 ** 30),
    kernel: release().split('-')[0],
    file_system: disk,
    node: process.version,
    commit: git('rev-parse', '--short', 'HEAD'),
  };
}

function writeResults(rows) {
  const machines = rows.filter((row) => row.bench === 'machine');
  const { processor, cores, memory_gb, kernel, file_system, node } = machines.at(-1);
  const text = `# Results

Written by \`npm run bench -- --results\` from its own result lines. How it is measured, and what is fair
in it: [README.md](README.md). Machines differ and drift: only the ratios, taken within one run, mean much.

- Date: ${machines.map((row) => `${row.date.slice(0, 16)}Z at commit ${row.commit}`).join('; ')}
- Machine: ${cores} cores, ${processor}; ${memory_gb} GB; Linux ${kernel}; ${file_system}
- Node.js ${node}; commands of 256 bytes; medians, with [smallest-largest] where they differ
- Used by others meanwhile: ${othersCores(rows).toFixed(2)} cores. Above a tenth of a core, measure again.

${report(rows)}
`;
  writeFileSync(join(root, 'bench', 'RESULTS.md'), text);
}

/** What programs that were not measured used of the machine, on average. */
function othersCores(rows) {
  const loads = rows.filter((row) => row.bench === 'throughput' && row.seconds > 0);
  const total = (field) => loads.reduce((sum, row) => sum + row[field], 0);
  return loads.length === 0 ? Number.NaN : total('other_cpu_s') / total('seconds');
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '5' },
      warmup: { type: 'string', default: '3' },
      passes: { type: 'string', default: '3' },
      'in-flight': { type: 'string', default: '1,16,256,4096' },
      only: { type: 'string', default: MODES.join(',') },
      peers: { type: 'boolean', default: false },
      election: { type: 'boolean', default: false },
      profiles: { type: 'string', default: Object.keys(PROFILES).join(',') },
      repeats: { type: 'string', default: '10' },
      report: { type: 'string', multiple: true, default: [] },
      results: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    ...values,
    seconds: positive('--seconds', values.seconds),
    warmup: positive('--warmup', values.warmup),
    passes: positive('--passes', values.passes),
    repeats: positive('--repeats', values.repeats),
    inFlight: values['in-flight'].split(',').map((text) => positive('--in-flight', text)),
    modes: chosen('--only', values.only, MODES),
    profiles: chosen('--profiles', values.profiles, Object.keys(PROFILES)),
  };
}

function positive(option, text) {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`${option} takes whole numbers above 0, got "${text}"\n\n${USAGE}`);
}

function chosen(option, text, known) {
  const names = text.split(',');
  const stranger = names.find((name) => !known.includes(name));
  if (stranger === undefined) return names;
  throw new Error(`${option} takes some of ${known.join(', ')}; got "${stranger}"\n\n${USAGE}`);
}
