/**
 * A process that fights for a lock: takes and gives it back some times, and at last is killed while
 * it holds it. Prints a line for each time it found somebody else inside.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type DirectoryLock, lockDirectory } from './directory-lock.ts';

const [directory, rounds] = [process.argv[2]!, Number(process.argv[3])];
const witness = join(directory, 'inside');

/** A process that was killed stays in the table until its parent has noticed. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !'ZX'.includes(stat.slice(stat.lastIndexOf(')') + 2)[0]!);
  } catch {
    return false;
  }
}

async function acquired(): Promise<DirectoryLock> {
  for (;;) {
    try {
      return await lockDirectory(directory);
    } catch (error) {
      if ((error as { code?: string }).code !== 'RAFT_DIRECTORY_LOCKED') throw error;
      await nextTurn();
    }
  }
}

for (let round = 1; round <= rounds; round += 1) {
  const lock = await acquired();
  const inside = Number(readFileSync(witness, 'utf8'));
  if (inside !== 0 && isRunning(inside)) console.log(`${process.pid} met ${inside}`);
  writeFileSync(witness, String(process.pid));
  await nextTurn();
  if (Number(readFileSync(witness, 'utf8')) !== process.pid)
    console.log(`${process.pid} was joined`);
  if (round === rounds) {
    console.log('entered');
    process.kill(process.pid, 'SIGKILL');
  }
  writeFileSync(witness, '0');
  await lock.release();
}
