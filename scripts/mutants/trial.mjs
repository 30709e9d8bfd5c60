/** One named test, run alone, and what it says of a mutant. */

import { fileURLToPath } from 'node:url';
import { MARK } from './reporter.mjs';
import { run } from './workshop.mjs';

const besides = (name) => fileURLToPath(new URL(name, import.meta.url));
const exactly = (name) => `^${name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}$`;
const compiledOf = (path) => path.replace('/src/', '/dist/').replace(/\.ts$/, '.js');

/** No test takes so long; one that does has hung. */
const LIMIT_MS = 60_000;
/** Where a hang is what the mutant does. Without it the test must pass in this time too. */
export const HANG_MS = 15_000;

/**
 * @returns `{ kind: 'passed' }`, `{ kind: 'failed', by, isFinding, message }`, `{ kind: 'hung' }`, or
 *   `{ kind: 'broken', message }` when the test did not run. `isFinding`: an assertion, an invariant or
 *   a property said so, and not an error that just happened.
 */
export async function runTest({ test, dies }, directory) {
  const { path, name } = test;
  const limitMs = dies === 'hang' ? HANG_MS : LIMIT_MS;
  const { status, output } = await run(argumentsOf(test), directory, limitMs);
  const results = output
    .split('\n')
    .filter((line) => line.startsWith(MARK))
    .map((line) => JSON.parse(line.slice(MARK.length)));
  const result = results.find((each) => each.name === name && each.outcome !== 'skipped');
  // One that has failed may still leave the process waiting.
  if (result?.outcome === 'failed' && !hasNothingToDo(result)) return failed(result);
  if (status === undefined || result?.outcome === 'failed') return { kind: 'hung' };
  if (result?.outcome === 'passed' && status === 0) return { kind: 'passed' };
  const rest = output.split('\n').filter((line) => !line.startsWith(MARK));
  return { kind: 'broken', message: `${path} ran no test "${name}"\n${rest.join('\n').trim()}` };
}

function argumentsOf({ path, name, seeds }) {
  if (seeds !== undefined) return [besides('./seeds.mjs'), String(seeds)];
  const reporter = `--test-reporter=${besides('./reporter.mjs')}`;
  const only = `--test-name-pattern=${exactly(name)}`;
  return [reporter, '--test-reporter-destination=stdout', only, compiledOf(path)];
}

function failed({ thrown, code, message }) {
  const [first] = message.split('\n');
  if (code === 'ERR_ASSERTION')
    return { kind: 'failed', by: 'assertion', isFinding: true, message: first };
  // Both begin with the name of the rule.
  const isNamed = thrown === 'InvariantViolation' || thrown === 'PropertyViolation';
  const by = isNamed ? message.split(':')[0] : (code ?? thrown ?? 'unknown');
  return { kind: 'failed', by, isFinding: isNamed, message: first };
}

/** node:test ends a test that waits when nothing could ever happen any more. */
function hasNothingToDo({ message }) {
  return /still pending/.test(message);
}
