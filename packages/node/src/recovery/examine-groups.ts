/** The groups of a host as a recovery sees them, read without writing a byte. */

import { configurationOf } from '@quorate/core';
import type { FileSystem } from '../storage/file-system.ts';
import { sharedLogDirectory } from '../storage/host-directory.ts';
import type { StoredIdentity } from '../storage/identity.ts';
import { DiskLogReader, filesOf } from '../storage/log-reader.ts';
import type { RecoveredLog } from '../storage/recovery.ts';
import { RemovedGroups } from '../storage/removed-groups.ts';
import { GroupState } from '../storage/shared/group-state.ts';
import { replayGroups } from '../storage/shared/replay.ts';
import { type ExaminedLog, examineShape, NOWHERE, readLog } from './examine-log.ts';
import { missingEntries } from './first-entries.ts';

export interface ExaminedGroups {
  /** Ascending by id. */
  readonly groups: ReadonlyMap<number, ExaminedLog>;
  /** The end of the log that they share. */
  readonly lastRecord: number;
  readonly warnings: readonly string[];
}

/** @throws {RaftError} `RAFT_STORAGE_CORRUPT` */
export async function examineGroups(
  fileSystem: FileSystem,
  directory: string,
  identity: StoredIdentity,
): Promise<ExaminedGroups> {
  const nobody = configurationOf([]);
  const path = sharedLogDirectory(directory);
  const removed = await RemovedGroups.open(fileSystem, directory);
  return readLog(fileSystem, path, identity.salt, nobody, (log) =>
    groupsIn(log, path, identity, removed),
  );
}

function groupsIn(
  { shape, segments, warnings }: RecoveredLog,
  directory: string,
  identity: StoredIdentity,
  removed: RemovedGroups,
): ExaminedGroups {
  const reader = new DiskLogReader(shape, filesOf(segments));
  const { base, lastIndex } = shape;
  const states = replayGroups({
    ...{ reader, base: base.index, lastRecord: lastIndex, directory },
    isRemoved: (group) => removed.has(group),
  });
  const stateOf = (group: number) => states.get(group) ?? new GroupState(group, false);
  const missing = missingEntries(identity, lastIndex, stateOf);
  for (const { state, write } of missing) state.applyWrite(write, [NOWHERE], lastIndex + 1);
  const groups = new Map(
    [...states.values()]
      .sort((a, b) => a.id - b.id)
      .map((state) => [state.id, examineShape(state.shape, identity, [])]),
  );
  const lastRecord = lastIndex + (missing.length > 0 ? 1 : 0);
  return { groups, lastRecord, warnings };
}
