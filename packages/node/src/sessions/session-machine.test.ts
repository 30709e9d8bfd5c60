import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandBatch, type LogIndex, seededRandom, type Term } from '@quorate/core';
import { CommandSlabBuilder, encodeSessionEntry, type SessionEntry } from '@quorate/wire';
import { CommittedBatch } from '../apply/committed-batch.ts';
import { inMemoryMachine } from '../apply/in-memory-machine.ts';
import { bytes, listMachine, text } from '../cluster.test.support.ts';
import type { CommittedCommands, StateMachine } from '../state-machine.ts';
import { SessionMachine } from './session-machine.ts';
import { SavingMachine } from './sessions.test.support.ts';

const encode = (result: number): Uint8Array => Uint8Array.of(result);

function batchAt(index: number, isOfSessions: boolean, commands: readonly Uint8Array[]) {
  const builder = new CommandSlabBuilder();
  for (const command of commands) builder.append(command);
  const payload = builder.seal(isOfSessions);
  return new CommittedBatch(commandBatch(1 as Term, index as LogIndex, payload));
}

const sessionsAt = (index: number, ...entries: readonly SessionEntry[]) =>
  batchAt(index, true, entries.map(encodeSessionEntry));
const plainAt = (index: number, ...names: readonly string[]) =>
  batchAt(index, false, names.map(bytes));
const open: SessionEntry = { kind: 'open', timeoutMs: 1_000, maxSessions: 3 };
const command = (session: number, serial: number, name: string): SessionEntry => ({
  kind: 'command',
  session,
  serial,
  firstOutstanding: 1,
  command: bytes(name),
});
const applied = (...response: readonly number[]) => ({
  kind: 'applied',
  response: Uint8Array.from(response),
});

