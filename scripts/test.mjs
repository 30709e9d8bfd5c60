/**
 * `npm test`: prepares, checks format and lint, runs every test.
 * `npm test -- PATTERN`: only the test files whose path contains PATTERN, and no lint.
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepare } from './prepare.mjs';
import { filesBelow, packageNames, root } from './project.mjs';

/** Longest time for one test and for one file, in milliseconds. Only a test that hangs meets it. */
const TIMEOUT_MS = 300_000;
/** Test files at a time: many wait for elections and disks, so two fit one core each and more do not. */
const CONCURRENCY = 2;

const patterns = process.argv.slice(2);
prepare();

const files = testFiles();
if (files.length === 0) {
  console.error(
    `quorate: no test file has ${patterns.map((p) => `"${p}"`).join(' or ')} in its path`,
  );
  process.exit(1);
}

const lintPassed = patterns.length > 0 || lint();
console.log(`quorate: ${files.length} test files`);
const tests = run(process.execPath, [
  '--test',
  '--test-reporter=spec',
  `--test-concurrency=${CONCURRENCY}`,
  `--test-timeout=${TIMEOUT_MS}`,
  ...files,
]);
if (!lintPassed) console.error('quorate: the lint failed, see the top of this output');
process.exitCode = tests === 0 && lintPassed ? 0 : 1;

/**
 * Named by their sources: a compiled test whose source is gone does not run, and a node:test that
 * is older than the pattern language (Node.js 20) needs the list.
 */
function testFiles() {
  const compiled = packageNames().flatMap((name) =>
    filesBelow(`packages/${name}/src`)
      .filter((path) => path.endsWith('.test.ts'))
      .map((path) => path.replace(/\/src\//, '/dist/').replace(/\.ts$/, '.js')),
  );
  const scripts = filesBelow('scripts').filter((path) => path.endsWith('.test.mjs'));
  return [...scripts, ...compiled].filter(
    (path) => patterns.length === 0 || patterns.some((pattern) => path.includes(pattern)),
  );
}

function lint() {
  const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  if (run(process.execPath, [biome, 'check', '.']) === 0) return true;
  console.error('quorate: the lint failed; `npm run format` mends what can be mended');
  return false;
}

function run(command, args) {
  const child = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (child.error !== undefined) throw child.error;
  return child.status ?? 1;
}
