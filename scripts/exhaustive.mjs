/**
 * `npm run exhaustive`: small worlds walked through state by state, cores with a fault put in
 * that the walk must find, and every matrix of links. docs/exhaustive.md says what that shows.
 */

import { oneOf, progress, runCommand, SWITCH, TEXT, wholeNumber } from './flags.mjs';
import { prepare } from './prepare.mjs';

const USAGE = `npm run exhaustive -- [options]

  Without options: the worlds, the mutants and the link matrices, one after another.

  --only PART        worlds, mutants or links
  --states 3000000   a walk ends when it has found so many states (mutants: 4000000)
  --json             one line of JSON for each result, and no table

  One world of your own (any of these):
  --depth N          choices from the first state; without it, until --states
  --commands N       commands that clients propose in all (1)
  --reads N          questions in all how far to have applied before a read (0); prompt disks only
  --changes N        membership changes in all (0)
  --crashes N        crashes in all, each followed by a restart (1)
  --terms N          no server runs in a higher term (2)
  --disk slow        slow: writes are in flight until the walk says otherwise; prompt: never
  --options          with pre-vote and check-quorum
  --no-noop          a new leader writes nothing of its own
  --choices LIST     runs this list of choices instead, separated by semicolons`;

const DEFAULT_STATES = 3_000_000;
/** Figure 8 lies deep. */
const MUTANT_STATES = 4_000_000;

const OPTIONS = {
  only: TEXT,
  states: TEXT,
  depth: TEXT,
  commands: TEXT,
  reads: TEXT,
  changes: TEXT,
  crashes: TEXT,
  terms: TEXT,
  disk: TEXT,
  choices: TEXT,
  options: SWITCH,
  'no-noop': SWITCH,
  json: SWITCH,
};

await runCommand(USAGE, OPTIONS, main);

async function main(values) {
  oneOf('only', values.only, ['worlds', 'mutants', 'links']);
  oneOf('disk', values.disk, ['slow', 'prompt']);
  prepare();
  const parts = await load();
  const ownFlags = ['depth', 'commands', 'reads', 'changes', 'crashes', 'terms', 'disk', 'choices'];
  const isOwn = values.options || values['no-noop'] || ownFlags.some((name) => name in values);
  if (isOwn) return ownWorld(parts, values);
  const isAsked = (part) => values.only === undefined || values.only === part;
  if (isAsked('worlds'))
    for (const world of suite(parts)) report(values, runWorld(parts, values, world));
  if (isAsked('mutants')) {
    for (const mutant of parts.MUTANTS) report(values, await runMutant(parts, values, mutant));
  }
  if (isAsked('links')) {
    for (const table of parts.matrixTables()) report(values, runLinks(parts, values, table));
  }
}

async function load() {
  const directory = '../packages/sim/dist/exhaustive';
  const { Raft } = await import('../packages/core/dist/index.js');
  const modules = await Promise.all(
    ['walk', 'world', 'starts', 'link-matrices', 'mutated-core.test.support'].map(
      (name) => import(`${directory}/${name}.js`),
    ),
  );
  return Object.assign({ makeCore: (config) => new Raft(config) }, ...modules);
}

/** Each says what is in it; with three servers unless it says otherwise. The first few are small enough to be walked to their end. */
function suite({ SMALL_WORLD, COMMITTED, FIGURE_8B, LED }) {
  const slow = SMALL_WORLD;
  const prompt = { ...slow, disk: 'prompt' };
  const both = { preVote: true, checkQuorum: true };
  const one = { maxTerm: 1, noopOnElection: false };
  const figure8 = { noopOnElection: false, commands: 2, crashes: 0, maxTerm: 4 };
  return [
    {
      title: 'one term, slow disks, a crash, a command, no empty entries',
      world: { ...slow, ...one },
    },
    {
      title: 'one term, prompt disks, two crashes, a command, no empty entries',
      world: { ...prompt, ...one, crashes: 2 },
    },
    {
      title:
        'one term, slow disks, a crash, a command, no empty entries, with pre-vote and check-quorum',
      world: { ...slow, ...both, ...one },
    },
    {
      title: 'two servers, two terms, prompt disks, a membership change',
      world: { ...prompt, size: 2, commands: 0, crashes: 0, changes: 1 },
    },
    {
      title: 'two terms, slow disks, a crash, elections alone',
      world: { ...slow, ...one, maxTerm: 2, commands: 0 },
    },
    { title: 'three terms, slow disks, a crash, a command', world: { ...slow, maxTerm: 3 } },
    { title: 'the same with pre-vote and check-quorum', world: { ...slow, ...both, maxTerm: 3 } },
    {
      title: 'three terms, prompt disks, a crash, two commands',
      world: { ...prompt, commands: 2, maxTerm: 3 },
    },
    {
      title: 'from a leader, two terms, slow disks, two crashes, a command',
      world: { ...slow, crashes: 2 },
      start: LED,
    },
    {
      title: 'the same with pre-vote and check-quorum',
      world: { ...slow, ...both, crashes: 2 },
      start: LED,
    },
    {
      title: 'from Figure 8 (b), four terms, prompt disks, two commands, no empty entries',
      world: { ...prompt, ...figure8 },
      start: FIGURE_8B,
    },
    {
      title: 'from a committed entry, two terms, prompt disks, a read',
      world: { ...prompt, commands: 0, crashes: 0, reads: 1 },
      start: COMMITTED,
    },
    {
      title: 'from a committed entry, two terms, prompt disks, a membership change',
      world: { ...prompt, commands: 0, crashes: 0, changes: 1 },
      start: COMMITTED,
    },
  ];
}

