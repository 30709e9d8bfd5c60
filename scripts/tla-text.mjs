/**
 * `npm run tla:text`: follows traces by etcd-io/raft's own specification, read from its files. What
 * TLC would check with Java is checked here without it, as far as docs/tla.md says.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { progress, runCommand, SWITCH, TEXT, wholeNumber } from './flags.mjs';
import { prepare } from './prepare.mjs';

const USAGE = `npm run tla:text -- --spec DIR [options]

  --spec DIR      the directory tla of a checkout of https://github.com/etcd-io/raft
  --trace FILE    follows this trace
  --seeds 40      or the traces of so many runs, from seed 1 or --seed
  --lines 2000    a run ends soon after so many; of a trace that is to be changed so many are kept (300)
  --steps         asks of each step too whether it is one of etcdraft.tla (PROPERTIES etcdSpec): slow,
                  for a few hundred lines
  --changed N     instead of each trace itself, N of it with one thing changed: what does the text say,
                  and what our restatement of it?
  --bugs          the traces of cores with a bug, which it must refuse
  --json          one line of JSON for each trace, and no summary`;

const ROOT = 'Traceetcdraft';
const DEFAULT_SEEDS = 40;
const CHANGED_LINES = 300;
const OPTIONS = {
  spec: TEXT,
  trace: TEXT,
  seeds: TEXT,
  seed: TEXT,
  lines: TEXT,
  changed: TEXT,
  steps: SWITCH,
  bugs: SWITCH,
  json: SWITCH,
};

await runCommand(USAGE, OPTIONS, main);

async function main(values) {
  if (values.spec === undefined) throw new Error('--spec DIR is missing; --help says what it is');
  const wrong = { steps: ['changed', 'bugs'], bugs: ['trace', 'seeds', 'seed', 'changed'] };
  for (const [flag, others] of Object.entries(wrong)) {
    const other = values[flag] && others.find((name) => values[name]);
    if (other) throw new Error(`--${flag} does not go with --${other}`);
  }
  const changed = wholeNumber('changed', values.changed);
  const first = wholeNumber('seed', values.seed) ?? 1;
  const count = wholeNumber('seeds', values.seeds) ?? DEFAULT_SEEDS;
  prepare();
  const sim = await import('../packages/sim/dist/index.js');
  const lines =
    wholeNumber('lines', values.lines) ??
    (changed === undefined ? sim.DEFAULT_TLA_LINES : CHANGED_LINES);
  const specification = sim.readSpecification(ROOT, (name) => readFrom(values.spec, name));
  const work = { sim, specification, lines, report: reporter(values.json) };
  if (values.bugs) return followBugs(work);
  const traces = values.trace === undefined ? ofRuns(work, first, count) : ofFile(values.trace);
  if (changed === undefined) await followAll(work, traces, values.steps);
  else await compareChanged(work, traces, changed, first);
}

function readFrom(directory, name) {
  try {
    return readFileSync(join(directory, name), 'utf8');
  } catch (error) {
    throw new Error(
      `--spec: ${error.message}. It is to be the directory tla of a checkout: ` +
        'git clone https://github.com/etcd-io/raft',
    );
  }
}

function* ofFile(file) {
  const lines = readFileSync(file, 'utf8').split('\n');
  yield { name: file, lines: lines.filter((line) => line !== '') };
}

async function* ofRuns({ sim, lines }, first, count) {
  for (let seed = first; seed < first + count; seed++) {
    const { lines: trace, failure } = await sim.runForTla(seed, lines);
    if (failure !== undefined) throw failure;
    yield { name: `seed ${seed}`, lines: trace };
  }
}

/** In JSON or in words, and both in the end. */
function reporter(isJson) {
  return {
    tell: (result, text) => {
      progress('');
      console.log(isJson ? JSON.stringify(result) : text);
    },
    sum: (text) => {
      if (!isJson) console.log(text);
    },
    progress: (text) => {
      if (!isJson) progress(text);
    },
  };
}

