/** What `quorate wal dump` prints. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type DumpedItem, dumpLog } from '@quorate/node';
import { CommandError } from '../failure.ts';
import { printJson, printLine } from '../output.ts';
import type { DumpFlags } from './command.ts';
import { itemLine } from './item-line.ts';

export async function dump(directory: string, { json }: DumpFlags): Promise<void> {
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
