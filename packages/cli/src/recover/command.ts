/** `quorate recover`: a new cluster out of what one member has left. The work is in run.ts. */

import { type Command, InvalidArgumentError } from 'commander';
import { examples } from '../client/commands.ts';

export interface RecoverFlags {
  readonly newClusterId: number;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function addRecoverCommand(program: Command): void {
  program
    .command('recover <dir>')
    .summary('make one survivor the only member of a new cluster')
    .description(
      'For a cluster whose majority is gone for good, data included. Says what the member of this\n' +
        'data directory would keep and what may be lost; with --yes, makes it the only member of a\n' +
        'new cluster. docs/recovery.md says when, and which survivor to choose.',
    )
    .requiredOption('--new-cluster-id <id>', 'a number that no cluster of yours has had', clusterId)
    .option('--yes', 'do it; without this nothing is changed')
    .option('--json', 'one object of JSON')
    .addHelpText(
      'after',
      examples(
        'quorate recover data/n1 --new-cluster-id 4711         # changes nothing',
        'quorate recover data/n1 --new-cluster-id 4711 --yes',
      ),
    )
    .action(async (directory: string, flags: RecoverFlags) => {
      const { recover } = await import('./run.ts');
      await recover(directory, flags);
    });
}

/** Decimal, or hexadecimal with 0x, as etcdctl prints ids in both. */
function clusterId(text: string): number {
  const id = /^(\d+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(id) && id > 0) return id;
  throw new InvalidArgumentError('it must be a whole number above 0 and below 2^53');
}
