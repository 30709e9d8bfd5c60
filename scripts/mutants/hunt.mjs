/** Puts mutants to their tests, one after another in each of some workshops. */

import { runTest } from './trial.mjs';
import { Workshop } from './workshop.mjs';

/**
 * @param onResult Called with `{ mutant, verdict, by, message, seconds }` as they come. The verdict is
 *   killed, survived, or `unknown` when the line is not there, the mutant does not compile, or its test
 *   does not pass without it.
 */
export async function hunt(mutants, { workshops = 1, onResult = () => {} }) {
  const queue = [...mutants];
  const passing = new Map();
  const works = Array.from({ length: Math.min(workshops, queue.length) }, () => new Workshop());
  try {
    return (await Promise.all(works.map(workOff))).flat();
  } finally {
    for (const workshop of works) workshop.remove();
  }

  async function workOff(workshop) {
    const results = [];
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const begun = performance.now();
      const found = await tryOut(workshop, mutant);
      const result = { mutant, ...found, seconds: (performance.now() - begun) / 1000 };
      onResult(result);
      results.push(result);
    }
    return results;
  }

  async function tryOut(workshop, mutant) {
    try {
      await requirePassing(workshop, mutant);
      const found = await workshop.withMutant(mutant, () => runTest(mutant, workshop.directory));
      return judge(mutant, found);
    } catch (error) {
      return { verdict: 'unknown', by: 'error', message: error.message };
    }
  }

  /** Once for each test. */
  async function requirePassing(workshop, mutant) {
    const { test } = mutant;
    const key = `${test.path} ${test.name}`;
    if (!passing.has(key)) {
      const passed = workshop.unchanged(() => runTest(mutant, workshop.directory));
      passing.set(key, passed);
    }
    const found = await passing.get(key);
    if (found.kind === 'passed') return;
    const why = found.message ?? 'it does not end';
    throw new Error(`without a mutant "${test.name}" does not pass: ${why}`);
  }
}

function judge({ test, dies }, found) {
  switch (found.kind) {
    case 'broken':
      return { verdict: 'unknown', by: 'error', message: found.message };
    case 'passed':
      return { verdict: 'survived', by: 'nobody', message: `"${test.name}" passes` };
    case 'hung':
      return { verdict: dies === 'hang' ? 'killed' : 'survived', by: 'hang', message: 'no end' };
    default: {
      const { by, isFinding, message } = found;
      const isKilled = dies === undefined ? isFinding : by === dies;
      return { verdict: isKilled ? 'killed' : 'survived', by, message };
    }
  }
}
