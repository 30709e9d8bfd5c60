/** A log as a recovery sees it, read without writing a byte. */

import {
  ascending,
  type Configuration,
  configurationOf,
  type EntryId,
  type HardState,
  INDEX_ZERO,
  isVoter,
  type LogIndex,
  membersOf,
  type NodeId,
  nextIndex,
} from '@quorate/core';
import type { FileSystem } from '../storage/file-system.ts';
import type { StoredIdentity } from '../storage/identity.ts';
import { logDirectory } from '../storage/log-directory.ts';
import type { LogShape } from '../storage/log-shape.ts';
import { type RecoveredLog, recoverLog } from '../storage/recovery.ts';
import { missingEntry } from './first-entry.ts';

export interface ExaminedLog {
  readonly hardState: HardState;
  readonly lastEntry: EntryId;
  /** Of the first entry that is in the log. */
  readonly firstIndex: LogIndex;
  readonly snapshotIndex: LogIndex;
  readonly role: 'voter' | 'learner' | 'removed';
  /** Who are members by that configuration, or are to be. */
  readonly members: readonly NodeId[];
  /** Everybody else who was ever a member, as far as is known here. Ascending. */
  readonly others: readonly NodeId[];
  readonly warnings: readonly string[];
}

/** @throws {RaftError} `RAFT_STORAGE_CORRUPT` */
export async function examineLog(
  fileSystem: FileSystem,
  directory: string,
  identity: StoredIdentity,
): Promise<ExaminedLog> {
  const initial = initialConfigurationOf(identity);
  return readLog(fileSystem, logDirectory(directory), identity.salt, initial, (log) => {
    const { shape, warnings } = log;
    const missing = missingEntry(identity, shape);
    if (missing !== undefined) shape.applyWrite(missing, [NOWHERE]);
    return examineShape(shape, identity, warnings);
  });
}

/** What is in the files of a log. They stay open until `read` has answered. */
export async function readLog<Found>(
  fileSystem: FileSystem,
  directory: string,
  salt: number,
  initialConfiguration: Configuration,
  read: (log: RecoveredLog) => Found,
): Promise<Found> {
  const options = { directory, salt, initialConfiguration };
  const log = await recoverLog({ ...options, fileSystem: readOnly(fileSystem) });
  const { segments, prepared } = log;
  try {
    return read(log);
  } finally {
    for (const { file } of prepared === undefined ? segments : [...segments, prepared]) {
      await file.close();
    }
  }
}

export function examineShape(
  shape: LogShape,
  { nodeId, initialVoters }: Pick<StoredIdentity, 'nodeId' | 'initialVoters'>,
  warnings: readonly string[],
): ExaminedLog {
  const { hardState, base, lastIndex, snapshot, configurations } = shape.toStoredState();
  const all = [snapshot.configuration, ...configurations.map((entry) => entry.configuration)];
  const others = new Set([...all.flatMap(everybodyIn), ...(initialVoters as NodeId[])]);
  others.delete(nodeId as NodeId);
  const last = all.at(-1) as Configuration;
  return {
    hardState,
    lastEntry: { index: lastIndex, term: shape.termAt(lastIndex) },
    firstIndex: nextIndex(base.index),
    snapshotIndex: snapshot.index,
    role: roleIn(last, nodeId as NodeId),
    members: presentIn(last),
    others: ascending(others),
    warnings,
  };
}

/** What a log without a configuration in it began with. */
export function initialConfigurationOf({ nodeId, initialVoters }: StoredIdentity): Configuration {
  return configurationOf(initialVoters.length === 0 ? [nodeId] : initialVoters);
}

/** Of an entry that is only counted. */
export const NOWHERE = { firstIndex: INDEX_ZERO, segment: 0, offset: 0, byteLength: 0 };

function everybodyIn(configuration: Configuration): readonly NodeId[] {
  return [...presentIn(configuration), ...configuration.removed];
}

function presentIn(configuration: Configuration): readonly NodeId[] {
  const { next } = configuration;
  const coming = next === undefined ? [] : [...next.voters, ...next.learners];
  return [...membersOf(configuration), ...coming];
}

function roleIn(configuration: Configuration, id: NodeId): ExaminedLog['role'] {
  if (isVoter(configuration, id)) return 'voter';
  return configuration.learners.includes(id) ? 'learner' : 'removed';
}

/** Reading a log tidies it up; not here. */
function readOnly(fileSystem: FileSystem): FileSystem {
  const refuse = (): never => {
    throw new TypeError('an examination writes nothing');
  };
  return {
    list: (directory) => fileSystem.list(directory),
    open: (path) => fileSystem.open(path, 'read'),
    freeBytes: (directory) => fileSystem.freeBytes(directory),
    remove: () => Promise.resolve(),
    removeDirectory: refuse,
    makeDirectory: refuse,
    rename: refuse,
    truncate: refuse,
    syncDirectory: refuse,
  };
}
