/** `quorate serve` and its flags. What it does is in run.ts, loaded only when it is asked for. */

import { type Command, Option } from 'commander';
import { examples } from '../client/commands.ts';
import { FORCE_NEW_CLUSTER, SERVE_FLAGS } from './flags.ts';
import { LOG_LEVELS } from './log-lines.ts';

export function addServeCommand(program: Command): void {
  const command = program
    .command('serve')
    .summary('run one member of a cluster')
    .description(
      'Runs one member of a cluster that etcd clients can talk to.\n\n' +
        "Flags and variables are etcd's: --initial-cluster can also be ETCD_INITIAL_CLUSTER; " +
        'the flag wins. SIGTERM and SIGINT stop it cleanly.',
    );
  for (const { name, argument, help } of SERVE_FLAGS) command.option(`--${name} ${argument}`, help);
  command
    .addOption(new Option(`--${FORCE_NEW_CLUSTER} [yes]`).preset('true').hideHelp())
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
      const { serve } = await import('./run.ts');
      await serve(options);
    });
}

/** Go's flags take one dash as well as two, and etcd's users know them so. */
export function withTwoDashes(args: readonly string[]): string[] {
  const names = new Set([...SERVE_FLAGS.map(({ name }) => name), FORCE_NEW_CLUSTER, 'log-level']);
  return args.map((arg) => {
    const name = /^-([a-z][a-z-]+)(=|$)/.exec(arg)?.[1];
    return name !== undefined && names.has(name) ? `-${arg}` : arg;
  });
}
