/** Small files that a person can read: whole, or as they were before. */

import { join } from 'node:path';
import { diskError } from './disk-errors.ts';
import { type FileSystem, writeAll } from './file-system.ts';

/** Room for the ids of a million groups. What is larger was not written here. */
const MOST_BYTES = 16_777_216;

/** Undefined when there is none of that name. */
export async function readSmallFile(
  fileSystem: FileSystem,
  directory: string,
  name: string,
): Promise<string | undefined> {
  if (!(await fileSystem.list(directory)).includes(name)) return undefined;
  const file = await fileSystem.open(join(directory, name), 'read');
  try {
    const bytes = new Uint8Array(Math.min(await file.size(), MOST_BYTES));
    const count = await file.read(bytes, 0);
    return new TextDecoder().decode(bytes.subarray(0, count));
  } finally {
    await file.close();
  }
}

/** A crash leaves the old file or the new one. */
export async function writeSmallFile(
  fileSystem: FileSystem,
  directory: string,
  name: string,
  text: string,
): Promise<void> {
  const path = join(directory, name);
  const temporary = `${path}.tmp`;
  try {
    const file = await fileSystem.open(temporary, 'create');
    try {
      await writeAll(file, [new TextEncoder().encode(text)], 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await fileSystem.rename(temporary, path);
    await fileSystem.syncDirectory(directory);
  } catch (cause) {
    throw diskError(cause, path);
  }
}
