/**
 * The log, cut short at every byte of every change that reached the disk: what was acknowledged
 * is there, and nothing is there that was never written.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LogIndex, seededRandom } from '@quorate/core';
import { RaftError } from '../errors.ts';
import {
  assertIs,
  batchOf,
  DIRECTORY,
  durable,
  hardStateOf,
  isModel,
  Model,
  openLog,
  snapshotOf,
  writeOf,
} from './log.test.support.ts';
import { type Change, MemoryFileSystem } from './memory-file-system.test.support.ts';

/** Three records to a file. */
const OPTIONS = { segmentBytes: 2_048 };
/** Each record in a file of its own, where stale ones of a recycled file lie at the same bytes. */
const SINGLE = { segmentBytes: 512 };
type Options = typeof OPTIONS;

interface Acknowledged {
  /** Changes in the journal when the write was begun, and when it was acknowledged. */
  readonly begun: number;
  readonly done: number;
  readonly model: Model;
}

interface History {
  readonly journal: readonly Change[];
  readonly acknowledged: readonly Acknowledged[];
}

/** Appends, conflicts, votes, compactions with recycled files, an installed snapshot, a restart. */
async function history(options: Options): Promise<History> {
  const disk = new MemoryFileSystem();
  const model = new Model();
  const acknowledged: Acknowledged[] = [{ begun: 0, done: 0, model: model.copy() }];
  let { log } = await openLog(disk, options);
  const step = async (work: () => Promise<void>): Promise<void> => {
    const begun = disk.journal.length;
    await work();
    acknowledged.push({ begun, done: disk.journal.length, model: model.copy() });
  };
  const write = (parts: Parameters<typeof writeOf>[0]): Promise<void> =>
    step(() => {
      const given = writeOf(parts);
      model.write(given);
      return durable(log, given);
    });
  const compact = (index: number, term: number, dropThrough: number): Promise<void> =>
    step(() => {
      model.compact(snapshotOf(index, term), dropThrough);
      return log.compact(snapshotOf(index, term), dropThrough as LogIndex);
    });

  await write({ hardState: hardStateOf(1, 1, 0) });
  await write({ batches: [batchOf(1, 1, '.'), batchOf(1, 2, 'abc')] });
  await write({ batches: [batchOf(1, 5, '#')], hardState: hardStateOf(1, 1, 4) });
  await write({ batches: [batchOf(1, 6, 'defgh')] });
  await write({ hardState: hardStateOf(2, 3, 5) });
  await write({ batches: [batchOf(2, 8, 'XY')] });
  for (let index = 10; index < 22; index += 3) {
    await write({ batches: [batchOf(2, index, 'klm')], hardState: hardStateOf(2, 3, index - 1) });
  }
  await compact(15, 2, 12);
  await log.close();
  ({ log } = await openLog(disk, options));
  for (let index = 22; index < 34; index += 3) {
    await write({ batches: [batchOf(3, index, 'nop')], hardState: hardStateOf(3, 0, index - 1) });
    if (index === 28) await compact(27, 3, 27);
  }
  await write({ snapshot: snapshotOf(50, 4), hardState: hardStateOf(4, 0, 50) });
  await write({ batches: [batchOf(4, 51, 'qr'), batchOf(5, 53, 's')] });
  await write({ batches: [batchOf(5, 54, 'tuv')] });
  await write({ batches: [batchOf(5, 57, 'wxyz')] });
  await write({ batches: [batchOf(6, 55, 'A')], hardState: hardStateOf(6, 2, 53) });
  return { journal: [...disk.journal], acknowledged };
}

/** What may be found when changes up to `change`, and part of that one, reached the disk. */
function allowedAt(acknowledged: readonly Acknowledged[], change: number): Model[] {
  const last = acknowledged.findLastIndex(({ done }) => done <= change);
  const allowed = [acknowledged[last]!.model];
  // Not acknowledged, but begun: either way is right.
  const next = acknowledged[last + 1];
  if (next !== undefined && next.begun <= change) allowed.push(next.model);
  return allowed;
}

async function requireRecovered(
  disk: MemoryFileSystem,
  options: Options,
  allowed: readonly Model[],
  note: string,
): Promise<void> {
  const opened = await openLog(disk, options);
  if (!allowed.some((model) => isModel(opened, model))) assertIs(opened, allowed[0]!, note);
  // And it goes on from there: what is written now is found by the next start.
  const model = allowed.find((candidate) => isModel(opened, candidate))!.copy();
  const next = opened.recovered.shape.lastIndex + 1;
  const write = writeOf({ batches: [batchOf(9, next, 'new')], hardState: hardStateOf(9, 1, 0) });
  await durable(opened.log, write);
  model.write(write);
  assertIs(await openLog(disk.afterKill(), options), model, `${note}, went on`);
}

