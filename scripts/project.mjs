/** Where things are in the checkout. What the other scripts share, and nothing else. */

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

export const readText = (path) => readFileSync(join(root, path), 'utf8');
export const readJson = (path) => JSON.parse(readText(path));

/** Folder names under packages/, in alphabetical order. */
export const packageNames = () =>
  readdirSync(join(root, 'packages'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, 'packages', entry.name, 'src')))
    .map((entry) => entry.name);

/** Files below `folder` (relative to the checkout, with forward slashes), sorted. */
export function filesBelow(folder) {
  const start = join(root, folder);
  if (!existsSync(start)) return [];
  return readdirSync(start, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

/** Files that git has or would take: tracked, or new and not ignored. */
export function projectFiles() {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const git = spawnSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (git.status !== 0) {
    throw new Error(`git ls-files failed, and these checks go by it: ${git.stderr ?? git.error}`);
  }
  const files = git.stdout
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(root, path)));
  return [...new Set(files)].sort();
}
