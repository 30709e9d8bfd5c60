/**
 * A new cluster out of what one member has left: its log, the store beside it, and what it knows about
 * the others. docs/recovery.md is the page for whoever needs it.
 */

import { existsSync } from 'node:fs';
import type { EntryId } from '@quorate/core';
import { KvStore } from '@quorate/kv';
import { examineRecovery, type RecoveryReport, recoverCluster } from '@quorate/node';
import { kvDirectory, raftDirectory, storeDirectory } from '../data-directory.ts';
import { MemberDirectory } from '../machine/member-directory.ts';
import { LmdbStore } from '../store/lmdb-store.ts';

export interface MemberRecoveryOptions {
  /** Of a member that does not run. */
  readonly dataDir: string;
  /** Never used before. Clients see it in every header. */
  readonly newClusterId: number;
}

export interface MemberRecoveryReport extends RecoveryReport {
  /** The store's last revision, and the raft index at which it has that. */
  readonly revision: number;
  readonly appliedIndex: number;
  /** What the members called themselves, by id; those that never said so are missing. */
  readonly names: ReadonlyMap<number, string>;
}

/**
 * Says what `recoverMember` would do, and changes nothing.
 *
 * @throws {RaftError} as `examineRecovery`, of the member's `raft` directory
 */
export async function examineMember(options: MemberRecoveryOptions): Promise<MemberRecoveryReport> {
  const directory = raftDirectory(options.dataDir);
  const { newClusterId } = options;
  // Also finds out whether the member runs, before its store is looked at.
  const { nodeId, leftOut } = await examineRecovery({ directory, newClusterId });
  const state = await stateOf(options.dataDir);
  const { appliedIndex } = state;
  const report = await examineRecovery({ directory, newClusterId, appliedIndex });
  return { ...report, ...state, names: await namesOf(options.dataDir, [nodeId, ...leftOut]) };
}

/**
 * Makes this member the only one of a new cluster, with its log and its store as they are.
 *
 * @param options.keepThrough The last entry to keep, as `examineMember` has reported it.
 * @throws {RaftError} as `recoverCluster`
 */
export async function recoverMember(
  options: MemberRecoveryOptions & { readonly keepThrough: EntryId },
): Promise<MemberRecoveryReport> {
  const { newClusterId, keepThrough, dataDir } = options;
  const report = await examineMember(options);
  const { appliedIndex } = report;
  const directory = raftDirectory(dataDir);
  await recoverCluster({ directory, newClusterId, keepThrough, appliedIndex });
  return report;
}

/** Of a member that never applied anything: revision 1. */
async function stateOf(dataDir: string): Promise<{ revision: number; appliedIndex: number }> {
  const directory = kvDirectory(storeDirectory(dataDir));
  if (!existsSync(directory)) return { revision: 1, appliedIndex: 0 };
  const store = LmdbStore.openReadOnly(directory);
  try {
    const { revision, appliedIndex } = KvStore.open(store, { leaseExists: () => false });
    return { revision, appliedIndex };
  } finally {
    await store.close();
  }
}

async function namesOf(dataDir: string, ids: readonly number[]): Promise<Map<number, string>> {
  const names = new Map<number, string>();
  const directory = storeDirectory(dataDir);
  if (!existsSync(directory)) return names;
  const members = await MemberDirectory.open(directory);
  for (const id of ids) {
    const { name } = members.get(id) ?? {};
    if (name !== undefined) names.set(id, name);
  }
  return names;
}
