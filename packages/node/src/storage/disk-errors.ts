import { RaftError } from '../errors.ts';
import { reasonOf } from '../reason-of.ts';

/** Turns what the operating system said into what the caller can do about it. */
export function diskError(cause: unknown, file: string): RaftError {
  if (cause instanceof RaftError) return cause;
  const reason = reasonOf(cause);
  const options = { cause, details: { file } };
  if (isNoSpace(cause)) {
    return new RaftError(
      'RAFT_DISK_FULL',
      `no room on the disk for ${file} (${reason}); free some space, then start this server again`,
      options,
    );
  }
  return new RaftError(
    'RAFT_DISK_FAILED',
    `the disk failed at ${file} (${reason}); nothing is tried again, because the kernel may have ` +
      'dropped what it could not write: check the disk, then start this server again',
    options,
  );
}

/** What the system says of a path that is none, and of one that this process may not use. */
const NOT_USABLE = new Set([
  ...['EACCES', 'EEXIST', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS'],
  'ERR_INVALID_ARG_VALUE',
]);

/** Of a data directory that is being opened: what stands in the way is rarely the disk. */
export function directoryError(cause: unknown, directory: string): RaftError {
  const isOfDisk = cause instanceof RaftError && cause.code === 'RAFT_DISK_FAILED';
  const { code, message } = ((isOfDisk ? cause.cause : cause) ?? {}) as NodeJS.ErrnoException;
  if (!NOT_USABLE.has(String(code))) return diskError(cause, directory);
  return new RaftError(
    'RAFT_BAD_DIRECTORY',
    `${directory} cannot be used as a data directory (${message}); name a directory that this user ` +
      'may create, read and write, on a file system that is not read-only',
    { cause, details: { file: directory } },
  );
}

export function isNoSpace(cause: unknown): boolean {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

export function corruptLog(file: string, offset: number, what: string): RaftError {
  return new RaftError(
    'RAFT_STORAGE_CORRUPT',
    `${file} is damaged at byte ${offset}: ${what}. What is lost may have been acknowledged, so this ` +
      'server does not start on the rest. Remedy: restore the file from a copy, or remove this ' +
      'server from the cluster, empty its directory and add it again under a new id',
    { details: { file, offset } },
  );
}