async function snapshotOf(machine: StateMachine<unknown>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of machine.snapshot()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* inPieces(whole: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
}

test('a machine sees each command once, beside those without a session', async () => {
  const list = listMachine();
  const machine = new SessionMachine(list, encode);
  const first = [sessionsAt(1, open, command(1, 1, 'a'), command(1, 1, 'a')), plainAt(4, 'x')];
  const opened = { kind: 'opened', session: 1 };
  assert.deepEqual(await machine.apply(first), [opened, applied(1), applied(1), 2]);
  const again = [plainAt(5, 'x'), sessionsAt(6, command(1, 1, 'a'), command(1, 2, 'b'))];
  assert.deepEqual(await machine.apply(again), [3, applied(1), applied(4)]);
  assert.deepEqual(list.state, ['a', 'x', 'x', 'b']);
});

test('a machine without the table applies a repetition twice', async () => {
  const list = listMachine();
  await list.apply([plainAt(1, 'a'), plainAt(2, 'a')]);
  assert.deepEqual(list.state, ['a', 'a']);
});

test('a machine that cannot keep sessions is never given their commands as its own', () => {
  const batch = sessionsAt(1, open);
  assert.throws(() => listMachine().apply([batch]), { code: 'RAFT_BAD_OPTION' });
});

test('each command a machine sees has its own index, and the last batch reaches the end', async () => {
  const seen: string[] = [];
  const recorder = new SavingMachine();
  const apply = recorder.apply.bind(recorder);
  recorder.apply = (batches: readonly CommittedCommands[], sessions) => {
    for (const { firstIndex, lastIndex, count } of batches) {
      seen.push(`${firstIndex}-${lastIndex} ${count}`);
    }
    return apply(batches, sessions);
  };
  const machine = new SessionMachine(recorder, encode);
  const [a, b] = [command(1, 1, 'a'), command(1, 2, 'b')];
  await machine.apply([sessionsAt(1, open, a, b, a, command(1, 3, 'c'), open)]);
  await machine.apply([sessionsAt(7, a)]);
  assert.deepEqual(seen, ['2-3 2', '5-5 1', '6-6 0', '7-7 0']);
  assert.equal(recorder.saved.index, 7);
});

test('a snapshot carries the sessions, however its bytes are cut', async () => {
  const machine = new SessionMachine(listMachine(), encode);
  await machine.apply([sessionsAt(1, open, command(1, 1, 'a'))]);
  const snapshot = await snapshotOf(machine);
  for (const size of [1, 7, 12, 1_000]) {
    const list = listMachine();
    const restored = new SessionMachine(list, encode);
    await restored.restore(2 as LogIndex, inPieces(snapshot, size));
    const repeated = await restored.apply([sessionsAt(3, command(1, 1, 'a'))]);
    assert.deepEqual(repeated, [applied(1)]);
    assert.deepEqual(list.state, ['a']);
  }
});

test('a snapshot shows table and data of one moment, though both go on', async () => {
  // Its chunks read what is there when they are drawn, as a generator does.
  const list = inMemoryMachine<string[], number>({
    initial: () => [],
    apply: (state, name) => ({ state, result: state.push(text(name)) }),
  });
  const slow: StateMachine<number> = {
    open: () => list.open(),
    apply: (batches) => list.apply(batches),
    async *snapshot() {
      yield* list.snapshot();
    },
    restore: (index, chunks) => list.restore(index, chunks),
  };
  const machine = new SessionMachine(slow, encode);
  await machine.apply([sessionsAt(1, open, command(1, 1, 'a'))]);
  const chunks = machine.snapshot()[Symbol.asyncIterator]();
  const first = chunks.next();
  await machine.apply([sessionsAt(3, command(1, 2, 'b'))]);
  const { value } = await first;
  const restored = new SessionMachine(listMachine(), encode);
  await restored.restore(2 as LogIndex, inPieces(value as Uint8Array, 50));
  const replayed = await restored.apply([sessionsAt(3, command(1, 2, 'b'))]);
  assert.deepEqual(replayed, [applied(2)]);
});

test('a snapshot from before there were sessions is the machine’s alone', async () => {
  const list = listMachine();
  const machine = new SessionMachine(list, encode);
  for (const content of ['["old"]', '[]']) {
    await machine.restore(5 as LogIndex, inPieces(bytes(content), 2));
    assert.deepEqual(list.state, JSON.parse(content));
    assert.equal(machine.table.size, 0);
  }
});

/** A log with repetitions in it, as pieces of one kind. */
function randomBatches(random: () => number): (readonly [boolean, readonly Uint8Array[]])[] {
  let count = 0;
  const opened: number[] = [];
  return Array.from({ length: 30 }, () => {
    const isOfSessions = random() < 0.7;
    const commands = Array.from({ length: 1 + Math.floor(random() * 5) }, () => {
      count += 1;
      if (!isOfSessions) return bytes(`plain ${count}`);
      const roll = random();
      if (roll < 0.2) {
        opened.push(count);
        return encodeSessionEntry(open);
      }
      if (roll < 0.3) return encodeSessionEntry({ kind: 'clock', elapsedMs: 90 });
      const session = opened[Math.floor(random() * opened.length)] ?? 1;
      const serial = 1 + Math.floor(random() * 12);
      return encodeSessionEntry(command(session, serial, `${session}/${serial}`));
    });
    return [isOfSessions, commands] as const;
  });
}

test('an on-disk machine that crashes around any transaction ends like one that does not', async () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const random = seededRandom(seed);
    const log: CommittedBatch[] = [];
    let next = 1;
    for (const [isOfSessions, commands] of randomBatches(random)) {
      log.push(batchAt(next, isOfSessions, commands));
      next += commands.length;
    }
    const untroubled = new SessionMachine(new SavingMachine(), encode);
    for (const batch of log) await untroubled.apply([batch]);
    const expected = await snapshotOf(untroubled);

    const disk = new SavingMachine();
    let crashes = 0;
    for (let isDone = false; !isDone; ) {
      const crashAt = Math.floor(random() * 12);
      let moments = 0;
      disk.around = () => {
        moments += 1;
        if (moments > crashAt) throw new Error('crash');
      };
      const machine = new SessionMachine(disk, encode);
      const stands = await machine.open();
      const left = log.filter(({ lastIndex }) => lastIndex > stands);
      try {
        while (left.length > 0) {
          await machine.apply(left.splice(0, 1 + Math.floor(random() * 4)));
        }
        isDone = true;
        assert.deepEqual(await snapshotOf(machine), expected, `seed ${seed}`);
      } catch (error) {
        if ((error as Error).message !== 'crash') throw error;
        crashes += 1;
      }
    }
    assert.ok(crashes > 0, `seed ${seed} crashes`);
  }
});

test('an on-disk machine that does not save the sessions is told so', async () => {
  const careless = new SavingMachine();
  const apply = careless.apply.bind(careless);
  careless.apply = (batches) => apply(batches);
  const machine = new SessionMachine(careless, encode);
  await assert.rejects(async () => machine.apply([sessionsAt(1, open)]), /did not ask for rows/);
});
