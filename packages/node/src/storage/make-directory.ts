import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a directory and what is missing above it, and answers what it made, outermost first.
 *
 * Node's own recursive `mkdir` never ends where a directory exists and lets nothing be created in
 * it by saying "no such file" (/proc): here each level is tried once.
 */
export async function makeDirectories(path: string, mode = 0o777): Promise<string[]> {
  const made: string[] = [];
  if (await exists(path)) return made;
  const parent = dirname(path);
  if (parent !== path) made.push(...(await makeDirectories(parent, mode)));
  try {
    await mkdir(path, { mode });
  } catch (error) {
    // Somebody else has made it meanwhile, as two servers that start at once below one directory do.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && (await exists(path))) return made;
    throw error;
  }
  return [...made, path];
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
