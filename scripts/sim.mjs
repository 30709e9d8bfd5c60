/**
 * `npm run sim`: clusters under random faults in virtual time, one for each seed. The same seed is the
 * same run.
 */

import { parseArgs } from 'node:util';
import { prepare } from './prepare.mjs';

const USAGE = `npm run sim -- [options]

  --seeds 100     how many runs
  --seed 1        the first seed; alone, the only one`;

const DEFAULT_SEEDS = 100;

try {
  await main(readOptions());
} catch (error) {
  console.error(`\nquorate: ${error.message}`);
  process.exitCode = 1;
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const seeds = values.seeds ?? String(values.seed === undefined ? DEFAULT_SEEDS : 1);
  return {
    help: values.help,
    seed: positive('--seed', values.seed ?? '1'),
    seeds: positive('--seeds', seeds),
  };
}

function positive(flag, text) {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new Error(`${flag} takes a whole number of at least 1, got "${text}"`);
}

async function main({ help, seed: first, seeds }) {
  if (help) return console.log(USAGE);
  prepare();
  const { runChaos } = await import('../packages/sim/dist/index.js');
  const begun = performance.now();
  const reports = [];
  for (let seed = first; seed < first + seeds; seed++) {
    if (process.stdout.isTTY) process.stdout.write(`\r\x1b[Kseed ${seed}`);
    reports.push(await runChaos(seed));
  }
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
  console.log(summary(reports, (performance.now() - begun) / 1000));
}

function summary(reports, seconds) {
  const sum = (field) => reports.reduce((total, report) => total + report[field], 0);
  const reached = new Map();
  for (const report of reports) {
    for (const [name, count] of report.reached) reached.set(name, (reached.get(name) ?? 0) + count);
  }
  const virtual = sum('totalMs') / 1000;
  const slowest = reports.reduce((a, b) => (a.recoveryMs > b.recoveryMs ? a : b));
  const counts = [...reached].sort((a, b) => b[1] - a[1]).map(([name, n]) => `  ${name} ${n}`);
  return [
    `${reports.length} runs passed: ${virtual.toFixed(0)} s of virtual time in ${seconds.toFixed(1)} s`,
    `${sum('applied')} of ${sum('proposed')} commands applied, none lost`,
    `slowest recovery ${slowest.recoveryMs.toFixed(0)} ms, seed ${slowest.seed}`,
    'reached:',
    ...counts,
  ].join('\n');
}
