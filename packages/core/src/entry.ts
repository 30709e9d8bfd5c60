/**
 * Log entries, in the only form the core handles them: batches.
 *
 * What is proposed in one turn is sealed once. The core stamps term and index, counts, measures and
 * cuts; it never reads a command. The bytes behind a `Payload` are therefore the same from the
 * client's call to the disk, the network and the state machine.
 */

import type { Configuration } from './configuration/configuration.ts';
import type { LogIndex, NodeId, Term } from './types.ts';

/** Commands in one piece of memory, opaque to the core. `@quorate/wire` has the one in use. */
export interface Payload {
  /** Number of commands, at least 1. */
  readonly count: number;
  /** What holding or sending it costs, in bytes. */
  readonly byteLength: number;
  /** The commands at positions `from` to `to - 1`, sharing the same memory. */
  slice(from: number, to: number): Payload;
}

/** Consecutive entries of one term. Never empty. */
export type Batch = CommandBatch | NoopBatch | ConfigurationBatch;

interface BatchBase {
  readonly term: Term;
  readonly firstIndex: LogIndex;
  readonly count: number;
  readonly byteLength: number;
}

/** The service's commands. */
export interface CommandBatch extends BatchBase {
  readonly kind: 'commands';
  readonly payload: Payload;
}

/** The entry that opens a leader's term, so that it learns what is committed (§8). */
export interface NoopBatch extends BatchBase {
  readonly kind: 'noop';
}

/** A configuration, in force from the moment it is in the log (§6). */
export interface ConfigurationBatch extends BatchBase {
  readonly kind: 'configuration';
  readonly configuration: Configuration;
}

/** What a batch costs besides its commands, on the wire and in memory. An estimate for limits. */
export const BATCH_OVERHEAD_BYTES = 32;

export function commandBatch(term: Term, firstIndex: LogIndex, payload: Payload): CommandBatch {
  const byteLength = payload.byteLength + BATCH_OVERHEAD_BYTES;
  return { kind: 'commands', term, firstIndex, count: payload.count, byteLength, payload };
}

export function noopBatch(term: Term, firstIndex: LogIndex): NoopBatch {
  return { kind: 'noop', term, firstIndex, count: 1, byteLength: BATCH_OVERHEAD_BYTES };
}

export function configurationBatch(
  term: Term,
  firstIndex: LogIndex,
  configuration: Configuration,
): ConfigurationBatch {
  const { voters, outgoing, learners, removed, next, addresses } = configuration;
  const ids = [voters, outgoing, learners, removed, next?.voters ?? [], next?.learners ?? []];
  let byteLength = BATCH_OVERHEAD_BYTES;
  for (const list of ids) byteLength += 8 * list.length;
  for (const { address } of addresses) byteLength += 8 + address.length;
  return { kind: 'configuration', term, firstIndex, count: 1, byteLength, configuration };
}

export const lastIndexOf = (batch: Batch): LogIndex =>
  (batch.firstIndex + batch.count - 1) as LogIndex;

export function bytesOf(batches: readonly Batch[]): number {
  let bytes = 0;
  for (const batch of batches) bytes += batch.byteLength;
  return bytes;
}

/** The entries of `batch` at and after `index`, which must lie within it. */
export function batchFrom(batch: Batch, index: LogIndex): Batch {
  if (batch.kind !== 'commands' || index <= batch.firstIndex) return batch;
  const payload = batch.payload.slice(index - batch.firstIndex, batch.count);
  return commandBatch(batch.term, index, payload);
}

/** The entries of `batch` at and before `index`, which must lie within it. */
export function batchThrough(batch: Batch, index: LogIndex): Batch {
  if (batch.kind !== 'commands' || index >= lastIndexOf(batch)) return batch;
  const payload = batch.payload.slice(0, index - batch.firstIndex + 1);
  return commandBatch(batch.term, batch.firstIndex, payload);
}

/** What Figure 2 calls persistent state, besides the log. */
export interface HardState {
  readonly term: Term;
  readonly votedFor: NodeId | undefined;
  /** A hint: what was known to be committed. Not needed for safety; saves a restart some waiting. */
  readonly commitIndex: LogIndex;
}

/** All that the protocol must know about a snapshot; the driver keeps its data (§7). */
export interface SnapshotMeta {
  readonly index: LogIndex;
  readonly term: Term;
  /** In force at `index`. */
  readonly configuration: Configuration;
}
