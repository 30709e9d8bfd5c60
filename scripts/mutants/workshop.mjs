/**
 * A copy of the project in which one line can be wrong for a while. The packages are copied with what
 * is built of them, installed dependencies are linked, and the compiler builds the package whose line
 * was changed: what the test then sees is what it would see if somebody had made the mistake.
 */

import { spawn } from 'node:child_process';
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { packageNames, root } from '../project.mjs';

/** The source with the mutant's line in place of the right one. */
export function mutated({ id, file, before, after }, text) {
  const times = text.split(before).length - 1;
  if (times === 1) return text.replace(before, () => after);
  throw new Error(
    `${id}: ${file} has "${before}" ${times} times and not once; bring its row in scripts/mutants up to date`,
  );
}

export class Workshop {
  /** Of the copy. */
  directory = mkdtempSync(join(realpathSync(tmpdir()), 'quorate-mutants-'));
  /** Packages that are still built with a mutant in them. */
  #stale = new Set();

  constructor() {
    for (const name of packageNames()) {
      cpSync(join(root, 'packages', name), join(this.directory, 'packages', name), {
        recursive: true,
        filter: (path) => !path.endsWith(`${sep}node_modules`),
      });
    }
    for (const name of ['package.json', 'tsconfig.json', 'tsconfig.base.json']) {
      cpSync(join(root, name), join(this.directory, name));
    }
    this.#link('node_modules');
    process.once('exit', () => this.remove());
  }

  /** Everything installed as it is; our own packages as the copies. */
  #link(folder) {
    mkdirSync(join(this.directory, folder));
    for (const entry of readdirSync(join(root, folder))) {
      const path = join(folder, entry);
      if (entry.startsWith('@') && !lstatSync(join(root, path)).isSymbolicLink()) {
        this.#link(path);
        continue;
      }
      const real = relative(realpathSync(root), realpathSync(join(root, path)));
      const isOurs = real.startsWith(`packages${sep}`);
      symlinkSync(
        join(isOurs ? this.directory : root, isOurs ? real : path),
        join(this.directory, path),
      );
    }
  }

  /** Runs `work` with the mutant built in. */
  async withMutant(mutant, work) {
    const path = join(this.directory, mutant.file);
    const text = readFileSync(path, 'utf8');
    const name = mutant.file.split('/')[1];
    writeFileSync(path, mutated(mutant, text));
    try {
      await this.#build(name);
      return await work();
    } finally {
      writeFileSync(path, text);
      this.#stale.add(name);
    }
  }

  /** Runs `work` with everything as it should be. */
  async unchanged(work) {
    if (this.#stale.size > 0) await this.#build();
    return work();
  }

  /** And what is stale. */
  async #build(...names) {
    const packages = [...new Set([...names, ...this.#stale])].map((name) => join('packages', name));
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { status, output } = await run([compiler, '-b', ...packages], this.directory);
    if (status !== 0 && !isLeftOver(output)) throw new Error(`it does not compile:\n${output}`);
    this.#stale.clear();
  }

  remove() {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The mutant has left an import or a variable that is not used: the code is built all the same. */
function isLeftOver(output) {
  const errors = output.split('\n').filter((line) => /error TS\d+/.test(line));
  return errors.length > 0 && errors.every((line) => /error TS(6133|6192|6196|6198):/.test(line));
}

/** Runs Node.js. A process that takes longer than `limitMs` is killed and has status `undefined`. */
export function run(args, cwd, limitMs = 120_000) {
  // A test of ours may be who asks; the child is to report to us, not to that test's runner.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, limitMs);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ status: isLate ? undefined : (code ?? 1), output });
    });
  });
}
