/**
 * Command lines for etcdctl, run against both servers in this order. What they print must be equal
 * when ids, ports and sizes are given neutral names.
 */

export interface Command {
  readonly args: readonly string[];
  /** What the command reads from its standard input. */
  readonly input?: string;
}

const command = (line: string, input?: string): Command => ({
  args: line.split(' '),
  ...(input === undefined ? {} : { input }),
});

const inFormats = (line: string, formats: readonly string[]): Command[] =>
  formats.map((format) => command(`${line} -w ${format}`));

const TEXT = ['simple', 'json', 'fields'] as const;
const ALL = [...TEXT, 'table'] as const;

const txnText = (compares: string, success: string, failure: string): string =>
  `${[compares, success, failure].join('\n\n')}\n\n`;

export const ETCDCTL_CASES: readonly Command[] = [
  ...inFormats('put greeting hello', TEXT),
  command('put greeting table -w table'),
  ...inFormats('put greeting hi --prev-kv', TEXT),
  command('put greeting --ignore-value'),
  command('put nothing --ignore-value'),
  command('put greeting hey --lease=123'),
  command('put numbers/1 one'),
  command('put numbers/2 two'),
  command('put numbers/3 three'),
  command('put numbers/2 zwei'),
  command('put piped', 'from standard input'),
  ...inFormats('get greeting', TEXT),
  ...inFormats('get numbers/ --prefix', TEXT),
  command('get numbers/ --prefix --keys-only'),
  command('get numbers/ --prefix --print-value-only'),
  command('get numbers/ --prefix --limit=2 -w json'),
  command('get numbers/ --prefix --order=DESCEND --sort-by=VALUE'),
  command('get numbers/ --prefix --sort-by=MODIFY --order=ASCEND'),
  command('get numbers/1 numbers/3'),
  command('get --from-key numbers/2'),
  command('get numbers/ --prefix --hex'),
  command('get numbers/2 --rev=2'),
  command('get numbers/2 --rev=1000000'),
  command('get greeting --consistency=s'),
  command('get nothing -w json'),
  command('get greeting -w table'),
  ...inFormats('del numbers/1 --prev-kv', TEXT),
  ...inFormats('del nothing', TEXT),
  command('del numbers/ --prefix -w json'),
  command('put numbers/1 again'),
  command('del --from-key piped'),
  ...TEXT.map((format) =>
    command(
      `txn -w ${format}`,
      txnText('value("greeting") = "hi"', 'put greeting hello\nget greeting', 'get nothing'),
    ),
  ),
  command('txn', txnText('mod("greeting") > "0"', 'del greeting', 'put greeting once')),
  command('txn', txnText('create("greeting") = "0"', 'put greeting once', 'get greeting')),
  command('txn', txnText('version("greeting") = "7"', 'get greeting', 'del numbers/ --prefix')),
  command('txn', txnText('', 'put twice a\nput twice b', '')),
  command('compaction 5'),
  command('compaction 5'),
  command('compaction 1000000'),
  command('compaction --physical 7'),
  command('get greeting --rev=6'),
  ...inFormats('endpoint hashkv', ALL),
  ...inFormats('endpoint status', ALL),
  ...inFormats('member list', ALL),
  command('endpoint health'),
  command('version'),
];
