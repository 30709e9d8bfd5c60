/** One named test, run alone, and what it says of a mutant. */

import { fileURLToPath } from 'node:url';
import { MARK } from './reporter.mjs';
import { run } from './workshop.mjs';

const reporter = fileURLToPath(new URL('./reporter.mjs', import.meta.url));
const exactly = (name) => `^${name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}$`;
const compiledOf = (path) => path.replace('/src/', '/dist/').replace(/\.ts$/, '.js');

/** A mutant that hangs is waited for no longer. */
export const LIMIT_MS = 60_000;

/**
 * @returns `{ kind: 'passed' }`, `{ kind: 'failed', by, isFinding, message }`, `{ kind: 'hung' }`, or
 *   `{ kind: 'broken', message }` when the test did not run. `isFinding`: an assertion, an invariant or
 *   a property said so, and not an error that just happened.
 */
export async function runTest({ path, name }, directory, limitMs = LIMIT_MS) {
  const flags = [`--test-reporter=${reporter}`, '--test-reporter-destination=stdout'];
  const args = [...flags, `--test-name-pattern=${exactly(name)}`, compiledOf(path)];
  const { status, output } = await run(args, directory, limitMs);
  const results = output
    .split('\n')
    .filter((line) => line.startsWith(MARK))
    .map((line) => JSON.parse(line.slice(MARK.length)));
  const result = results.find((each) => each.name === name && each.outcome !== 'skipped');
  if (status === undefined || hasNothingToDo(result)) return { kind: 'hung' };
  if (result?.outcome === 'failed') return failed(result);
  if (result?.outcome === 'passed' && status === 0) return { kind: 'passed' };
  const rest = output.split('\n').filter((line) => !line.startsWith(MARK));
  return { kind: 'broken', message: `${path} ran no test "${name}"\n${rest.join('\n').trim()}` };
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
function hasNothingToDo(result) {
  return result?.outcome === 'failed' && /still pending/.test(result.message);
}
