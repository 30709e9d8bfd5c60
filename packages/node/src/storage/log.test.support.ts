/** A log to write to, and a plain list of what it must then hold. */

import assert from 'node:assert/strict';
import {
  type Batch,
  commandBatch,
  configurationBatch,
  configurationOf,
  type HardState,
  type LogIndex,
  type LogReader,
  lastIndexOf,
  type NodeId,
  noopBatch,
  type SnapshotMeta,
  type StoredState,
  type Term,
  type Write,
} from '@quorate/core';
import { CommandSlab } from '@quorate/wire';
import { DiskLog, type DiskLogOptions } from './disk-log.ts';
import type { MemoryFileSystem } from './memory-file-system.test.support.ts';
import type { RecoveredLog } from './recovery.ts';
import type { WriteListener } from './storage.ts';

export const DIRECTORY = '/data/log';
export const INITIAL = configurationOf([1, 2, 3]);
export const SALT = 0x5eed_0001;

export function openLog(
  fileSystem: MemoryFileSystem,
  options: Partial<DiskLogOptions> = {},
): Promise<{ readonly log: DiskLog; readonly recovered: RecoveredLog }> {
  return DiskLog.open({
    directory: DIRECTORY,
    initialConfiguration: INITIAL,
    salt: SALT,
    segmentBytes: 2_048,
    fileSystem,
    ...options,
  });
}

/** `text` is what the commands hold, one for each letter; `.` is a no-op, `#` a configuration. */
export function batchOf(term: number, firstIndex: number, text: string): Batch {
  if (text === '.') return noopBatch(term as Term, firstIndex as LogIndex);
  if (text === '#') {
    return configurationBatch(term as Term, firstIndex as LogIndex, configurationOf([1, 2, term]));
  }
  const commands = [...text].map((letter) => Uint8Array.from([letter.charCodeAt(0), 0, 255]));
  return commandBatch(term as Term, firstIndex as LogIndex, CommandSlab.of(...commands));
}

export const hardStateOf = (term: number, vote: number, commit: number): HardState => ({
  term: term as Term,
  votedFor: vote === 0 ? undefined : (vote as NodeId),
  commitIndex: commit as LogIndex,
});

export function snapshotOf(index: number, term: number): SnapshotMeta {
  return { index: index as LogIndex, term: term as Term, configuration: INITIAL };
}

let nextSequence = 0;

export function writeOf(parts: Partial<Omit<Write, 'sequence'>>): Write {
  nextSequence += 1;
  const empty = { hardState: undefined, batches: [], snapshot: undefined };
  return { sequence: nextSequence, ...empty, ...parts };
}

/** Resolves when the write is durable. */
export function durable(log: DiskLog, write: Write): Promise<void> {
  return new Promise((resolve, reject) => {
    const listener: WriteListener = {
      durable: (sequence) => {
        if (sequence >= write.sequence) resolve();
      },
      failed: reject,
    };
    if (log.write(write, listener)) resolve();
  });
}

/** The log as the paper has it: what a server must find after a restart. */
export class Model {
  hardState = hardStateOf(0, 0, 0);
  snapshot: SnapshotMeta = { ...snapshotOf(0, 0) };
  base = { index: 0, term: 0 };
  /** `term:content` by index, from `base.index + 1` on. */
  entries = new Map<number, string>();

  copy(): Model {
    const copy = new Model();
    copy.hardState = this.hardState;
    copy.snapshot = this.snapshot;
    copy.base = this.base;
    copy.entries = new Map(this.entries);
    return copy;
  }

  write({ hardState, batches, snapshot }: Omit<Write, 'sequence'>): void {
    if (hardState !== undefined) this.hardState = hardState;
    if (snapshot !== undefined) {
      this.snapshot = snapshot;
      this.base = { index: snapshot.index, term: snapshot.term };
      this.entries.clear();
    }
    for (const batch of batches) {
      for (const index of [...this.entries.keys()]) {
        if (index >= batch.firstIndex) this.entries.delete(index);
      }
      for (const [index, content] of contentsOf(batch)) this.entries.set(index, content);
    }
  }

  compact(snapshot: SnapshotMeta, dropThrough: number): void {
    this.snapshot = snapshot;
    const term = Number(this.entries.get(dropThrough)?.split(':')[0] ?? snapshot.term);
    if (dropThrough > this.base.index) this.base = { index: dropThrough, term };
    for (const index of [...this.entries.keys()]) {
      if (index <= dropThrough) this.entries.delete(index);
    }
  }
}

function contentsOf(batch: Batch): [number, string][] {
  if (batch.kind !== 'commands') return [[batch.firstIndex, `${batch.term}:${batch.kind}`]];
  const slab = batch.payload as CommandSlab;
  return [...slab].map((bytes, position) => [
    batch.firstIndex + position,
    `${batch.term}:${bytes.join(',')}`,
  ]);
}

/** Everything between the base and the end, through the reader. */
export function entriesOf(
  reader: LogReader,
  stored: Pick<StoredState, 'base' | 'lastIndex'>,
  maxBytes = 1_000_000,
): Map<number, string> {
  const entries = new Map<number, string>();
  let next = stored.base.index + 1;
  while (next <= stored.lastIndex) {
    const batches = reader.read(next as LogIndex, stored.lastIndex, maxBytes);
    assert.ok(batches.length > 0, 'at least one entry');
    for (const batch of batches) {
      assert.equal(batch.firstIndex, next, 'consecutive');
      for (const [index, content] of contentsOf(batch)) entries.set(index, content);
      next = lastIndexOf(batch) + 1;
    }
  }
  return entries;
}

/** The recovered log is this model, entry by entry. */
export function assertIs(
  { log, recovered }: { readonly log: DiskLog; readonly recovered: RecoveredLog },
  model: Model,
  note: string,
): void {
  const stored = recovered.shape.toStoredState();
  assert.deepEqual(stored.hardState, model.hardState, note);
  assert.deepEqual(stored.snapshot, model.snapshot, note);
  assert.deepEqual(stored.base, model.base, note);
  assert.deepEqual(entriesOf(log.reader, stored), model.entries, note);
  assert.deepEqual(termStartsOf(model), stored.terms, note);
  const configurations = [...model.entries.keys()]
    .filter((index) => index > model.snapshot.index)
    .filter((index) => model.entries.get(index)?.endsWith(':configuration'));
  assert.deepEqual(
    stored.configurations.map(({ index }) => index),
    configurations,
    note,
  );
}

function termStartsOf(model: Model): { term: number; firstIndex: number }[] {
  const starts: { term: number; firstIndex: number }[] = [];
  for (const [firstIndex, content] of model.entries) {
    const term = Number(content.split(':')[0]);
    if (starts.at(-1)?.term !== term) starts.push({ term, firstIndex });
  }
  return starts;
}

/** The same log? Undefined, or where they differ. */
export function isModel(
  opened: { readonly log: DiskLog; readonly recovered: RecoveredLog },
  model: Model,
): boolean {
  try {
    assertIs(opened, model, '');
    return true;
  } catch (error) {
    if (error instanceof assert.AssertionError) return false;
    throw error;
  }
}