async function followAll({ sim, specification, report }, traces, checkCourses) {
  const begun = performance.now();
  const sum = { traces: 0, events: 0, refused: 0 };
  for await (const { name, lines } of traces) {
    const onLine = (followed, of) => {
      if (followed % 100 === 0) report.progress(`${name}: ${followed} of ${of} events`);
    };
    const following = sim.followTrace(specification, lines, { checkCourses, onLine });
    sum.traces += 1;
    sum.events += lines.length;
    if (following.kind === 'refused') sum.refused += 1;
    report.tell({ name, lines: lines.length, ...following }, describe(sim, name, lines, following));
  }
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  report.sum(`${sum.traces} traces, ${sum.events} lines, ${sum.refused} refused, ${seconds} s`);
  if (sum.refused > 0) throw new Error(`${sum.refused} of ${sum.traces} traces are refused`);
}

function describe(sim, name, lines, following) {
  if (following.kind === 'accepted') {
    const open = following.widest === 1 ? '' : `, up to ${following.widest} states of a step`;
    return `${name}: ${lines.length} lines accepted${open}`;
  }
  const reason = sim.describeRefusal(following.because);
  return `${name}: line ${following.line} of ${lines.length} refused, ${reason}`;
}

async function compareChanged({ sim, specification, lines: kept, report }, traces, count, seed) {
  const sum = { changed: 0, accepted: 0, refused: 0, stricter: 0, laxer: 0 };
  const { seededRandom } = await import('../packages/core/dist/index.js');
  const random = seededRandom(seed);
  for await (const { name, lines } of traces) {
    for (let nth = 0; nth < count; nth++) {
      const change = sim.CHANGES[nth % sim.CHANGES.length];
      const changed = sim.changedTrace(lines.slice(0, kept), change, random);
      if (changed === undefined) continue;
      report.progress(`${name}: ${nth + 1} of ${count} changes`);
      const verdicts = sim.verdictsOn(specification, changed.lines);
      const { text, restatementIs } = verdicts;
      sum.changed += 1;
      if (restatementIs === 'the same') sum[text.kind] += 1;
      else {
        sum[restatementIs] += 1;
        const result = { name, what: changed.what, ...verdicts };
        report.tell(result, describeDifference(sim, result, changed.lines));
      }
    }
  }
  report.sum(
    `${sum.changed} changed traces: ${sum.accepted} accepted and ${sum.refused} refused by text and ` +
      `restatement alike; the restatement is stricter with ${sum.stricter} and laxer with ${sum.laxer}`,
  );
  if (sum.laxer > 0) throw new Error(`the restatement is laxer than the text, ${sum.laxer} times`);
}

function describeDifference(sim, { name, what, text, restatement, restatementIs }, lines) {
  const ours =
    restatement.kind === 'accepted'
      ? 'accepts it'
      : `stops at line ${restatement.line}: ${restatement.reason}`;
  const theirs = describe(sim, 'the text', lines, text);
  return `${name}, ${what}: the restatement is ${restatementIs}, it ${ours}; ${theirs}`;
}

/** For each the first seed whose trace the text refuses. */
async function followBugs({ sim, specification, lines, report }) {
  const { TRACE_BUGS, BUG_SEEDS, runWithBug } = await import(
    '../packages/sim/dist/tla/trace-bugs.test.support.js'
  );
  let missed = 0;
  for (const bug of TRACE_BUGS) {
    const found = await firstRefused(sim, specification, await runWithBug(bug), {
      ...bug,
      last: bug.seed + BUG_SEEDS - 1,
      lines,
      report,
    });
    if (found === undefined) missed += 1;
    const text =
      found === undefined
        ? 'not found'
        : `${describe(sim, `seed ${found.seed}`, found.trace, found.text)}; the restatement is ${found.restatementIs}`;
    const { trace: _, ...result } = found ?? {};
    report.tell({ bug: bug.name, ...result }, `${bug.name}\n  ${text}`);
  }
  if (missed > 0) throw new Error(`${missed} bugs were not found`);
}

async function firstRefused(sim, specification, run, { name, seed: first, last, lines, report }) {
  for (let seed = first; seed <= last; seed++) {
    report.progress(`${name}: seed ${seed}`);
    const { lines: trace } = await run(seed, lines);
    const verdicts = sim.verdictsOn(specification, trace);
    if (verdicts.text.kind === 'refused') return { seed, trace, ...verdicts };
  }
  return undefined;
}
