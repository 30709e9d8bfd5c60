/** What every recovery asks of a directory first, and how it says no. */

import { badOption, requireDirectory } from '../checks.ts';
import { RaftError } from '../errors.ts';
import { lockDirectory, readUnlocked } from '../storage/directory-lock.ts';
import { directoryError } from '../storage/disk-errors.ts';
import { type FileSystem, nodeFileSystem } from '../storage/file-system.ts';
import { sharedLogDirectory } from '../storage/host-directory.ts';
import { lostIdentity, readIdentity, type StoredIdentity } from '../storage/identity.ts';
import { logDirectory } from '../storage/log-directory.ts';
import { segmentOfName } from '../storage/log-format.ts';

/** Does something with a directory that nobody else has open meanwhile. */
export function alone<Result>(directory: string, work: () => Promise<Result>): Promise<Result> {
  return ofServer(directory, async () => {
    const lock = await lockDirectory(directory);
    try {
      return await work();
    } finally {
      await lock.release();
    }
  });
}

/** Reads a directory that nobody has open meanwhile. Needs no room on the disk. */
export function unused<Result>(directory: string, read: () => Promise<Result>): Promise<Result> {
  return ofServer(directory, () => readUnlocked(directory, read));
}

async function ofServer<Result>(directory: string, work: () => Promise<Result>): Promise<Result> {
  requireDirectory(directory);
  try {
    await identityOf(nodeFileSystem, directory);
    return await work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw noServer(directory, error);
    throw directoryError(error, directory);
  }
}

export async function identityOf(
  fileSystem: FileSystem,
  directory: string,
): Promise<StoredIdentity> {
  const identity = await readIdentity(fileSystem, directory);
  if (identity !== undefined) return identity;
  throw (await holdsLog(fileSystem, directory)) ? lostIdentity(directory) : noServer(directory);
}

/** Many a directory has a `log` in it; one of ours has segments. */
async function holdsLog(fileSystem: FileSystem, directory: string): Promise<boolean> {
  for (const path of [logDirectory(directory), sharedLogDirectory(directory)]) {
    const names = await fileSystem.list(path).catch(() => []);
    if (names.some((name) => segmentOfName(name) !== undefined)) return true;
  }
  return false;
}

/** Oldest first. */
export const usedClusterIds = ({ clusterId, recovery }: StoredIdentity): readonly number[] => [
  ...(recovery?.formerClusterIds ?? []),
  clusterId,
];

export function requireNewId(newClusterId: number, identity: StoredIdentity): void {
  if (!Number.isSafeInteger(newClusterId) || newClusterId < 0) {
    const remedy = 'give a whole number of at least 0 that no cluster of yours has had';
    throw badOption(`newClusterId is ${newClusterId}`, remedy);
  }
  if (newClusterId === identity.clusterId) {
    const remedy = 'if it was recovered just now, start the server; else choose one never used';
    throw refused(`the directory belongs to cluster ${newClusterId} already; ${remedy}`);
  }
  if (usedClusterIds(identity).includes(newClusterId)) {
    const remedy = 'choose an id that was never used, or old members could come back';
    throw refused(`the directory belonged to cluster ${newClusterId} once; ${remedy}`);
  }
}

export function refused(message: string): RaftError {
  return new RaftError('RAFT_RECOVERY_REFUSED', message);
}

function noServer(directory: string, cause?: unknown): RaftError {
  return new RaftError(
    'RAFT_WRONG_DIRECTORY',
    `${directory} holds no server's data; name the data directory of a server that has run`,
    { cause, details: { directory } },
  );
}
