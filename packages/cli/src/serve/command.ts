/** `quorate serve`: one member, until a signal, or until it cannot go on. */

import { EtcdServer, EtcdServerError, resolveConfig } from '@quorate/etcd';
import { type Command, Option } from 'commander';
import { examples } from '../client/commands.ts';
import { inFlagNames, SERVE_FLAGS, settingsFrom } from './flags.ts';
import { createLog, LOG_LEVELS, type Log, type LogLevel } from './log-lines.ts';
import { StopRequest } from './stop-request.ts';
import { traceLog } from './trace-log.ts';

export function addServeCommand(program: Command): void {
  const command = program
    .command('serve')
    .summary('run one member of a cluster')
    .description(
      'Runs one member of a cluster that etcd clients can talk to.\n\n' +
        "Flags and variables are etcd's: --initial-cluster can also be ETCD_INITIAL_CLUSTER;\n" +
        'the flag wins. SIGTERM and SIGINT stop it cleanly.',
    );
  for (const { name, argument, help } of SERVE_FLAGS) command.option(`--${name} ${argument}`, help);
  command
    .addOption(
      new Option('--log-level <level>', 'what is worth a line on stderr')
        .choices(LOG_LEVELS)
        .default('info'),
    )
    .addHelpText(
      'after',
      examples(
        'quorate serve                         # one member, data in ./default.etcd',
        'quorate serve --name n1 --data-dir /var/lib/quorate \\',
        '  --listen-peer-urls http://10.0.0.1:2380 --initial-advertise-peer-urls http://10.0.0.1:2380 \\',
        '  --listen-client-urls http://10.0.0.1:2379 --advertise-client-urls http://10.0.0.1:2379 \\',
        '  --initial-cluster n1=http://10.0.0.1:2380,n2=http://10.0.0.2:2380,n3=http://10.0.0.3:2380',
      ),
    )
    .action(async (options: Record<string, string>) => {
      await serve(options);
    });
}

/** Go's flags take one dash as well as two, and etcd's users know them so. */
export function withTwoDashes(args: readonly string[]): string[] {
  const names = new Set([...SERVE_FLAGS.map(({ name }) => name), 'log-level']);
  return args.map((arg) => {
    const name = /^-([a-z][a-z-]+)(=|$)/.exec(arg)?.[1];
    return name !== undefined && names.has(name) ? `-${arg}` : arg;
  });
}

async function serve(options: Readonly<Record<string, string>>): Promise<void> {
  const flags = Object.fromEntries(
    SERVE_FLAGS.map(({ name }) => [name, options[camelCase(name)]] as const),
  );
  const { config, warnings } = settingsFrom(flags, process.env);
  const log = createLog(
    options['logLevel'] as LogLevel,
    (line) => process.stderr.write(line),
    () => new Date(),
  );
  for (const warning of warnings) log('warn', warning);

  const stop = new StopRequest(log);
  const { members, dataDir, name } = inFlagNamesOnFailure(() => resolveConfig(config));
  const server = await inFlagNamesOnFailure(() =>
    EtcdServer.open({ ...config, log, trace: traceLog(members, log) }),
  );
  announce(server, { dataDir, name, log });
  await Promise.race([stop.requested, server.stopped]);
  await server.close();
  log('info', 'stopped');
}

function announce(
  server: EtcdServer,
  { dataDir, name, log }: { dataDir: string; name: string; log: Log },
): void {
  const clients = server.clientUrls.join(',');
  log('info', `${name} is serving clients`, { clients, data: dataDir, pid: process.pid });
}

function inFlagNamesOnFailure<T>(run: () => T): T {
  const reworded = (error: unknown): never => {
    if (!(error instanceof EtcdServerError)) throw error;
    throw new EtcdServerError(error.code, inFlagNames(error.message), { cause: error });
  };
  try {
    const result = run();
    return result instanceof Promise ? (result.catch(reworded) as T) : result;
  } catch (error) {
    return reworded(error);
  }
}

const camelCase = (name: string): string =>
  name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
