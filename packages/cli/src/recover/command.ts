/** `quorate recover`: a new cluster out of what one member has left. The work is in run.ts. */

import { type Command, InvalidArgumentError } from 'commander';
import { examples } from '../client/commands.ts';

export interface RecoverFlags {
  readonly newClusterId: number;
  readonly groups?: readonly number[];
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function addRecoverCommand(program: Command): void {
  program
    .command('recover <dir>')
    .summary('make one survivor the only member of a new cluster')
    .description(
      'For a cluster whose majority is gone for good, data included. Says what the member of this ' +
        'data directory would keep and what may be lost; with --yes, makes it the only member of a ' +
        'new cluster. A host with many groups is recovered with all of them, or with those that are ' +
        'named. docs/recovery.md says when, and which survivor to choose.',
    )
    .requiredOption('--new-cluster-id <id>', 'a number that no cluster of yours has had', clusterId)
    .option(
      '--groups <ids>',
      'of a host: only these, such as 1,5-9; into its cluster with the id that it has',
      groupIds,
    )
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

/** Ids and ranges of them, separated by commas. */
function groupIds(text: string): readonly number[] {
  return text.split(',').flatMap((piece) => {
    const [, first = '', last = first] = /^(\d+)(?:-(\d+))?$/.exec(piece.trim()) ?? [];
    const length = Number(last) - Number(first) + 1;
    if (first !== '' && length > 0 && length <= MOST_GROUPS && Number.isSafeInteger(Number(last))) {
      return Array.from({ length }, (_, at) => Number(first) + at);
    }
    throw new InvalidArgumentError('give ids and ranges of them, such as 1,5-9');
  });
}

/** In one range: a mistyped one must not fill the memory. */
const MOST_GROUPS = 1_000_000;
