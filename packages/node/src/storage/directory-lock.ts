/**
 * One process for each data directory, without help from the kernel (Node.js has no flock).
 *
 * The file `lock` names its owner: process id, start time and boot. An owner that no longer runs is
 * replaced. That only one successor replaces it is the difficulty: whoever looked earlier might
 * replace the successor. Therefore a claim is a hard link whose name contains the dead owner's
 * token, which is never used again, so that one process only can create it; after creating it the
 * process looks again whether the lock still is that dead owner's. While it is, nobody else can
 * have the claim, and nobody without the claim touches the lock. A claim whose owner died is
 * claimed in the same way.
 *
 * Guards the processes of one machine that see each other's process ids; containers that share a
 * directory do not.
 */

import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import { join } from 'node:path';
import { RaftError } from '../errors.ts';

export interface DirectoryLock {
  release(): Promise<void>;
}

export interface LockOwner {
  readonly pid: number;
  /** Clock ticks after boot, where /proc tells; tells a process from a later one of the same id. */
  readonly startTime: string;
  readonly boot: string;
  readonly token: string;
}

const LOCK = 'lock';

/** @throws {RaftError} `RAFT_DIRECTORY_LOCKED` naming the process. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const self: LockOwner = {
    pid: process.pid,
    startTime: await startTimeOf(process.pid),
    boot: await bootId(),
    token: randomBytes(12).toString('hex'),
  };
  const own = join(directory, `${LOCK}.${self.token}`);
  await writeDurably(own, JSON.stringify(self));
  try {
    await acquire(directory, self, own);
    await tidy(directory, self);
  } finally {
    await fs.rm(own, { force: true });
  }
  return { release: () => fs.rm(join(directory, LOCK), { force: true }) };
}

/**
 * Reads a directory that nobody has, without taking it and so without writing: a full disk can be read,
 * and one that is mounted read-only. Whoever takes the directory meanwhile makes names in it, which
 * changes its time.
 *
 * @throws {RaftError} `RAFT_DIRECTORY_LOCKED` when somebody has or had it: what was read may be of two times.
 */
export async function readUnlocked<Result>(
  directory: string,
  read: () => Promise<Result>,
): Promise<Result> {
  const before = await changedAt(directory);
  await requireUnlocked(directory);
  try {
    return await read();
  } finally {
    await requireUntouched(directory, before);
  }
}

async function requireUntouched(directory: string, before: bigint): Promise<void> {
  await requireUnlocked(directory);
  if ((await changedAt(directory)) !== before) throw joined(directory);
}

async function requireUnlocked(directory: string): Promise<void> {
  const owner = await readOwner(join(directory, LOCK));
  if (owner !== undefined && (await isRunning(owner, await bootId()))) {
    throw locked(directory, owner);
  }
}

/** In nanoseconds: when a name was last made, changed or removed in it. */
async function changedAt(directory: string): Promise<bigint> {
  return (await fs.stat(directory, { bigint: true })).mtimeNs;
}

/** Content before name: after a power cut the lock is readable, or not there. */
async function writeDurably(path: string, text: string): Promise<void> {
  const file = await fs.open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function acquire(directory: string, self: LockOwner, own: string): Promise<void> {
  const lock = join(directory, LOCK);
  for (;;) {
    if (await linked(own, lock)) return;
    const owner = await readOwner(lock);
    // Released between our two looks.
    if (owner === undefined) continue;
    if (await takeOver(directory, owner, self, own)) return;
  }
}

/**
 * Replaces a dead owner. False: the world has changed meanwhile, look again. Exported so that a test
 * can be late.
 */
export async function takeOver(
  directory: string,
  owner: LockOwner,
  self: LockOwner,
  own: string,
): Promise<boolean> {
  const claims: string[] = [];
  for (let dead = owner; ; ) {
    if (await isRunning(dead, self.boot)) throw locked(directory, dead);
    const claim = join(directory, `${LOCK}.claim.${dead.token}`);
    claims.push(claim);
    if (await linked(own, claim)) break;
    const claimant = await readOwner(claim);
    if (claimant === undefined) return false;
    dead = claimant;
  }
  const claim = claims.at(-1)!;
  if ((await readOwner(join(directory, LOCK)))?.token !== owner.token) {
    await fs.rm(claim, { force: true });
    return false;
  }
  const successor = `${own}.successor`;
  await fs.link(own, successor);
  await fs.rename(successor, join(directory, LOCK));
  // Only now: as long as a claim is there nobody else can have it.
  for (const path of claims) await fs.rm(path, { force: true });
  return true;
}

/**
 * The owner removes what killed contenders left. No claim that is there now can succeed: its dead
 * owner's token is not the lock's any more.
 */
async function tidy(directory: string, self: LockOwner): Promise<void> {
  for (const name of await fs.readdir(directory)) {
    if (!name.startsWith(`${LOCK}.`)) continue;
    const path = join(directory, name);
    const isClaim = name.startsWith(`${LOCK}.claim.`);
    const contender = isClaim ? undefined : await readOwner(path).catch(() => self);
    if (isClaim || (contender !== undefined && !(await isRunning(contender, self.boot)))) {
      await fs.rm(path, { force: true });
    }
  }
}

async function linked(existing: string, path: string): Promise<boolean> {
  try {
    await fs.link(existing, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Undefined when there is no such file. Links appear with their content, so it is whole. */
async function readOwner(path: string): Promise<LockOwner | undefined> {
  try {
    return JSON.parse(await fs.readFile(path, 'utf8')) as LockOwner;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (!(error instanceof SyntaxError)) throw error;
    throw new RaftError(
      'RAFT_STORAGE_CORRUPT',
      `${path} does not name its owner; if no process uses the directory, remove that file`,
      { cause: error, details: { file: path } },
    );
  }
}

async function isRunning(owner: LockOwner, boot: string): Promise<boolean> {
  if (owner.boot !== boot) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: it runs, but is another user's.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return (await startTimeOf(owner.pid)) === owner.startTime;
}

/** '' where there is no /proc, which makes the process id alone decide. */
async function startTimeOf(pid: number): Promise<string> {
  try {
    const stat = await fs.readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces; behind it come the state and 19 more fields.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // Ended, and only waits for its parent to hear of it.
    if (state === 'Z' || state === 'X') return 'ended';
    return fields[18] ?? '';
  } catch {
    return '';
  }
}

async function bootId(): Promise<string> {
  try {
    return (await fs.readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  } catch {
    return '';
  }
}

function locked(directory: string, { pid }: LockOwner): RaftError {
  const who = pid === process.pid ? 'this process itself' : `process ${pid}`;
  return new RaftError(
    'RAFT_DIRECTORY_LOCKED',
    `${directory} is in use by ${who}; stop it first, or choose another directory`,
    { details: { directory, pid } },
  );
}

function joined(directory: string): RaftError {
  return new RaftError(
    'RAFT_DIRECTORY_LOCKED',
    `${directory} was opened by another process while it was read; stop that one, then try again`,
    { details: { directory } },
  );
}