function ownWorld(parts, values) {
  const { SMALL_WORLD } = parts;
  const world = {
    ...SMALL_WORLD,
    disk: values.disk ?? SMALL_WORLD.disk,
    commands: wholeNumber('commands', values.commands, 0) ?? SMALL_WORLD.commands,
    reads: wholeNumber('reads', values.reads, 0) ?? SMALL_WORLD.reads,
    changes: wholeNumber('changes', values.changes, 0) ?? SMALL_WORLD.changes,
    crashes: wholeNumber('crashes', values.crashes, 0) ?? SMALL_WORLD.crashes,
    maxTerm: wholeNumber('terms', values.terms, 0) ?? SMALL_WORLD.maxTerm,
    preVote: values.options,
    checkQuorum: values.options,
    noopOnElection: !values['no-noop'],
  };
  if (values.choices === undefined) {
    return report(values, runWorld(parts, values, { title: 'a world of your own', world }));
  }
  const choices = values.choices.split(';').map((choice) => choice.trim());
  const found = parts.replay({ ...world, makeCore: parts.makeCore }, choices);
  console.log(found ?? `${choices.length} choices, and all that must hold holds`);
  if (found !== undefined) process.exitCode = 1;
}

function runWorld(parts, values, { title, world, start = [] }) {
  const limits = {
    depth: wholeNumber('depth', values.depth, 0) ?? Infinity,
    states: statesOf(values),
  };
  const result = timed(parts, values, title, { ...world, makeCore: parts.makeCore }, limits, start);
  if (result.violation !== undefined) process.exitCode = 1;
  return { part: 'world', title, start: start.length, flags: flagsOf(world), ...result };
}

/** What makes this world again. */
function flagsOf({ disk, commands, reads, changes, crashes, maxTerm, preVote, noopOnElection }) {
  const numbers = `--disk ${disk} --commands ${commands} --reads ${reads} --changes ${changes} --crashes ${crashes} --terms ${maxTerm}`;
  return `${numbers}${preVote ? ' --options' : ''}${noopOnElection ? '' : ' --no-noop'}`;
}

async function runMutant(parts, values, mutant) {
  const { name: title, start, property } = mutant;
  const world = await parts.mutatedWorld(mutant);
  const limits = {
    depth: Infinity,
    states: wholeNumber('states', values.states, 0) ?? MUTANT_STATES,
  };
  const result = timed(parts, values, title, world, limits, start);
  const isFound = result.violation?.property.startsWith(property) ?? false;
  if (!isFound) process.exitCode = 1;
  return { part: 'mutant', title, start: start.length, isFound, ...result };
}

function statesOf(values) {
  return wholeNumber('states', values.states, 0) ?? DEFAULT_STATES;
}

function timed(parts, values, title, world, limits, start) {
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  const onDepth = ({ depth, states }) =>
    tell(values, `${title}: depth ${depth}, ${states} states, ${seconds().toFixed(0)} s`);
  const result = parts.walk(world, limits, onDepth, start);
  tell(values, '');
  return { ...result, seconds: seconds() };
}

function runLinks(parts, values, table) {
  const begun = performance.now();
  let done = 0;
  const result = parts.runMatrices(table, () => {
    done += 1;
    tell(values, `${table.title}: ${done} of ${table.matrices.length}`);
  });
  tell(values, '');
  // Without the two options it fails where plain Raft must: the table shows it.
  if (Object.keys(table.options).length === 0 && result.failures.length > 0) process.exitCode = 1;
  return { part: 'links', ...result, seconds: (performance.now() - begun) / 1000 };
}

function tell({ json }, text) {
  if (!json) progress(text);
}

function report({ json }, result) {
  console.log(json ? JSON.stringify(result) : lines(result).join('\n'));
}

function lines(result) {
  const time = `${result.seconds.toFixed(1)} s`;
  if (result.part === 'links') return linkLines(result, time);
  const { title, start, depth, isComplete, states, transitions, coreRuns, violation } = result;
  const from = start === 0 ? '' : ` after ${start}`;
  const reached = isComplete ? `complete at depth ${depth}` : `depth ${depth}`;
  const head = `${title}\n  ${reached}${from}, ${states} states, ${transitions} choices tried, ${coreRuns} runs of the core, ${time}`;
  if (result.part === 'mutant') {
    if (violation === undefined) return [`mutant: ${head}`, '  not found'];
    const { property, choices } = violation;
    return [
      `mutant: ${head}`,
      `  ${property}`,
      `  ${choices.length} choices: ${choices.join('; ')}`,
    ];
  }
  if (violation === undefined) return [head];
  const rerun = `${result.flags} --choices '${violation.choices.join('; ')}'`;
  return [head, `  VIOLATION ${violation.property}`, `  npm run exhaustive -- ${rerun}`];
}

function linkLines(result, time) {
  const { title, matrices, trials, mustServe, cannotServe, failures, worst, surprises } = result;
  return [
    `links: ${title}`,
    `  ${matrices} matrices, ${trials} trials, ${mustServe} must be served, ${cannotServe} cannot, ${time}`,
    `  served: first commit within ${worst.firstCommit} election timeouts, longest pause ${worst.longestPause}, ${worst.leaders} leaders and ${worst.terms} terms at most`,
    `  not served: ${failures.length}; served against expectation: ${surprises}`,
    ...failures.slice(0, 5).map((failure) => `    ${JSON.stringify(failure)}`),
  ];
}
