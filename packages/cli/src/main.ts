/** The command `quorate`: its parts, and the one place where failures become a line and a status. */

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { addKeyCommands, examples } from './client/commands.ts';
import { clientOptions } from './client/options.ts';
import { addStatusCommand } from './client/status-command.ts';
import { addDevCommand } from './dev/command.ts';
import { CommandError, failureJson, failureLine } from './failure.ts';
import { addLoadCommand } from './load/command.ts';
import { endQuietlyWhenReaderLeaves } from './output.ts';
import { addRecoverCommand } from './recover/command.ts';
import { addServeCommand, withTwoDashes } from './serve/command.ts';
import { addWalCommand } from './wal/command.ts';

const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string };

function buildProgram(): Command {
  const program = new Command('quorate')
    .description('A replicated, durable key-value store that etcd clients can talk to.')
    .version(version, '-v, --version', 'print the version')
    .helpCommand('help [command]', 'show the help of a command')
    .configureOutput({ outputError: () => {} })
    .configureHelp({ showGlobalOptions: false })
    .enablePositionalOptions()
    .exitOverride();
  for (const option of clientOptions()) program.addOption(option.hideHelp());
  program.hook('preAction', (_program, command) => handDown(program, command));
  addDevCommand(program);
  addServeCommand(program);
  addKeyCommands(program);
  addStatusCommand(program);
  addLoadCommand(program);
  addWalCommand(program);
  addRecoverCommand(program);
  return program.addHelpText(
    'after',
    examples(
      'quorate dev                     # three durable nodes on this machine',
      'quorate put greeting hello',
      'quorate get greeting',
      'quorate --endpoints 10.0.0.1:2379 status   # such flags may stand before the command or behind it',
    ),
  );
}

/** Gives the command what stood before it, where people who know etcdctl write it. What stands behind it wins. */
function handDown(program: Command, command: Command): void {
  for (const option of program.options) {
    const name = option.attributeName();
    if (program.getOptionValueSource(name) !== 'cli') continue;
    if (!command.options.some(({ long }) => long === option.long)) {
      const problem = `'${command.name()}' does not know ${option.long}`;
      throw new CommandError('QUORATE_USAGE', problem, 'leave it out');
    }
    if (command.getOptionValueSource(name) === 'cli') continue;
    command.setOptionValueWithSource(name, program.getOptionValue(name), 'cli');
  }
}

/** Help and version, asked for (status 0) or shown instead of a command that is missing (1). */
const SHOWN_ALREADY: ReadonlySet<string> = new Set([
  'commander.help',
  'commander.helpDisplayed',
  'commander.version',
]);

async function main(args: readonly string[]): Promise<number> {
  try {
    await buildProgram().parseAsync(args[0] === 'serve' ? withTwoDashes(args) : args, {
      from: 'user',
    });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && SHOWN_ALREADY.has(error.code)) return error.exitCode;
    const failure = error instanceof CommanderError ? usageError(error, args) : error;
    const line = args.includes('--json') ? failureJson(failure) : failureLine(failure);
    process.stderr.write(`${line}\n`);
    return 1;
  }
}

/** Commander's sentence, in our form. */
function usageError(error: CommanderError, args: readonly string[]): CommandError {
  const [sentence = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const command = error.code === 'commander.unknownCommand' ? undefined : args[0];
  const help = command?.match(/^[a-z]/) ? `quorate ${command} --help` : 'quorate --help';
  const guess = suggestion?.replace(/[()]/g, '').replace(/^Did/, 'did');
  return new CommandError(
    'QUORATE_USAGE',
    sentence.replace(/\.$/, ''),
    `${guess === undefined ? '' : `${guess} `}\`${help}\` lists what there is`,
  );
}

endQuietlyWhenReaderLeaves();
// A server may hold sockets and files that keep the process alive; by now all of it is let go.
process.exit(await main(process.argv.slice(2)));
