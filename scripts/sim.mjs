/**
 * `npm run sim`: clusters under random faults in virtual time, one for each seed. The same seed is the
 * same run. docs/simulation.md says what is done to them, what is checked, and what it found.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { Worker } from 'node:worker_threads';
import { progress, runCommand, SWITCH, TEXT, wholeNumber } from './flags.mjs';
import { prepare } from './prepare.mjs';
import { withTimeline } from './sim-failures.mjs';
import { runSeed } from './sim-seed.mjs';

const USAGE = `npm run sim -- [options]

  --seed N        runs this one, and prints what happened
  --seeds 100     runs so many, from seed 1 or --seed
  --parallel      on all cores
  --scale 1       faults last so many times as long
  --servers N     so many at the beginning, and not 1 to 9 as drawn; 9 at most
  --json          one line of JSON for each run, what failed too, and no summary
  --scenario FILE plays a scenario, such as the one that a failed seed leaves in ./sim-failures
  --tla FILE      writes the trace of a run, of --seed, for etcd-io/raft's TLA+ specification
                  (docs/tla.md)

A seed that fails is made small, which takes a few seconds; answers that contradict each other
are drawn as a page.`;

const DEFAULT_SEEDS = 100;
const MAX_SERVERS = 9;
const OPTIONS = {
  seeds: TEXT,
  seed: TEXT,
  scale: TEXT,
  servers: TEXT,
  parallel: SWITCH,
  json: SWITCH,
  scenario: TEXT,
  tla: TEXT,
};

/** Most of what a run makes is gone a moment later: with room for it a tenth of the time is saved. */
const WORKER = { resourceLimits: { maxYoungGenerationSizeMb: 64 } };

/** What servers decide that is worth a line beside what is done to them. */
const TOLD = [
  'becameLeader',
  'configurationAppended',
  'truncated',
  'snapshotInstalled',
  'transferred',
];

await runCommand(USAGE, OPTIONS, main);

async function main(values) {
  const first = wholeNumber('seed', values.seed) ?? 1;
  const options = {
    scale: wholeNumber('scale', values.scale) ?? 1,
    servers: wholeNumber('servers', values.servers, 1, MAX_SERVERS),
  };
  const count = wholeNumber('seeds', values.seeds);
  prepare();
  const sim = await import('../packages/sim/dist/index.js');
  if (values.scenario !== undefined) return play(sim, values);
  if (values.tla !== undefined) return trace(sim, first, values);
  if (count === undefined && values.seed !== undefined)
    return one(sim, first, options, values.json);
  const runs = await many({ first, count: count ?? DEFAULT_SEEDS, options, ...values });
  if (!values.json) console.log(summary(sim, runs));
  if (runs.failures.length > 0) throw new Error(`${runs.failures.length} runs failed`);
}

/** A scenario says itself what is given: its seed is a line of the file. */
async function play(sim, { scenario: file, ...others }) {
  const flags = ['seed', 'seeds', 'scale', 'servers', 'parallel', 'json', 'tla'];
  const wrong = flags.find((flag) => others[flag]);
  if (wrong !== undefined) throw new Error(`--scenario goes alone, not with --${wrong}`);
  const parsed = sim.parseScenario(readFileSync(file, 'utf8'), file);
  await withTimeline(sim, basename(file, '.scenario'), () => sim.playScenario(parsed, { file }));
  console.log(`passed: ${parsed.scenario.title}`);
}

/** Its own run, of what the specification knows: see docs/tla.md. */
async function trace({ runForTla }, seed, { tla: file, ...others }) {
  const wrong = ['seeds', 'scale', 'servers', 'parallel', 'json'].find((flag) => others[flag]);
  if (wrong !== undefined) throw new Error(`--tla goes with --seed only, not with --${wrong}`);
  const { size, lines, acceptance, endsEarly, failure } = await runForTla(seed);
  writeFileSync(file, `${lines.join('\n')}\n`);
  console.log(`${file}: ${lines.length} events of ${size} server${size === 1 ? '' : 's'}`);
  if (endsEarly !== undefined) console.log(`it ends early: ${endsEarly}`);
  if (acceptance.kind === 'rejected') {
    throw new Error(`line ${acceptance.line} would be rejected: ${acceptance.reason}`);
  }
  if (failure !== undefined) throw failure;
  console.log('accepted by the restatement in packages/sim; docs/tla.md says how TLC checks it');
}

