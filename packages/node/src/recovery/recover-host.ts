/**
 * As recover-cluster.ts, for a host with many groups: each of them gets this host as its only voter, and
 * the host a new cluster id, all at once.
 */

import { join } from 'node:path';
import { ascending, type NodeId } from '@quorate/core';
import { badOption, requireOptions, requireWhole } from '../checks.ts';
import { type FileSystem, nodeFileSystem } from '../storage/file-system.ts';
import { GROUPS, groupSnapshotsDirectory, sharedLogDirectory } from '../storage/host-directory.ts';
import { drawIncarnation, type StoredIdentity, writeIdentity } from '../storage/identity.ts';
import { RemovedGroups } from '../storage/removed-groups.ts';
import { SharedLog } from '../storage/shared/shared-log.ts';
import { type ExaminedGroups, examineGroups } from './examine-groups.ts';
import type { ExaminedLog } from './examine-log.ts';
import { beginRecoveredHost } from './first-entries.ts';
import { type KeptLog, keptOf } from './kept-log.ts';
import { requireState } from './kept-state.ts';
import {
  chosenOf,
  requireData,
  requireLeftAside,
  requireNobodyLeftBehind,
} from './which-groups.ts';
import {
  alone,
  identityOf,
  refused,
  requireNewId,
  unused,
  usedClusterIds,
} from './whose-directory.ts';

export interface HostRecoveryOptions {
  /** Of a host that does not run. */
  readonly directory: string;
  /**
   * Never used before: old hosts are told from new ones by it. A safe integer, 0 or above. Or the id of
   * the cluster that an earlier recovery made, to bring into it `groups` that it did not name.
   */
  readonly newClusterId: number;
  /**
   * The groups that get this host as their only voter. Others keep their data and their members, none of
   * which can come back: they have no leader until a later recovery names them.
   *
   * @default all of which this host is a member by the last configuration in its log
   */
  readonly groups?: readonly number[];
  /**
   * Where the on-disk state machines of groups stand: everything up to there is committed.
   *
   * @default what the log says of commits, and the snapshots
   */
  readonly appliedIndexes?: ReadonlyMap<number, number>;
}

const HOST_RECOVERY_OPTIONS: Readonly<Record<keyof HostRecoveryOptions, true>> = {
  directory: true,
  newClusterId: true,
  groups: true,
  appliedIndexes: true,
};

/** What is kept of one group. */
export interface GroupRecoveryReport extends KeptLog {
  readonly group: number;
}

