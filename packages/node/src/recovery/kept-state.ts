/** The state before the first entry of a log: in an on-disk state machine, or in a snapshot. */

import { RaftError } from '../errors.ts';
import { snapshotIndexOfName } from '../storage/disk-snapshots.ts';
import type { FileSystem } from '../storage/file-system.ts';
import type { ExaminedLog } from './examine-log.ts';

/**
 * Refuses to keep a log that leads nowhere, as the next start would (start-machine.ts).
 *
 * @param snapshots The directory where they are.
 * @param appliedIndex Where an on-disk state machine stands; undefined: nobody has said.
 * @param whose For errors, "the state machine" of what.
 * @throws {RaftError} `RAFT_STORAGE_CORRUPT`
 */
export async function requireState(
  fileSystem: FileSystem,
  snapshots: string,
  { firstIndex, snapshotIndex }: ExaminedLog,
  appliedIndex: number | undefined,
  whose: string,
): Promise<void> {
  if (appliedIndex === undefined || appliedIndex >= firstIndex - 1) return;
  const indexes = (await namesIn(fileSystem, snapshots)).map(snapshotIndexOfName);
  if (indexes.includes(snapshotIndex)) return;
  const problem = `${whose} stands at ${appliedIndex}, but the log begins with ${firstIndex}`;
  const remedy = 'the state was lost: recover another survivor, or restore a backup';
  throw new RaftError('RAFT_STORAGE_CORRUPT', `${problem}; ${remedy}`);
}

/** The directory comes with the first snapshot. */
async function namesIn(fileSystem: FileSystem, directory: string): Promise<readonly string[]> {
  try {
    return await fileSystem.list(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
