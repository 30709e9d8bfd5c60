/** What `put`, `get`, `del` and `status` share. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import { EtcdClient } from './client.ts';
import { DEFAULT_ENDPOINTS, parseEndpoints } from './endpoints.ts';

export interface ClientFlags {
  readonly endpoints: string;
  readonly json?: boolean;
  readonly dialTimeout: number;
  readonly commandTimeout: number;
}

export function addClientOptions(command: Command): Command {
  for (const option of clientOptions()) command.addOption(option);
  return command;
}

export const clientOptions = (): readonly Option[] => [
  endpointsOption(),
  new Option('--json', 'print JSON, for a program'),
  new Option('--dial-timeout <ms>', 'longest wait for a connection to one server')
    .argParser(positiveInteger)
    .default(2000),
  new Option('--command-timeout <ms>', 'longest wait for an answer')
    .argParser(positiveInteger)
    .default(5000),
];

export const endpointsOption = (): Option =>
  new Option('--endpoints <list>', 'servers to ask, host:port with commas between')
    .env('ETCDCTL_ENDPOINTS')
    .default(DEFAULT_ENDPOINTS);

export async function withClient<T>(
  flags: ClientFlags,
  use: (client: EtcdClient) => Promise<T>,
): Promise<T> {
  const client = new EtcdClient(parseEndpoints(flags.endpoints), {
    dialTimeoutMs: flags.dialTimeout,
    commandTimeoutMs: flags.commandTimeout,
  });
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

export function positiveInteger(text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text)) && Number(text) > 0) {
    return Number(text);
  }
  throw new InvalidArgumentError('it must be a whole number above 0');
}
