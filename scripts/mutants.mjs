/**
 * `npm run mutants`: puts bugs of one line back into the code, one at a time, and has the test that is
 * named for each find it. scripts/mutants/table.mjs says what a row means, docs/hazards.md what it is for.
 */

import { availableParallelism } from 'node:os';
import { oneOf, progress, runCommand, SWITCH, TEXT, wholeNumber } from './flags.mjs';
import { hunt } from './mutants/hunt.mjs';
import { MUTANTS } from './mutants/table.mjs';
import { prepare } from './prepare.mjs';

const USAGE = `npm run mutants -- [options]

  Without options: all of them. The status is 1 if a mutant survives.

  --only ID,ID    these
  --parallel N    as many at a time (the number of processors)
  --list          what there is, and nothing is run
  --json          one line of JSON for each, and no table`;

const OPTIONS = { only: TEXT, parallel: TEXT, list: SWITCH, json: SWITCH };

await runCommand(USAGE, OPTIONS, main);

async function main({ only, parallel, list, json }) {
  const ids = MUTANTS.map(({ id }) => id);
  const wanted = only?.split(',') ?? ids;
  for (const id of wanted) oneOf('only', id, ids);
  const chosen = MUTANTS.filter(({ id }) => wanted.includes(id));
  if (list) {
    for (const { id, wrong } of chosen) console.log(`${id.padEnd(32)}${wrong}`);
    return;
  }
  prepare();
  // An exit, so that the copies are removed.
  process.once('SIGINT', () => process.exit(1));
  const workshops = wholeNumber('parallel', parallel) ?? availableParallelism();
  const begun = performance.now();
  let done = 0;
  const onResult = (result) => {
    done += 1;
    if (json) console.log(JSON.stringify(plain(result)));
    else tell(result, `${done} of ${chosen.length}`);
  };
  const results = await hunt(chosen, { workshops, onResult });
  const isLeft = results.some(({ verdict }) => verdict !== 'killed');
  if (isLeft) process.exitCode = 1;
  if (!json) summarize(results, (performance.now() - begun) / 1000);
}

function plain({ mutant, verdict, by, message, seconds }) {
  const { id, hazards, wrong, file, test } = mutant;
  return { id, hazards, wrong, file, test, verdict, by, message, seconds };
}

function tell({ mutant, verdict, by, seconds }, done) {
  const { id, hazards, test } = mutant;
  const time = `${seconds.toFixed(1).padStart(5)} s`;
  const who = `${test.path.replace('packages/', '')}: ${test.name}`;
  const killer = verdict === 'killed' ? who : verdict.toUpperCase();
  progress('');
  console.log(`${id.padEnd(30)}${hazards.join(', ').padEnd(8)}${time}  ${by.padEnd(21)} ${killer}`);
  progress(done);
}

function summarize(results, seconds) {
  const left = results.filter(({ verdict }) => verdict !== 'killed');
  progress('');
  console.log(
    `\n${results.length - left.length} of ${results.length} killed in ${seconds.toFixed(0)} s`,
  );
  for (const { mutant, verdict, by, message } of left) {
    console.log(`\n${mutant.id} ${verdict.toUpperCase()}: ${mutant.wrong}\n  ${by}: ${message}`);
  }
}
