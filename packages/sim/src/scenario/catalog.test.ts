/** docs/scenarios.md lists all scenarios, by what they cite, and every section of the paper is played. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseScenario, type Scenario } from './scenario.ts';

const FOLDER = new URL('../../scenarios/', import.meta.url);
const PAGE = new URL('../../../../docs/scenarios.md', import.meta.url);

const CITATION =
  /^(§[5-8](\.\d(\.\d)?)?(, its end)?|Figure \d+( .*|, .*)?|dissertation §\d+(\.\d+){0,2}( .*)?|hazard \d+|CHANGELOG: .*)$/;

const scenarios = readdirSync(FOLDER)
  .sort()
  .map((file) => {
    const name = file.replace(/\.scenario$/, '');
    const text = readFileSync(new URL(file, FOLDER), 'utf8');
    return { name, scenario: parseScenario(text, file).scenario };
  });

function rowOf(name: string, { title, sources }: Scenario): string {
  const link = `[${name}](../packages/sim/scenarios/${name}.scenario)`;
  return `| ${link} | ${title} | ${sources.join('; ')} |`;
}

test('docs/scenarios.md has a row for each scenario, and no others', () => {
  const rows = scenarios.map(({ name, scenario }) => rowOf(name, scenario));
  const page = readFileSync(PAGE, 'utf8');
  const found = page
    .split('\n')
    .filter((line) => line.startsWith('| [') && line.includes('.scenario)'));
  assert.deepEqual(found, rows, `the table must be:\n${rows.join('\n')}`);
});

test('docs/hazards.md names each scenario under every hazard that it cites', () => {
  const page = readFileSync(new URL('../../../../docs/hazards.md', import.meta.url), 'utf8');
  const entries = page.split(/^## (?=\d+\. )/m);
  for (const { name, scenario } of scenarios) {
    for (const source of scenario.sources.filter((each) => each.startsWith('hazard '))) {
      const entry = entries.find((text) => text.startsWith(`${source.slice('hazard '.length)}. `));
      assert.ok(entry?.includes(`\`${name}\``), `${source} does not name ${name}`);
    }
  }
});

test('every citation can be looked up', () => {
  for (const { name, scenario } of scenarios) {
    for (const source of scenario.sources) assert.match(source, CITATION, name);
  }
});

test('every section of the paper about the protocol is played', () => {
  const cited = new Set(scenarios.flatMap(({ scenario }) => scenario.sources));
  const sections = ['§5.1', '§5.2', '§5.3', '§5.4.1', '§5.4.2', '§5.5', '§5.6', '§6', '§7', '§8'];
  assert.deepEqual(
    sections.filter((section) => !cited.has(section)),
    [],
  );
});