/** Prints every action and what came of it, with their times, and then the report. */
async function one(sim, seed, options, isJson) {
  const tell = (at, text) => console.log(`${at.toFixed(1).padStart(10)} ms  ${text}`);
  const onAction = ({ at, action }) => tell(at, sim.printAction(action));
  const onTrace = (at, { kind, node, term, ...more }) => {
    if (!TOLD.includes(kind)) return;
    tell(at, `    server ${node}, term ${term}: ${kind} ${JSON.stringify(more)}`);
  };
  const watchers = isJson ? {} : { onAction, onTrace };
  const { kind, report, message } = await runSeed(sim, seed, { ...options, ...watchers });
  if (kind === 'failed') throw new Error(message);
  console.log(isJson ? JSON.stringify(report) : `\n${describe(report)}`);
}

function describe({ reached, plan, ...report }) {
  const fields = Object.entries({ ...report, plan: JSON.stringify(plan) }).map(
    ([name, value]) => `${name} ${value}`,
  );
  return [...fields, 'reached:', ...counts(reached)].join('\n');
}

async function many({ first, count, options, parallel, json }) {
  const begun = performance.now();
  const cpuBefore = cpuSeconds();
  const reports = [];
  const failures = [];
  const take = (outcome) => {
    if (outcome.kind === 'passed') {
      reports.push(outcome.report);
      if (json) console.log(JSON.stringify(outcome.report));
    } else {
      const { seed, message } = outcome;
      failures.push(outcome);
      progress('');
      console.log(json ? JSON.stringify({ seed, failed: message }) : `seed ${seed}: ${message}\n`);
    }
    progress(`${reports.length} of ${count} runs passed, ${failures.length} failed`);
  };
  await inThreads(parallel ? availableParallelism() : 1, first, count, options, take);
  progress('');
  const seconds = (performance.now() - begun) / 1000;
  return { reports, failures, seconds, cpu: cpuSeconds() - cpuBefore };
}

/** Of all threads. */
function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Every thread has one seed at a time, so none waits for a slow one. */
async function inThreads(threads, first, count, options, take) {
  let next = first;
  const work = () =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./sim-worker.mjs', import.meta.url), WORKER);
      const goOn = () => {
        if (next >= first + count) worker.terminate().then(resolve, reject);
        else worker.postMessage({ seed: next++, options });
      };
      worker.on('error', reject);
      worker.on('message', (outcome) => {
        take(outcome);
        goOn();
      });
      goOn();
    });
  await Promise.all(Array.from({ length: Math.min(threads, count) }, work));
}

function summary({ unreachedIn }, { reports, failures, seconds, cpu }) {
  const sum = (field) => reports.reduce((total, report) => total + report[field], 0);
  const reached = {};
  for (const report of reports) {
    for (const [name, n] of Object.entries(report.reached))
      reached[name] = (reached[name] ?? 0) + n;
  }
  const virtual = sum('totalMs') / 1000;
  const perSecond = (n) => (n / virtual).toFixed(1);
  const recovery = ({ recoveryMs, electionTimeoutMs }) => recoveryMs / electionTimeoutMs;
  const slowest = reports.reduce((a, b) => (recovery(a) > recovery(b) ? a : b), reports[0]);
  const unreached = unreachedIn(reached);
  return [
    'reached:',
    ...counts(reached),
    `never reached: ${unreached.length === 0 ? 'nothing' : unreached.join(', ')}`,
    `${reports.length} runs passed, ${failures.length} failed`,
    `${virtual.toFixed(0)} s of virtual time in ${seconds.toFixed(1)} s, ` +
      `${(virtual / cpu).toFixed(0)} for each second of a core`,
    `${sum('answered')} of ${sum('asked')} operations answered (${perSecond(sum('asked'))} and ` +
      `${perSecond(sum('answered'))} in a virtual second), ${sum('entries')} entries committed`,
    slowest === undefined
      ? ''
      : `slowest recovery: ${recovery(slowest).toFixed(1)} election timeouts, seed ${slowest.seed}`,
    ...failures.map(({ seed }) => `failed: npm run sim -- --seed ${seed}`),
  ].join('\n');
}

function counts(reached) {
  return Object.entries(reached)
    .sort((a, b) => b[1] - a[1])
    .map(([name, n]) => `${String(n).padStart(10)}  ${name}`);
}
