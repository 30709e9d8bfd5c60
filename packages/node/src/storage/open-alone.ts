import { lockDirectory } from './directory-lock.ts';
import { directoryError } from './disk-errors.ts';
import { nodeFileSystem } from './file-system.ts';

/**
 * Opens what a data directory holds, and makes the directory if need be, while no other process has it.
 *
 * @param open Is given how to let go of the directory, and does so when what it opened is closed.
 * @throws {RaftError} `RAFT_DIRECTORY_LOCKED`, `RAFT_BAD_DIRECTORY`, `RAFT_DISK_FAILED`, `RAFT_DISK_FULL`.
 */
export async function openAlone<Opened>(
  directory: string,
  open: (release: () => Promise<void>) => Promise<Opened>,
): Promise<Opened> {
  try {
    await nodeFileSystem.makeDirectory(directory);
    const { release } = await lockDirectory(directory);
    try {
      return await open(release);
    } catch (error) {
      await release();
      throw error;
    }
  } catch (error) {
    throw directoryError(error, directory);
  }
}
