/** The compiled simulator on a copy of the compiled core with one rule changed. Tests only. */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { runForTla } from './run.ts';

export interface Edit {
  /** @default 'core' */
  readonly package?: 'core' | 'sim';
  /** Compiled. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** @throws {Error} if the core no longer has the text that is to be changed. */
export async function mutatedRun(edits: readonly Edit[]): Promise<typeof runForTla> {
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
    for (const { package: name = 'core', file, from, to } of edits) {
      const path = join(modules, name, 'dist', file);
      const text = readFileSync(path, 'utf8');
      if (!text.includes(from)) throw new Error(`${file} has no "${from}"`);
      writeFileSync(path, text.replaceAll(from, to));
    }
    const sim: { runForTla: typeof runForTla } = await import(
      `${pathToFileURL(modules)}/sim/dist/index.js`
    );
    return sim.runForTla;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
