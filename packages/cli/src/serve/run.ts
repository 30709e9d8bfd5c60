/** One member: opened, announced, stopped by a signal or by a failure it cannot go on with. */

import { EtcdServer, EtcdServerError, resolveConfig } from '@quorate/etcd';
import { FORCE_NEW_CLUSTER, inFlagNames, SERVE_FLAGS, settingsFrom } from './flags.ts';
import { createLog, type Log, type LogLevel } from './log-lines.ts';
import { StopRequest } from './stop-request.ts';
import { traceLog, withNames } from './trace-log.ts';

/** Resolves after a clean stop. */
export async function serve(options: Readonly<Record<string, string>>): Promise<void> {
  const names = [...SERVE_FLAGS.map(({ name }) => name), FORCE_NEW_CLUSTER];
  const flags = Object.fromEntries(names.map((name) => [name, options[camelCase(name)]] as const));
  const { config, warnings } = settingsFrom(flags, process.env);
  const log = createLog(
    options.logLevel as LogLevel,
    (line) => process.stderr.write(line),
    () => new Date(),
  );
  for (const warning of warnings) log('warn', warning);

  const stop = new StopRequest(log);
  const { members, dataDir, name } = inFlagNamesOnFailure(() => resolveConfig(config));
  const named = withNames(members, log);
  const server = await inFlagNamesOnFailure(() =>
    EtcdServer.open({ ...config, log: named, trace: traceLog(named) }),
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
