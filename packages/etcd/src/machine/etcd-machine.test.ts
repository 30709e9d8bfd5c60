import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LogIndex, Term } from '@quorate/core';
import { rangeRequest } from '@quorate/kv';
import type { CommittedCommands } from '@quorate/node';
import { PutRequest, TxnRequest } from '../generated/rpc.ts';
import { type CommandRequest, encodeCommand } from './command.ts';
import { EtcdMachine } from './etcd-machine.ts';

const NOTHING = new Uint8Array(0);
const text = (value: string): Uint8Array => Buffer.from(value);

const put = (key: string, value: string): CommandRequest => ({
  $case: 'put',
  value: { ...PutRequest.decode(NOTHING), key: text(key), value: text(value) },
});

const attributes = (id: number, name: string, clientUrls: string[]): CommandRequest => ({
  $case: 'memberAttributes',
  value: { id: BigInt(id), name, clientUrls },
});

function committed(first: number, requests: readonly CommandRequest[]): CommittedCommands {
  const commands = requests.map(encodeCommand);
  return {
    firstIndex: first as LogIndex,
    lastIndex: (first + commands.length - 1) as LogIndex,
    term: 1 as Term,
    count: commands.length,
    [Symbol.iterator]: () => commands[Symbol.iterator](),
  };
}

async function directoryOf(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'quorate-machine-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function opened(context: TestContext, directory: string) {
  const machine = new EtcdMachine(directory);
  const index = await machine.open();
  context.after(() => machine.close());
  return { machine, index };
}

function read(machine: EtcdMachine, key: string): string | undefined {
  const response = machine.store.range(rangeRequest({ key: text(key) }));
  assert.equal(response.kind, 'range');
  return response.kvs[0] && Buffer.from(response.kvs[0].value).toString();
}

test('commands are answered in order, and the index is saved with what they did', async (context) => {
  const directory = await directoryOf(context);
  const { machine, index } = await opened(context, directory);
  assert.equal(index, 0);
  const results = await machine.apply([
    committed(4, [put('a', '1'), attributes(9, 'n9', ['http://127.0.0.1:9'])]),
    committed(6, [
      put('a', '2'),
      { $case: 'compaction', value: { revision: 99n, physical: false } },
    ]),
  ]);
  assert.deepEqual(
    results.map((result) => result && [result.kind, result.revision]),
    [['put', 2], undefined, ['put', 3], ['failed', 3]],
  );
  assert.equal(await machine.sync(), 7);
  await machine.close();

  const again = await opened(context, directory);
  assert.equal(again.index, 7);
  assert.equal(read(again.machine, 'a'), '2');
  assert.deepEqual(again.machine.members.get(9)?.clientUrls, ['http://127.0.0.1:9']);
});

test('a snapshot makes another machine the same, while application goes on', async (context) => {
  const { machine } = await opened(context, await directoryOf(context));
  await machine.apply([committed(1, [put('a', '1'), attributes(9, 'n9', [])])]);
  const chunks = machine.snapshot();
  await machine.apply([committed(3, [put('a', 'later'), attributes(9, 'renamed', [])])]);

  const directory = await directoryOf(context);
  const other = await opened(context, directory);
  await other.machine.apply([committed(1, [put('gone', '1'), attributes(8, 'n8', [])])]);
  await other.machine.restore(2 as LogIndex, chunks);
  assert.equal(read(other.machine, 'a'), '1');
  assert.equal(read(other.machine, 'gone'), undefined);
  assert.equal(other.machine.members.get(9)?.name, 'n9');
  assert.equal(other.machine.members.get(8), undefined);
  await other.machine.close();
  assert.equal((await opened(context, directory)).index, 2);
});

test('what a compaction condemned is removed, also after a restart in between', async (context) => {
  const directory = await directoryOf(context);
  const { machine } = await opened(context, directory);
  const puts = Array.from({ length: 2000 }, (_, at) => put('a', `${at}`));
  const compaction = { revision: 2000n, physical: true };
  await machine.apply([committed(1, [...puts, { $case: 'compaction', value: compaction }])]);
  await machine.compactor.stop();
  assert.ok(machine.store.compactSome(1), 'stopped before it was done');
  await machine.sync();
  await machine.close();

  const again = await opened(context, directory);
  await again.machine.compactor.finished();
  assert.equal(again.machine.store.compactSome(1), false);
  assert.equal(read(again.machine, 'a'), '1999');
});

test('a command of an unknown kind stops the machine and changes nothing', async (context) => {
  const { machine } = await opened(context, await directoryOf(context));
  const unknown = committed(1, [put('a', '1'), put('b', '1')]);
  const fromTheFuture = Uint8Array.of(0x7a, 0x00);
  const batch = {
    ...unknown,
    [Symbol.iterator]: () => [...unknown, fromTheFuture][Symbol.iterator](),
  };
  await assert.rejects(machine.apply([batch]), /of a kind this version does not know/);
  assert.equal(machine.store.revision, 1);
});

test('a transaction is one command and one revision', async (context) => {
  const { machine } = await opened(context, await directoryOf(context));
  const op = (key: string) => {
    const value = { ...PutRequest.decode(NOTHING), key: text(key) };
    return { request: { $case: 'requestPut' as const, value } };
  };
  const value = { ...TxnRequest.decode(NOTHING), success: [op('a'), op('b')] };
  const [result] = await machine.apply([committed(1, [{ $case: 'txn', value }])]);
  assert.equal(result?.kind, 'txn');
  assert.equal(machine.store.revision, 2);
});
