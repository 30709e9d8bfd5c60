/**
 * The examples in the pages are true. Every code block that begins with ```ts is compiled against
 * the built packages, all blocks of a page apart; one marked ```ts run is run as well. A passage
 * that is not a program is marked ```ts sketch and only read by people.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { projectFiles, readText, root } from './project.mjs';

/** Inside the checkout, so that the packages are found; ignored by git and by the linter. */
const folder = join(root, 'dist', `docs-${process.pid}`);

const examples = projectFiles()
  .filter((path) => path.endsWith('.md'))
  .flatMap((page) =>
    [...readText(page).matchAll(/^```ts( run)?\n([\s\S]*?)^```$/gm)].map(([, run, code], i) => ({
      title: `${page}, example ${i + 1}`,
      file: `${page.replace(/\W+/g, '-')}-${i + 1}`,
      isRun: run !== undefined,
      code,
    })),
  );

const node = (...args) =>
  spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', timeout: 120_000 });

describe('examples', () => {
  before(() => {
    mkdirSync(folder, { recursive: true });
    // An example is a module even if it imports nothing.
    for (const { file, code } of examples) writeFileSync(join(folder, `${file}.mts`), code);
    const config = {
      extends: '../../tsconfig.base.json',
      compilerOptions: { composite: false, noUnusedLocals: false, rootDir: '.', outDir: 'out' },
      include: ['*.mts'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  test('there are some', () => assert.ok(examples.length > 0));

  test('compile', () => {
    const tsc = node(join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', '.');
    assert.equal(
      tsc.status,
      0,
      `the number in a file's name counts the page's blocks\n${tsc.stdout}`,
    );
  });

  for (const { title, file } of examples.filter(({ isRun }) => isRun)) {
    test(`${title} runs`, () => {
      const run = node(join('out', `${file}.mjs`));
      assert.equal(run.status, 0, run.stderr);
    });
  }
});
