/**
 * One log for many groups, cut short at changes that reached the disk: what was acknowledged to any
 * group is there, while old records are let go of and what idle groups need is written anew.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  emptyStoredState,
  type LogIndex,
  type Random,
  seededRandom,
  type Term,
  type Write,
} from '@quorate/core';
import type { RaftError } from '../../errors.ts';
import {
  batchOf,
  entriesOf,
  hardStateOf,
  INITIAL,
  Model,
  SALT,
  snapshotOf,
  writeOf,
} from '../log.test.support.ts';
import { type Change, MemoryFileSystem } from '../memory-file-system.test.support.ts';
import { GroupLog } from './group-log.ts';
import { SharedLog, type SharedLogOptions } from './shared-log.ts';

const GROUPS = [1, 2, 3, 40, 50];
/** Hears of nothing after its first entries. */
const IDLE = 50;

async function open(disk: MemoryFileSystem, options: Partial<SharedLogOptions> = {}) {
  const { log } = await SharedLog.open({
    directory: '/data/log',
    salt: SALT,
    segmentBytes: 2_048,
    cleanBytes: 4_096,
    fileSystem: disk,
    isRemoved: () => false,
    onFailure: (error) => {
      throw error;
    },
    ...options,
  });
  return log;
}

/** A state of one group, and when it was asked for and acknowledged, in changes of the journal. */
interface Moment {
  readonly begun: number;
  done: number;
  readonly model: Model;
}

class History {
  readonly disk = new MemoryFileSystem();
  readonly moments = new Map(
    GROUPS.map((group) => [group, [{ begun: 0, done: 0, model: new Model() }] as Moment[]]),
  );
  readonly #random: Random;
  readonly #options: Partial<SharedLogOptions>;
  bytesAsked = 0;

  constructor(seed: number, options: Partial<SharedLogOptions>) {
    this.#random = seededRandom(seed);
    this.#options = options;
  }