/** What a recovery keeps, what it cannot know and whom it leaves out. */
export interface HostRecoveryReport {
  readonly directory: string;
  readonly nodeId: number;
  readonly oldClusterId: number;
  readonly newClusterId: number;
  /** Those that are recovered, ascending. */
  readonly groups: readonly GroupRecoveryReport[];
  /** Those that stay as they are, ascending. */
  readonly untouched: readonly GroupRecoveryReport[];
  /** Of the log that all groups share: anything that this host writes makes it larger. */
  readonly lastRecord: number;
  /** Hosts of the old cluster that this directory knows of. None of them can join the new one. */
  readonly leftOut: readonly number[];
  /** What was found while the log was read, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Says what `recoverHost` would do, and writes nothing: a full disk and one that is read-only can be examined.
 *
 * @throws {RaftError} `RAFT_WRONG_DIRECTORY` when no server's data are there, `RAFT_DIRECTORY_LOCKED`
 *   while it runs, `RAFT_STORAGE_CORRUPT`, `RAFT_RECOVERY_REFUSED`, `RAFT_BAD_DIRECTORY`, `RAFT_BAD_OPTION`.
 */
export async function examineHostRecovery(
  options: HostRecoveryOptions,
): Promise<HostRecoveryReport> {
  requireOptions('examineHostRecovery', options, HOST_RECOVERY_OPTIONS);
  return unused(options.directory, () => examineHostDirectory(nodeFileSystem, options));
}

/**
 * Makes the host of this directory the only one of a new cluster, with all that it has of the groups. Others
 * join it as new hosts, with empty directories and ids that were never used; also those whose data have
 * survived. A crash leaves the old host or the new one.
 *
 * @param options.keepThrough `lastRecord`, as `examineHostRecovery` has reported it.
 * @throws {RaftError} as `examineHostRecovery`; `RAFT_RECOVERY_REFUSED` also when the log does not end there.
 */
export async function recoverHost(
  options: HostRecoveryOptions & { readonly keepThrough: number },
): Promise<HostRecoveryReport> {
  requireOptions('recoverHost', options, { ...HOST_RECOVERY_OPTIONS, keepThrough: true });
  return alone(options.directory, () => recoverHostDirectory(nodeFileSystem, options));
}

/** `examineHostRecovery` for whoever has the directory to himself. */
export async function examineHostDirectory(
  fileSystem: FileSystem,
  options: HostRecoveryOptions,
): Promise<HostRecoveryReport> {
  const { directory, newClusterId } = options;
  requireAppliedIndexes(options.appliedIndexes);
  const identity = await identityOf(fileSystem, directory);
  const isSameCluster = staysInCluster(options, identity);
  if (!isSameCluster) requireNewId(newClusterId, identity);
  await requireHost(fileSystem, directory);
  const examined = await examineGroups(fileSystem, directory, identity);
  const chosen = chosenOf(options.groups, examined);
  if (isSameCluster) requireLeftAside(chosen, examined, identity);
  else requireNobodyLeftBehind(chosen, examined, identity);
  requireData([...(options.appliedIndexes?.keys() ?? [])], examined);
  for (const [group, log] of examined.groups) {
    const snapshots = join(groupSnapshotsDirectory(directory), String(group));
    const appliedIndex = options.appliedIndexes?.get(group);
    await requireState(fileSystem, snapshots, log, appliedIndex, machineOf(group));
  }
  const reports = [...examined.groups].map(([group, log]) => reportOf(group, log, options));
  const { nodeId, clusterId: oldClusterId } = identity;
  return {
    ...{ directory, nodeId, oldClusterId, newClusterId },
    groups: reports.filter(({ group }) => chosen.has(group)),
    untouched: reports.filter(({ group }) => !chosen.has(group)),
    lastRecord: examined.lastRecord,
    leftOut: isSameCluster ? (identity.recovery?.leftOut ?? []) : othersOf(identity, examined),
    warnings: examined.warnings,
  };
}

/** `recoverHost` for whoever has the directory to himself. */
export async function recoverHostDirectory(
  fileSystem: FileSystem,
  options: HostRecoveryOptions & { readonly keepThrough: number },
): Promise<HostRecoveryReport> {
  const { directory, newClusterId, keepThrough } = options;
  const report = await examineHostDirectory(fileSystem, options);
  requireLast(keepThrough, report);
  const identity = await identityOf(fileSystem, directory);
  // An earlier recovery that a crash interrupted comes first.
  const lastRecord = await finishRecovery(fileSystem, directory, identity);
  const { leftOut } = report;
  const isSameCluster = staysInCluster(options, identity);
  const formerClusterIds = usedClusterIds(identity).filter((id) => id !== newClusterId);
  const groups = report.groups.map(({ group }) => group);
  const recovered: StoredIdentity = {
    ...identity,
    clusterId: newClusterId,
    // Hosts that have joined this cluster since know the incarnation it has.
    incarnation: isSameCluster ? identity.incarnation : drawIncarnation(),
    recovery: { formerClusterIds, record: lastRecord + 1, groups, leftOut },
  };
  await writeIdentity(fileSystem, directory, recovered);
  await finishRecovery(fileSystem, directory, recovered);
  return report;
}

/** Answers the end of the log: behind the record of that recovery old ones may have been moved. */
async function finishRecovery(
  fileSystem: FileSystem,
  directory: string,
  identity: StoredIdentity,
): Promise<number> {
  const removed = await RemovedGroups.open(fileSystem, directory);
  const { log } = await SharedLog.open({
    fileSystem,
    isRemoved: (group) => removed.has(group),
    directory: sharedLogDirectory(directory),
    salt: identity.salt,
    // Whoever waits for the entries hears of it.
    onFailure: () => {},
  });
  try {
    await beginRecoveredHost(identity, log);
  } finally {
    await log.close();
  }
  return log.lastRecord;
}

async function requireHost(fileSystem: FileSystem, directory: string): Promise<void> {
  if ((await fileSystem.list(directory)).includes(GROUPS)) return;
  const problem = `${directory} holds a server of its own, not a host of groups`;
  throw refused(`${problem}; use examineRecovery and recoverCluster`);
}

function requireAppliedIndexes(appliedIndexes: HostRecoveryOptions['appliedIndexes']): void {
  if (appliedIndexes === undefined) return;
  if (!(appliedIndexes instanceof Map)) {
    throw badOption('appliedIndexes is no map', 'give new Map([[group, index]])');
  }
  for (const [group, index] of appliedIndexes) {
    requireWhole('a group in appliedIndexes', group, 1);
    requireWhole(`the applied index of group ${group}`, index, 0);
  }
}

function staysInCluster(
  { newClusterId, groups }: HostRecoveryOptions,
  { clusterId, recovery }: StoredIdentity,
): boolean {
  return recovery !== undefined && newClusterId === clusterId && groups !== undefined;
}

const machineOf = (group: number): string => `the state machine of group ${group}`;

function reportOf(
  group: number,
  log: ExaminedLog,
  { appliedIndexes }: HostRecoveryOptions,
): GroupRecoveryReport {
  const appliedIndex = appliedIndexes?.get(group) ?? 0;
  return { group, ...keptOf(log, appliedIndex, machineOf(group)) };
}

function othersOf(
  { nodeId, initialVoters, recovery }: StoredIdentity,
  { groups }: ExaminedGroups,
): readonly number[] {
  const others = new Set(initialVoters as readonly NodeId[]);
  for (const id of recovery?.leftOut ?? []) others.add(id as NodeId);
  for (const log of groups.values()) for (const id of log.others) others.add(id);
  others.delete(nodeId as NodeId);
  return ascending(others);
}

function requireLast(keepThrough: number, { lastRecord }: HostRecoveryReport): void {
  requireWhole('keepThrough', keepThrough, 0);
  if (keepThrough === lastRecord) return;
  const problem = `the log ends with record ${lastRecord}, not with ${keepThrough}`;
  throw refused(`${problem}; examine it again`);
}
