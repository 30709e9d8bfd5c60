/**
 * `npm run lab`: the tests of the MIT Raft lab on the real core, in virtual time, or in real time over
 * an in-memory network. Prints the lab's table and, beside it, the figures to beat.
 */

import { progress, runCommand, SWITCH, TEXT, wholeNumber } from './flags.mjs';
import { prepare } from './prepare.mjs';
import { RealTime } from './real-time.mjs';
import { withTimeline } from './sim-failures.mjs';

const USAGE = `npm run lab -- [options]

  --seeds 5       runs of each test; the table shows their mean
  --seed 1        the first seed; alone, the only one
  --test NAME     only the tests whose names contain NAME, such as 3B or TestBackup3B
  --real          in real time (the whole table takes some 20 minutes)
  --json          one line of JSON for each run, and no table`;

const DEFAULT_SEEDS = 5;
const NAME_WIDTH = 64;
const LEGEND = 'calls and bytes: + at or below the figure to beat, = within its range, - above it.';

const OPTIONS = {
  seeds: TEXT,
  seed: TEXT,
  test: { ...TEXT, default: '' },
  real: SWITCH,
  json: SWITCH,
};

await runCommand(USAGE, OPTIONS, main);
// Calls over cut links would still fail for some seconds, with nobody left to care.
process.exit();

function readOptions(values) {
  const isSingle = values.real || values.seed !== undefined;
  return {
    ...values,
    seed: wholeNumber('seed', values.seed) ?? 1,
    seeds: wholeNumber('seeds', values.seeds) ?? (isSingle ? 1 : DEFAULT_SEEDS),
  };
}

async function main(values) {
  const options = readOptions(values);
  prepare();
  const lab = await import('../packages/sim/dist/index.js');
  const tests = lab.labTestsNamed(options.test);
  if (tests.length === 0) {
    throw new Error(
      `no test has "${options.test}" in its name; the first is ${lab.LAB_TESTS[0].name}`,
    );
  }
  if (!options.json) console.log(heading(options));
  for (const [position, test] of tests.entries()) {
    const reports = await runSeeds(lab, test, options, `${position + 1}/${tests.length}`);
    if (!options.json) console.log(row(lab, test, lab.meanOf(reports)));
  }
  if (!options.json)
    console.log(`\n${tests.length} ${tests.length === 1 ? 'test' : 'tests'} passed. ${LEGEND}`);
}

async function runSeeds(lab, test, options, position) {
  const reports = [];
  for (let seed = options.seed; seed < options.seed + options.seeds; seed++) {
    tell(options, `${position} ${test.name}, seed ${seed}`);
    const run = () =>
      options.real ? runInRealTime(lab, test, seed) : lab.runInVirtualTime(test, seed);
    const report = await withTimeline(lab, `${test.name}-${seed}`, run);
    reports.push(report);
    if (options.json) console.log(JSON.stringify({ test: test.name, seed, ...report }));
  }
  tell(options, '');
  return reports;
}

async function runInRealTime(lab, test, seed) {
  const time = new RealTime();
  try {
    return await time.run(() => test.run(time, seed));
  } catch (error) {
    throw lab.failedRun(test, seed, error, '--real');
  }
}

function tell({ json }, text) {
  if (!json) progress(text);
}

function heading({ real, seeds, seed }) {
  const runs = seeds === 1 ? `seed ${seed}` : `mean of seeds ${seed} to ${seed + seeds - 1}`;
  const columns = ['seconds', 'peers', 'calls', 'bytes', 'commits'];
  const left = columns.map((name) => name.padStart(9)).join('');
  return (
    `The MIT Raft lab in ${real ? 'real' : 'virtual'} time, ${runs}\n\n` +
    `${'test'.padEnd(NAME_WIDTH)}${left}   to beat: calls, kB`
  );
}

function row(lab, test, report) {
  const { seconds, peers, calls, bytes, commits } = report;
  const figures = [seconds.toFixed(1), peers, ...[calls, bytes, commits].map(Math.round)];
  const left = figures.map((value) => String(value).padStart(9)).join('');
  const marks = { none: ' ', better: '+', within: '=', worse: '-' };
  const figure = lab.FIGURES_TO_BEAT[test.name];
  if (figure === undefined) return test.name.padEnd(NAME_WIDTH) + left;
  const [lowest, highest] = figure.calls;
  const range = lowest === highest ? `${lowest}` : `${lowest}-${highest}`;
  const ofCalls = marks[lab.compareCalls(test.name, report)];
  const ofBytes = marks[lab.compareBytes(test.name, report)];
  const right = `${range.padStart(9)} ${ofCalls} ${String(figure.kilobytes ?? '').padStart(7)} ${ofBytes}`;
  return `${test.name.padEnd(NAME_WIDTH)}${left}   ${right}`.trimEnd();
}
