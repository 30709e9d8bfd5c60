/**
 * How a recovered cluster begins: with an entry that makes this server its only voter, in a term of
 * its own.
 *
 * The identity says so first, in one rename, and the log follows. A crash between the two leaves a
 * directory of the new cluster, and whoever opens it next writes the entry.
 */

import type { EntryId, HardState, LogIndex, NodeId, Term, Write } from '@quorate/core';
import { configurationBatch, configurationOf } from '@quorate/core';
import type { DiskLog } from '../storage/disk-log.ts';
import type { StoredIdentity } from '../storage/identity.ts';
import type { LogShape } from '../storage/log-shape.ts';

/** Writes the entry if it is missing. */
export async function beginRecoveredCluster(
  identity: StoredIdentity,
  log: DiskLog,
  shape: LogShape,
): Promise<void> {
  const write = missingEntry(identity, shape);
  if (write === undefined) return;
  await new Promise<void>((resolve, reject) => {
    const isDone = log.write(write, { durable: () => resolve(), failed: reject });
    if (isDone) resolve();
  });
}

/** Undefined when the log has it, and in a cluster that began as one. */
export function missingEntry(
  { nodeId, recovery }: StoredIdentity,
  { hardState }: Pick<LogShape, 'hardState'>,
): Write | undefined {
  if (recovery === undefined || 'groups' in recovery) return undefined;
  // The term was free when the entry was planned, and is entered together with it.
  if (hardState.term >= recovery.term) return undefined;
  const { term, index, leftOut } = recovery;
  const entry = { term: term as Term, index: index as LogIndex };
  return firstEntryOf(nodeId, leftOut, entry, hardState);
}

/** An entry in a term of its own that makes this server the only voter. */
export function firstEntryOf(
  nodeId: number,
  leftOut: readonly number[],
  { term, index }: EntryId,
  { commitIndex }: HardState,
): Write {
  const removed = leftOut as readonly NodeId[];
  const configuration = { ...configurationOf([nodeId]), removed };
  return {
    sequence: 0,
    hardState: { term, votedFor: undefined, commitIndex },
    batches: [configurationBatch(term, index, configuration)],
    snapshot: undefined,
  };
}
