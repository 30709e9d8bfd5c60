/**
 * `npm run sim:browser`: the same seeds in Node.js and in Chromium. A run must be the same, bit for
 * bit, in both; docs/simulation.md says why that can be had.
 */

import { evaluateInBrowser, findBrowser, NO_BROWSER } from './browser.mjs';
import { runCommand, TEXT, wholeNumber } from './flags.mjs';
import { prepare } from './prepare.mjs';

const USAGE = `npm run sim:browser -- [options]

  --seeds 20      so many runs
  --seed 1        from this one
  --timeout 300   seconds that the browser may take for all`;

export const DEFAULT_SEEDS = 20;

/** Digests of a run with random faults, and of a trace, of each seed. Runs in either place. */
const DIGESTS = `
  const runs = [];
  const begun = performance.now();
  for (let seed = argument.first; seed < argument.first + argument.count; seed++) {
    const { digest, ...report } = await sim.runChaos(seed);
    const { lines } = await sim.runForTla(seed, argument.traceLines);
    runs.push({ seed, digest, report: JSON.stringify(report), trace: lines.join('\\n') });
  }
  return { runs, seconds: (performance.now() - begun) / 1000 };
`;

/** Lines of the TLA+ trace that is compared too. */
const TRACE_LINES = 300;

/** @returns {Promise<Comparison>} Runs of both places, and the seeds that differ. */
export async function compareEngines({ browser, first, count, timeoutMs }) {
  const sim = await import('../packages/sim/dist/index.js');
  const argument = { first, count, traceLines: TRACE_LINES };
  const AsyncFunction = (async () => {}).constructor;
  const node = await new AsyncFunction('sim', 'argument', DIGESTS)(sim, argument);
  const chromium = await evaluateInBrowser(browser, { body: DIGESTS, argument, timeoutMs });
  const rows = node.runs.map((run, at) => ({ node: run, chromium: chromium.runs[at] }));
  return { rows: rows.map(compared), nodeSeconds: node.seconds, chromiumSeconds: chromium.seconds };
}

function compared({ node, chromium }) {
  const fields = ['seed', 'digest', 'report', 'trace'];
  const differences = fields.filter((field) => node[field] !== chromium?.[field]);
  return { seed: node.seed, node: node.digest, chromium: chromium?.digest, differences };
}

async function main(values) {
  const browser = findBrowser();
  if (browser === undefined)
    throw new Error(`${NO_BROWSER}. Debian has it as the package chromium.`);
  const first = wholeNumber('seed', values.seed) ?? 1;
  const count = wholeNumber('seeds', values.seeds) ?? DEFAULT_SEEDS;
  const timeoutMs = 1000 * (wholeNumber('timeout', values.timeout) ?? 300);
  prepare();
  const { rows, ...seconds } = await compareEngines({ browser, first, count, timeoutMs });
  console.log(['seed'.padStart(8), 'Node.js'.padEnd(16), 'Chromium'.padEnd(16), ''].join('  '));
  for (const { seed, node, chromium, differences } of rows) {
    const verdict = differences.length === 0 ? 'the same' : `DIFFERENT: ${differences.join(', ')}`;
    console.log([String(seed).padStart(8), node, chromium, verdict].join('  '));
  }
  const { nodeSeconds, chromiumSeconds } = seconds;
  console.log(
    `${nodeSeconds.toFixed(1)} s in Node.js, ${chromiumSeconds.toFixed(1)} s in Chromium`,
  );
  const different = rows.filter(({ differences }) => differences.length > 0);
  if (different.length > 0) throw new Error(`${different.length} of ${count} runs differ`);
}

if (process.argv[1] === import.meta.filename) {
  await runCommand(USAGE, { seeds: TEXT, seed: TEXT, timeout: TEXT }, main);
}