/** Lets older files be recycled with all they said, from the first new record on. */
async function requireGoesOn(
  disk: MemoryFileSystem,
  options: Options,
  note: string,
): Promise<void> {
  const { log, recovered } = await openLog(disk, options);
  const { hardState } = recovered.shape;
  let last = recovered.shape.lastIndex as number;
  for (const text of ['x', 'x'.repeat(60), 'x'.repeat(60)]) {
    await durable(log, writeOf({ batches: [batchOf(9, last + 1, text)] }));
    last += text.length;
    await log.compact(snapshotOf(last, 9), last as LogIndex);
    const { shape } = (await openLog(disk.afterKill(), options)).recovered;
    assert.deepEqual(shape.hardState, hardState, note);
    assert.equal(shape.lastIndex, last, note);
  }
}

/** Zeros in a row that are not worth a cut at every byte: filling, and padding to whole blocks. */
const ZEROS = 97;

const isZeros = (change: Change, at: number): boolean =>
  change.kind === 'write' && change.bytes.subarray(at, at + ZEROS).every((byte) => byte === 0);

for (const [name, options, step] of [
  ['every byte', OPTIONS, 1],
  ['every third byte, with one record to a file', SINGLE, 3],
] as const) {
  test(`cut at ${name} of every change`, () => cutEverywhere(options, step));
}

async function cutEverywhere(options: Options, step: number): Promise<void> {
  const { journal, acknowledged } = await history(options);
  let cuts = 0;
  for (const [at, change] of journal.entries()) {
    const length = change.kind === 'write' ? change.bytes.length : 1;
    for (let kept = 0; kept < length; kept += isZeros(change, kept) ? ZEROS : step) {
      const disk = MemoryFileSystem.after(journal.slice(0, at));
      if (change.kind === 'write' && kept > 0) {
        const [file] = [await disk.open(change.path, 'durable')];
        file.writeSync([change.bytes.subarray(0, kept)], change.at);
      }
      const note = `change ${at}, ${kept} bytes`;
      if (cuts % 10 === 0) await requireGoesOn(disk.afterKill(), options, note);
      await requireRecovered(disk, options, allowedAt(acknowledged, at), note);
      cuts += 1;
    }
  }
  assert.ok(cuts > 1_000, `${cuts} cuts`);
  assert.ok(
    journal.some(({ kind }) => kind === 'rename'),
    'files were recycled',
  );
}

test('torn so that any sectors of the last write are there and others are not', async () => {
  const { journal, acknowledged } = await history(OPTIONS);
  const random = seededRandom(7);
  const sector = 16;
  for (const [at, change] of journal.entries()) {
    if (change.kind !== 'write') continue;
    for (let round = 0; round < 8; round += 1) {
      const disk = MemoryFileSystem.after(journal.slice(0, at));
      const file = await disk.open(change.path, 'durable');
      for (let from = 0; from < change.bytes.length; from += sector) {
        const bytes = change.bytes.subarray(from, from + sector);
        if (random() < 0.7) file.writeSync([bytes], change.at + from);
      }
      await requireRecovered(
        disk,
        OPTIONS,
        allowedAt(acknowledged, at),
        `change ${at}, round ${round}`,
      );
    }
  }
});

test('a flipped bit is refused, or changes nothing, wherever it lies', async () => {
  const { journal, acknowledged } = await history(OPTIONS);
  const disk = MemoryFileSystem.after(journal);
  const { log } = await openLog(disk, OPTIONS);
  const { model } = acknowledged.at(-1)!;
  const last = writeOf({ batches: [batchOf(6, 56, 'last')] });
  model.write(last);
  await durable(log, last);
  await log.close();

  const outcomes = { refused: 0, unchanged: 0 };
  for (const [path, { bytes }] of disk.files) {
    for (let at = 0; at < bytes.length; at += 1) {
      const damaged = disk.afterKill();
      damaged.files.get(path)!.bytes[at]! ^= 1 << (at % 8);
      try {
        assertIs(await openLog(damaged, OPTIONS), model, `${path} at ${at}`);
        outcomes.unchanged += 1;
      } catch (error) {
        if (!(error instanceof RaftError)) throw error;
        assert.equal(error.code, 'RAFT_STORAGE_CORRUPT');
        assert.match(error.message, /is damaged at byte \d+: .* Remedy: /);
        assert.ok(String(error.details.file).startsWith(DIRECTORY));
        outcomes.refused += 1;
      }
    }
  }
  assert.ok(outcomes.refused > 300 && outcomes.unchanged > 300, JSON.stringify(outcomes));
});
