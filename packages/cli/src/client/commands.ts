/** `quorate put`, `get` and `del`: what they print is what etcdctl prints, or JSON. */

import type * as rpc from '@quorate/etcd/rpc';
import type { Command } from 'commander';
import { CommandError } from '../failure.ts';
import { print, printJson, printLine, remark } from '../output.ts';
import {
  DELETE_RANGE,
  deleteRangeRequest,
  type KeyValue,
  PUT,
  putRequest,
  RANGE,
  rangeRequest,
} from './api.ts';
import { bytesForJson, type KeySelection, keyRange } from './keys.ts';
import { addClientOptions, type ClientFlags, positiveInteger, withClient } from './options.ts';

interface SelectionFlags extends ClientFlags {
  readonly prefix?: boolean;
  readonly fromKey?: boolean;
}

interface GetFlags extends SelectionFlags {
  readonly limit?: number;
  readonly rev?: number;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
  readonly printValueOnly?: boolean;
  readonly serializable?: boolean;
}

export function addKeyCommands(program: Command): void {
  addClientOptions(program.command('put <key> [value]'))
    .summary('store a value')
    .description('Stores a value under a key. Without VALUE, the value is read from stdin.')
    .addHelpText(
      'after',
      examples('quorate put greeting hello', 'quorate put config < config.json'),
    )
    .action(put);

  addSelectionOptions(addClientOptions(program.command('get <key>')))
    .summary('read keys')
    .description('Prints keys and values, each on a line of its own, as etcdctl does.')
    .option('--limit <n>', 'at most so many keys', positiveInteger)
    .option('--rev <n>', 'as of this revision', positiveInteger)
    .option('--keys-only', 'leave out the values, not their lines')
    .option('--count-only', 'only how many there are')
    .option('--print-value-only', 'leave out the keys')
    .option('--serializable', "from the server's own state: faster, and possibly old")
    .addHelpText(
      'after',
      examples(
        'quorate get greeting',
        "quorate get --prefix '' --keys-only",
        'quorate get a --json',
      ),
    )
    .action(get);

  addSelectionOptions(addClientOptions(program.command('del <key>')))
    .summary('delete keys')
    .description('Deletes keys and prints how many there were.')
    .addHelpText('after', examples('quorate del greeting', 'quorate del --prefix config/'))
    .action(del);
}

function addSelectionOptions(command: Command): Command {
  return command
    .option('--prefix', 'every key that begins with <key>')
    .option('--from-key', 'every key from <key> on');
}

async function put(key: string, value: string | undefined, flags: ClientFlags): Promise<void> {
  const request = putRequest({
    key: new TextEncoder().encode(key),
    value: value === undefined ? await readStdin() : new TextEncoder().encode(value),
  });
  const { header } = await withClient(flags, (client) => client.write(PUT, request));
  if (flags.json) printJson({ header: headerForJson(header) });
  else printLine('OK');
}

async function get(key: string, flags: GetFlags): Promise<void> {
  const request = rangeRequest({
    ...keyRange(key, selectionOf(flags)),
    limit: BigInt(flags.limit ?? 0),
    revision: BigInt(flags.rev ?? 0),
    keysOnly: flags.keysOnly ?? false,
    countOnly: flags.countOnly ?? false,
    serializable: flags.serializable ?? false,
  });
  const answer = await withClient(flags, (client) => client.read(RANGE, request));
  if (flags.json) {
    printJson({
      header: headerForJson(answer.header),
      kvs: answer.kvs.map(keyValueForJson),
      count: Number(answer.count),
      more: answer.more,
    });
  } else if (flags.countOnly) {
    printLine(String(answer.count));
  } else if (answer.count === 0n) {
    remark('no such key');
  } else {
    for (const pair of answer.kvs) printPair(pair, flags);
  }
}

function printPair({ key, value }: KeyValue, flags: GetFlags): void {
  if (!flags.printValueOnly) print(key, '\n');
  // With --keys-only it is empty, and its line is there all the same, as etcdctl has it.
  print(value, '\n');
}

async function del(key: string, flags: SelectionFlags): Promise<void> {
  const request = deleteRangeRequest(keyRange(key, selectionOf(flags)));
  const { header, deleted } = await withClient(flags, (client) =>
    client.write(DELETE_RANGE, request),
  );
  if (flags.json) printJson({ header: headerForJson(header), deleted: Number(deleted) });
  else printLine(String(deleted));
}

function selectionOf({ prefix, fromKey }: SelectionFlags): KeySelection {
  if (prefix && fromKey) {
    throw new CommandError(
      'QUORATE_USAGE',
      '--prefix and --from-key contradict each other',
      'give one of them',
    );
  }
  if (prefix) return 'prefix';
  return fromKey ? 'from' : 'one';
}

async function readStdin(): Promise<Uint8Array> {
  if (process.stdin.isTTY) remark('the value is read from here; Ctrl-D ends it');
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Ids are strings: etcd's use all 64 bits, and a JavaScript number would round them. */
export function headerForJson(header: rpc.ResponseHeader | undefined) {
  return {
    clusterId: String(header?.clusterId ?? 0n),
    memberId: String(header?.memberId ?? 0n),
    revision: Number(header?.revision ?? 0n),
    raftTerm: Number(header?.raftTerm ?? 0n),
  };
}

function keyValueForJson(pair: KeyValue) {
  return {
    key: bytesForJson(pair.key),
    value: bytesForJson(pair.value),
    createRevision: Number(pair.createRevision),
    modRevision: Number(pair.modRevision),
    version: Number(pair.version),
    lease: String(pair.lease),
  };
}

export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`;
