/** docs/paper-map.md tells the truth: it is whole, and what it names is there. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readText, root } from './project.mjs';
import { codeOf } from './source-text.mjs';

const PAGE = 'docs/paper-map.md';

/** What the page must speak of: Figure 2 box by box, Figure 13, the sections, the dissertation. */
const RULES = [
  ...[
    'currentTerm',
    'votedFor',
    'log[]',
    'commitIndex',
    'lastApplied',
    'nextIndex[]',
    'matchIndex[]',
  ],
  ...['arguments', 'results', '1', '2', '3', '4', '5'].map((rule) => `AppendEntries ${rule}`),
  ...['arguments', 'results', '1', '2'].map((rule) => `RequestVote ${rule}`),
  ...['1', '2'].flatMap((rule) => [`All Servers ${rule}`, `Followers ${rule}`]),
  ...['1', '2', '3', '4'].map((rule) => `Candidates ${rule}`),
  ...['1', '2', '3', '3a', '3b', '4'].map((rule) => `Leaders ${rule}`),
  ...['5.1', '5.2', '5.3', '5.4.1', '5.4.2', '5.4.3', '5.5', '5.6', '6', '7', '8'].map(
    (n) => `§${n}`,
  ),
  ...['arguments', '1', '2', '3', '4', '5', '6', '7', '8'].map((rule) => `InstallSnapshot ${rule}`),
  ...['3.10', '4.1', '4.2.1', '4.2.2', '4.2.3', '6.2', '6.3', '6.4', '9.6', '10.2.1'].map(
    (n) => `Dissertation ${n}`,
  ),
];

const rows = readText(PAGE)
  .split('\n')
  .filter((line) => line.startsWith('| **'))
  .map((line) => {
    const [rule, paper, file, name] = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    return {
      rule: /^\*\*(.+?)\*\*/.exec(rule)[1],
      paper,
      files: inBackticks(file).map((path) =>
        path.startsWith('packages/') ? path : `packages/core/src/${path}`,
      ),
      names: inBackticks(name),
    };
  });

function inBackticks(cell) {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text);
}

/** `name` at the top of the file, or `Owner.member` in the class or interface `Owner`. */
function declares(code, name) {
  const [owner, member] = name.split('.');
  const declaration = new RegExp(
    `^(?:export )?(?:declare )?(?:async )?(?:function\\*?|class|interface|type|const) ${owner}\\b`,
    'm',
  ).exec(code);
  if (declaration === null || member === undefined) return declaration !== null;
  const body = code.slice(declaration.index).split(/^}/m)[0];
  return new RegExp(`^ {2}(?:(?:readonly|get|static|async) |#)*${member}\\b`, 'm').test(body);
}

test('every rule is in the table, and no other', () => {
  const found = new Set(rows.map(({ rule }) => rule));
  assert.deepEqual(
    RULES.filter((rule) => !found.has(rule)),
    [],
    `missing from ${PAGE}`,
  );
  assert.deepEqual(
    [...found].filter((rule) => !RULES.includes(rule)),
    [],
    `unknown in ${PAGE}`,
  );
});

for (const { rule, paper, files, names } of rows) {
  test(`${rule} is where the table says: ${names.join(', ')}`, () => {
    assert.match(paper, /§|Figure/, 'no section of the paper');
    assert.ok(files.length > 0 && names.length > 0, 'no file or no name');
    for (const path of files) assert.ok(existsSync(join(root, path)), `${path} is not there`);
    const codes = files.map((path) => codeOf(readText(path)));
    for (const name of names) {
      assert.ok(
        codes.some((code) => declares(code, name)),
        `${files.join(' and ')} declares no ${name}`,
      );
    }
  });
}
