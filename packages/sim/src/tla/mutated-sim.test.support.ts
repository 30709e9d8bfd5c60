/** The compiled simulator on a copy of the compiled core with one rule changed. Tests only. */

import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { applyEdit, type Edit } from '../core-bugs.test.support.ts';
import type { runForTla } from './run.ts';

/** @throws {Error} if the core no longer has the text that is to be changed. */
export async function mutatedRun(
  edits: Readonly<Record<'core' | 'sim', readonly Edit[]>>,
): Promise<typeof runForTla> {
  const { resolve } = createRequire(import.meta.url);
  const directory = mkdtempSync(join(tmpdir(), 'quorate-tla-'));
  const modules = join(directory, 'node_modules', '@quorate');
  try {
    mkdirSync(modules, { recursive: true });
    for (const name of ['core', 'wire', 'kv', 'check', 'sim']) {
      const home = dirname(dirname(resolve(`@quorate/${name}`)));
      const filter = (path: string) => !/\.(test\..*|map|ts|tsbuildinfo)$/.test(path);
      cpSync(join(home, 'dist'), join(modules, name, 'dist'), { recursive: true, filter });
      cpSync(join(home, 'package.json'), join(modules, name, 'package.json'));
    }
    for (const name of ['core', 'sim'] as const) {
      for (const edit of edits[name]) applyEdit(join(modules, name, 'dist'), edit);
    }
    const sim: { runForTla: typeof runForTla } = await import(
      `${pathToFileURL(modules)}/sim/dist/index.js`
    );
    return sim.runForTla;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
