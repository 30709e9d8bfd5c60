/**
 * Makes a fresh clone ready to run: dependencies as package-lock.json names them, then the build.
 * When nothing has changed it takes a fraction of a second, so every command begins with it.
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, root } from './project.mjs';

/** What stops a preparation: a sentence for the person who typed the command, and no stack. */
class PreparationError extends Error {}

/** Installs and builds if needed. Ends the process with status 1 and a sentence when it cannot. */
export function prepare() {
  try {
    checkNodeVersion();
    installIfNeeded();
    build();
  } catch (error) {
    if (!(error instanceof PreparationError)) throw error;
    console.error(`\nquorate: ${error.message}`);
    process.exit(1);
  }
}

function checkNodeVersion() {
  const wanted = readJson('package.json').engines.node.replace('>=', '');
  if (!isAtLeast(process.versions.node, wanted)) {
    throw new PreparationError(
      `Node.js ${wanted} or later is needed, this is ${process.versions.node} (${process.execPath}). ` +
        'Install a newer one from https://nodejs.org and try again.',
    );
  }
}

function isAtLeast(version, wanted) {
  const [a, b] = [version, wanted].map((text) => text.split('.').map(Number));
  const differing = b.findIndex((part, i) => part !== (a[i] ?? 0));
  return differing === -1 || (a[differing] ?? 0) > b[differing];
}

function installIfNeeded() {
  const reason = whyInstall();
  if (reason === undefined) return;
  console.log(`quorate: installing dependencies (${reason}); this takes about a minute`);
  const begun = performance.now();
  // Their binaries are in the packages, so no dependency's install script needs to run.
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (npm.error !== undefined) {
    throw new PreparationError(
      `npm could not be started: ${npm.error.message}. It comes with Node.js.`,
    );
  }
  if (npm.status !== 0) {
    throw new PreparationError(
      `npm ci failed (${ending(npm)}). Its own words are above; it needs the package registry once. ` +
        'Try again when that is reachable.',
    );
  }
  console.log(`quorate: dependencies installed in ${secondsSince(begun)} s`);
}

/**
 * npm leaves a list of what it installed in node_modules, as its last act. It is compared with
 * package-lock.json instead of a stamp of our own, so that an `npm install` by hand counts too and
 * an installation that was interrupted does not.
 */
function whyInstall() {
  const listed = join('node_modules', '.package-lock.json');
  if (!existsSync(join(root, listed))) return 'node_modules is missing or incomplete';
  const installed = readJson(listed).packages;
  for (const [path, wanted] of Object.entries(readJson('package-lock.json').packages)) {
    if (!path.includes('node_modules/')) continue;
    const found = installed[path];
    if (found === undefined) {
      if (wanted.optional) continue;
      return `${path} is missing`;
    }
    if (found.version !== wanted.version || found.integrity !== wanted.integrity) {
      return `${path} is ${found.version}, package-lock.json says ${wanted.version}`;
    }
  }
  return undefined;
}

function build() {
  const begun = performance.now();
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const tsc = spawnSync(process.execPath, [compiler, '-b'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (tsc.status !== 0)
    throw new PreparationError(`the build failed (tsc -b: ${ending(tsc)}), see above`);
  const elapsed = performance.now() - begun;
  if (elapsed > 500) console.log(`quorate: built in ${secondsSince(begun)} s`);
}

const ending = (child) => child.error?.message ?? child.signal ?? `status ${child.status}`;
const secondsSince = (begun) => ((performance.now() - begun) / 1000).toFixed(1);
