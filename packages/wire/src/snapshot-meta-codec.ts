import type { LogIndex, SnapshotMeta, Term } from '@quorate/core';
import { numberAt, putNumber } from './bytes.ts';
import { configurationAt, configurationSize, putConfiguration } from './configuration-codec.ts';
import { FrameError } from './errors.ts';

/** [u53 index][u53 term][configuration] */
const ID_BYTES = 16;

export function snapshotMetaSize(snapshot: SnapshotMeta): number {
  return ID_BYTES + configurationSize(snapshot.configuration);
}

export function putSnapshotMeta(bytes: Uint8Array, at: number, snapshot: SnapshotMeta): number {
  putNumber(bytes, at, snapshot.index);
  putNumber(bytes, at + 8, snapshot.term);
  return putConfiguration(bytes, at + ID_BYTES, snapshot.configuration);
}

/** @throws {FrameError} unless a valid one of an entry that can exist lies between `at` and `end`. */
export function snapshotMetaAt(bytes: Uint8Array, at: number, end: number): SnapshotMeta {
  if (end - at < ID_BYTES) throw new FrameError('a snapshot description is cut off', end);
  const index = numberAt(bytes, at);
  const term = numberAt(bytes, at + 8);
  if (index === 0 || term === 0) {
    throw new FrameError(`a snapshot of index ${index}, term ${term}`, at);
  }
  const configuration = configurationAt(bytes, at + ID_BYTES, end);
  return { index: index as LogIndex, term: term as Term, configuration };
}
