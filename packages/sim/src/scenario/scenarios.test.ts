/** Every file in packages/sim/scenarios, each a test of its own, and the example of docs/scenarios.md. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { playScenario } from './run.ts';
import { parseScenario } from './scenario.ts';

const FOLDER = new URL('../../scenarios/', import.meta.url);

for (const file of readdirSync(FOLDER).sort()) {
  const name = `packages/sim/scenarios/${file}`;
  const parsed = parseScenario(readFileSync(new URL(file, FOLDER), 'utf8'), name);
  const of = file.replace('.scenario', '');
  test(`${of}: ${parsed.scenario.title}`, async () => {
    await playScenario(parsed, { file: name });
  });
}

test('the example of docs/scenarios.md', async () => {
  const file = 'docs/scenarios.md';
  const page = readFileSync(new URL(`../../../../${file}`, import.meta.url), 'utf8');
  const [block] = /^ {4}title: .*\n(?:\n| {4}.*\n)*/m.exec(page)!;
  const parsed = parseScenario(block.replaceAll(/^ {4}/gm, ''), file);
  assert.ok(parsed.scenario.steps.length > 5);
  await playScenario(parsed, { file });
});
