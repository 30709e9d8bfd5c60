/**
 * How a recovered cluster begins: with an entry that makes this server its only voter, in a term of
 * its own.
 *
 * The identity says so first, in one rename, and the log follows. A crash between the two leaves a
 * directory of the new cluster, and whoever opens it next writes the entry.
 */

import type { LogIndex, NodeId, Term, Write } from '@quorate/core';
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
  // The term was free when the entry was planned, and is entered together with it.
  if (recovery === undefined || hardState.term >= recovery.term) return undefined;
  const term = recovery.term as Term;
  const removed = recovery.leftOut as readonly NodeId[];
  const configuration = { ...configurationOf([nodeId]), removed };
  return {
    sequence: 0,
    hardState: { term, votedFor: undefined, commitIndex: hardState.commitIndex },
    batches: [configurationBatch(term, recovery.index as LogIndex, configuration)],
    snapshot: undefined,
  };
}
