/** Every file in packages/sim/scenarios, each a test of its own. */

import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { playScenario } from './run.ts';
import { parseScenario } from './scenario.ts';

const FOLDER = new URL('../../scenarios/', import.meta.url);

for (const file of readdirSync(FOLDER).sort()) {
  const name = `packages/sim/scenarios/${file}`;
  const parsed = parseScenario(readFileSync(new URL(file, FOLDER), 'utf8'), name);
  test(`${file}: ${parsed.scenario.title}`, () => playScenario(parsed, { file: name }));
}
