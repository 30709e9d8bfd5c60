/**
 * `quorate wal dump`: what is in a member's log, for a person with a problem or a program. The work is
 * in run.ts.
 */

import type { Command } from 'commander';
import { examples } from '../client/commands.ts';

export interface DumpFlags {
  readonly json?: boolean;
}

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
    .action(async (directory: string, flags: DumpFlags) => {
      const { dump } = await import('./run.ts');
      await dump(directory, flags);
    });
}
