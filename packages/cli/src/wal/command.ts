/** `quorate wal dump`: what is in a member's log, for a person with a problem or a program. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type DumpedItem, dumpLog } from '@quorate/node';
import type { Command } from 'commander';
import { examples } from '../client/commands.ts';
import { CommandError } from '../failure.ts';
import { printJson, printLine } from '../output.ts';
import { itemLine } from './item-line.ts';

export function addWalCommand(program: Command): void {
  const wal = program.command('wal').summary('look into the log on disk');
  wal
    .command('dump <dir>')
    .summary('print the records of a log')
    .description(
      'Prints the log of a data directory, record by record. Reads only and takes no lock: works ' +
        'beside a running server and on a damaged log, where it goes on behind the damage.',
    )
    .option('--json', 'a line of JSON for each file and record')
    .addHelpText('after', examples('quorate wal dump data/n1', 'quorate wal dump data/n1 --json'))
    .action(dump);
}

async function dump(directory: string, { json }: { readonly json?: boolean }): Promise<void> {
  let items = 0;
  for await (const item of itemsOf(directory)) {
    items += 1;
    if (json) printJson(item);
    else printLine(itemLine(item));
  }
  if (items === 0) {
    throw new CommandError(
      'QUORATE_FILE',
      `${directory} holds no log`,
      'name the data directory of a member, like data/n1 or default.etcd',
    );
  }
}

async function* itemsOf(directory: string): AsyncGenerator<DumpedItem> {
  // A server keeps its log beside its store; an embedded node has nothing else.
  const beside = join(directory, 'raft');
  try {
    yield* dumpLog(existsSync(beside) ? beside : directory);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).syscall === undefined) throw cause;
    throw new CommandError(
      'QUORATE_FILE',
      `${directory} cannot be read: ${(cause as Error).message}`,
      'name the data directory of a member, like data/n1 or default.etcd',
      { cause },
    );
  }
}