  async run(rounds: number): Promise<SharedLog> {
    let log = await open(this.disk, this.#options);
    for (const group of GROUPS) log.begin(log.stateOf(group), INITIAL);
    log.commit();
    for (let round = 0; round < rounds; round += 1) {
      const groups = GROUPS.filter((group) =>
        group === IDLE ? round === 0 : this.#random() < 0.5,
      );
      const all = Promise.all(groups.map((group) => this.#step(log, group)));
      log.commit();
      // Now and then the next round comes before this one is on the disk.
      if (this.#random() < 0.7) await all;
      if (this.#random() < 0.05) {
        await log.close();
        log = await open(this.disk, this.#options);
      }
    }
    for (const group of GROUPS) await log.settled(log.stateOf(group));
    return log;
  }

  async #step(log: SharedLog, group: number): Promise<void> {
    const moments = this.moments.get(group)!;
    const model = moments.at(-1)!.model.copy();
    const moment = { begun: this.disk.journal.length, done: Infinity, model };
    moments.push(moment);
    await this.#ask(log, group, model);
    moment.done = this.disk.journal.length;
  }

  #ask(shared: SharedLog, group: number, model: Model): Promise<void> {
    const log = new GroupLog(shared, shared.stateOf(group));
    const last = model.base.index + model.entries.size;
    const dice = this.#random();
    const { term } = model.hardState;
    const settled = shared.stateOf(group).open === 0;
    if (dice < 0.15 && last > model.base.index && settled) {
      const least = Math.max(model.base.index + 1, model.snapshot.index);
      const through = least + Math.floor(this.#random() * (last - least + 1));
      const of = Number(model.entries.get(through)!.split(':')[0]);
      const drop = Math.max(model.base.index, through - 2);
      model.compact(snapshotOf(through, of), drop);
      return log.compact(snapshotOf(through, of), drop as LogIndex);
    }
    const write = this.#drawWrite(dice, term, model, last);
    model.write(write);
    return new Promise((resolve, reject) => {
      const durable = (sequence: number) => {
        if (sequence >= write.sequence) resolve();
      };
      log.write(write, { durable, failed: reject });
    });
  }

  #drawWrite(dice: number, term: number, model: Model, last: number): Write {
    const hardState = hardStateOf(term + 1, 1 + Math.floor(this.#random() * 3), last);
    if (dice < 0.25) return writeOf({ hardState });
    if (dice < 0.3) return writeOf({ hardState, snapshot: snapshotOf(last + 10, term + 1) });
    const isConflict = dice < 0.4 && last > model.snapshot.index;
    const from = isConflict ? model.snapshot.index + 1 : last + 1;
    const text = 'abcdefgh'.slice(0, 1 + Math.floor(this.#random() * 8));
    this.bytesAsked += 32 + 7 * text.length;
    const of = Math.max(term, 1) + (isConflict || dice > 0.9 ? 1 : 0);
    const batches = [batchOf(of, from, dice > 0.98 ? '#' : text)];
    const isNewTerm = of !== term;
    return writeOf({ batches, ...(isNewTerm && { hardState: hardStateOf(of, 0, last) }) });
  }
}

function isState(log: SharedLog, group: number, model: Model): boolean {
  const state = log.stateOf(group);
  const stored = state.isNew ? emptyStoredState(INITIAL) : state.shape.toStoredState();
  try {
    assert.deepEqual(stored.hardState, model.hardState);
    assert.deepEqual(stored.snapshot, model.snapshot);
    assert.deepEqual(stored.base, model.base);
    assert.deepEqual(entriesOf(log.readerOf(state), stored, 40), model.entries);
    if (!state.isNew) assert.deepEqual(state.beginning, INITIAL, 'for ever');
    return true;
  } catch (error) {
    if (error instanceof assert.AssertionError) return false;
    throw error;
  }
}

/** What the journal up to `change`, and part of that change, must have left of a group: one of these. */
function allowedAt(moments: readonly Moment[], change: number): readonly Model[] {
  const first = moments.findLastIndex(({ done }) => done <= change);
  return moments
    .filter(({ begun }, at) => at === first || (at > first && begun <= change))
    .map(({ model }) => model);
}

for (const [name, options] of [
  ['written at once', {}],
  ['written in the background', { syncWriteBytes: 0 }],
] as const) {
  test(`cut anywhere, no group has lost what it was told is durable: ${name}`, async () => {
    for (const seed of [1, 2, 3]) {
      const history = new History(seed, options);
      await history.run(150);
      const { journal } = history.disk;
      const isRecycled = journal.some(({ kind }) => kind === 'rename' || kind === 'remove');
      assert.ok(isRecycled, 'old records were let go of');
      const random = seededRandom(seed);
      for (let cut = 0; cut < 150; cut += 1) {
        const at = Math.floor(random() * journal.length);
        await requireAt(journal, at, random(), history.moments, options, `seed ${seed}, ${at}`);
      }
    }
  });
}

async function requireAt(
  journal: readonly Change[],
  at: number,
  part: number,
  history: ReadonlyMap<number, readonly Moment[]>,
  options: Partial<SharedLogOptions>,
  note: string,
): Promise<void> {
  const disk = MemoryFileSystem.after(journal.slice(0, at));
  const change = journal[at]!;
  if (change.kind === 'write') {
    const file = await disk.open(change.path, 'durable');
    file.writeSync([change.bytes.subarray(0, Math.floor(part * change.bytes.length))], change.at);
  }
  const log = await open(disk, options);
  const found = new Map<number, Model>();
  for (const [group, moments] of history) {
    const model = allowedAt(moments, at).find((allowed) => isState(log, group, allowed));
    assert.ok(model !== undefined, `${note}: group ${group} is not what it should be`);
    found.set(group, model);
  }
  // And it goes on: what is written now is found by the next start.
  const state = log.stateOf(IDLE);
  if (state.isNew) log.begin(state, INITIAL);
  const group = new GroupLog(log, state);
  const model = found.get(IDLE)!.copy();
  found.set(IDLE, model);
  const write = writeOf({ hardState: hardStateOf(99, 2, 0) });
  model.write(write);
  group.write(write, { durable: () => {}, failed: assert.ifError });
  await group.close();
  const again = await open(disk.afterKill(), options);
  for (const [id, of] of found) assert.ok(isState(again, id, of), `${note}, went on, group ${id}`);
}

test('an idle group does not keep what others have written since', async () => {
  const history = new History(9, {});
  const log = await history.run(3_000);
  assert.ok(history.bytesAsked > 100_000);
  assert.ok(log.bytesOnDisk < 50_000, `${log.bytesOnDisk} bytes on disk`);
  for (const [group, moments] of history.moments) {
    assert.ok(isState(log, group, moments.at(-1)!.model), `group ${group}`);
  }
  assert.deepEqual(log.groups(), GROUPS);
});

test('a group without entries is found where old records are gone, also when it is moved', async () => {
  const history = new History(9, {});
  const log = await history.run(300);
  assert.ok(history.disk.journal.some(({ kind }) => kind === 'rename' || kind === 'remove'));
  const waiting = log.stateOf(60);
  log.begin(waiting, INITIAL);
  await log.settled(waiting);
  const voted = hardStateOf(4, 2, 0);
  const voter = log.stateOf(61);
  log.begin(voter, INITIAL);
  const none = { durable: () => {}, failed: assert.ifError };
  new GroupLog(log, voter).write(writeOf({ hardState: voted }), none);
  await log.close();

  const opened = open(history.disk.afterKill());
  await assert.doesNotReject(opened);
  let again = await opened;
  const first = again.stateOf(60).neededFrom;
  for (let index = 1; again.stateOf(60).neededFrom === first; index += 6) {
    const batches = [batchOf(1, index, 'abcdef')];
    const done = new Promise<void>((durable, failed) => {
      const listener = { durable: () => durable(), failed };
      new GroupLog(again, again.stateOf(70)).write(writeOf({ batches }), listener);
    });
    again.commit();
    await done;
    const last = (index + 5) as LogIndex;
    void new GroupLog(again, again.stateOf(70)).compact(snapshotOf(last, 1), last);
  }
  await again.close();
  again = await open(history.disk.afterKill());
  for (const group of [60, 61]) {
    const { shape } = again.stateOf(group);
    assert.deepEqual([shape.lastIndex, shape.snapshot.configuration], [0, INITIAL]);
  }
  assert.deepEqual(again.stateOf(61).shape.hardState, voted);
});

test('what all groups ask for in one round is one write to the disk', async () => {
  const disk = new MemoryFileSystem();
  const log = await open(disk, { segmentBytes: 1_048_576 });
  const writes = () => disk.journal.filter(({ kind }) => kind === 'write').length;
  const before = writes();
  let durable = 0;
  for (let group = 1; group <= 100; group += 1) {
    const of = new GroupLog(log, log.stateOf(group));
    const hardState = hardStateOf(1, 1, 0);
    const listener = { durable: () => (durable += 1), failed: assert.ifError };
    of.write(writeOf({ hardState, batches: [batchOf(1, 1, 'abc')] }), listener);
  }
  assert.equal(durable, 0, 'nothing is said from within');
  log.commit();
  assert.equal(durable, 100);
  assert.equal(writes() - before, 1);
});

test('a failed disk fails every group, and nothing is acknowledged', async () => {
  const disk = new MemoryFileSystem();
  const failures: unknown[] = [];
  const log = await open(disk, { onFailure: (error) => failures.push(error) });
  const listeners = [1, 2].map((id) => {
    const of = new GroupLog(log, log.stateOf(id));
    const heard: string[] = [];
    const listener = { durable: () => heard.push('durable'), failed: () => heard.push('failed') };
    of.write(writeOf({ hardState: hardStateOf(1, 1, 0) }), listener);
    return { of, heard };
  });
  disk.fault = (operation) => {
    if (operation === 'write') throw Object.assign(new Error('EIO'), { code: 'EIO' });
    return undefined;
  };
  log.commit();
  assert.deepEqual(
    listeners.map(({ heard }) => heard),
    [['failed'], ['failed']],
  );
  assert.equal(failures.length, 1);
  const write = writeOf({ hardState: hardStateOf(2, 1, 0) });
  const listener = { durable: () => {}, failed: () => {} };
  assert.throws(() => listeners[0]!.of.write(write, listener), { code: 'RAFT_DISK_FAILED' });
  await listeners[1]!.of.close();
});

test('a group that is never idle is moved between two of its writes, in order', async () => {
  const disk = new MemoryFileSystem();
  const options = { syncWriteBytes: 0, cleanBytes: 2_048 };
  const log = await open(disk, options);
  const models = new Map([1, 2].map((id) => [id, new Model()]));
  const inOrder: number[] = [];
  const append = (id: number, index: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const group = new GroupLog(log, log.stateOf(id));
      const hardState = index === 1 ? hardStateOf(1, 1, 0) : undefined;
      const write = writeOf({ hardState, batches: [batchOf(1, index, 'x')] });
      models.get(id)!.write(write);
      const durable = () => {
        inOrder.push(id * 10_000 + index);
        resolve();
      };
      group.write(write, { durable, failed: reject });
    });
  for (const id of models.keys()) log.begin(log.stateOf(id), INITIAL);
  let before: Promise<unknown> = Promise.resolve();
  let mostBytes = 0;
  for (let index = 1; index <= 300; index += 1) {
    const now = Promise.all([append(1, index), append(2, index)]);
    log.commit();
    // There always is something of both on its way when the next is asked for.
    await before;
    before = now;
    mostBytes = Math.max(mostBytes, log.bytesOnDisk);
    if (index % 20 !== 0) continue;
    for (const [id, model] of models) {
      const through = index - 10;
      if (through <= model.base.index) continue;
      model.compact(snapshotOf(through, 1), through);
      void new GroupLog(log, log.stateOf(id)).compact(snapshotOf(through, 1), through as LogIndex);
    }
  }
  await before;
  await log.close();
  for (const id of models.keys()) {
    const mine = inOrder.filter((at) => Math.floor(at / 10_000) === id);
    assert.deepEqual(
      mine,
      [...mine].sort((a, b) => a - b),
    );
  }
  assert.ok(mostBytes < 50_000, `${mostBytes} bytes on disk`);
  const again = await open(disk.afterKill(), options);
  for (const [id, model] of models) assert.ok(isState(again, id, model), `group ${id}`);
});

test('an old record that has rotted ends the host when it is to be moved, and is not carried on', async () => {
  const disk = new MemoryFileSystem();
  const failures: RaftError[] = [];
  const log = await open(disk, { onFailure: (error) => failures.push(error) });
  const write = (id: number, index: number): Promise<void> =>
    new Promise((resolve) => {
      const hardState = index === 1 ? hardStateOf(1, 1, 0) : undefined;
      const batches = [batchOf(1, index, 'rotten')];
      const listener = { durable: () => resolve(), failed: () => resolve() };
      new GroupLog(log, log.stateOf(id)).write(writeOf({ hardState, batches }), listener);
      log.commit();
    });
  await write(IDLE, 1);
  for (const { bytes } of disk.files.values()) {
    const at = Buffer.from(bytes).indexOf(Uint8Array.from(['r'.charCodeAt(0), 0, 255]));
    if (at >= 0) bytes[at]! ^= 1;
  }
  for (let index = 1; failures.length === 0 && index < 20_000; index += 6) {
    await write(1, index);
    const last = (index + 5) as LogIndex;
    const compaction = { snapshot: snapshotOf(last, 1), base: { index: last, term: 1 as Term } };
    const part = { group: 1, kind: 'compaction', compaction } as const;
    log.ask(log.stateOf(1), part, { done: () => {}, failed: () => {} });
  }
  assert.equal(failures[0]?.code, 'RAFT_STORAGE_CORRUPT');
});
