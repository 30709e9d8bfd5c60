/** `quorate dev`: a whole cluster on this machine, to try things on. */

import { setTimeout as pause } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { examples } from '../client/commands.ts';
import { positiveInteger } from '../client/options.ts';
import { CommandError } from '../failure.ts';
import { print } from '../output.ts';
import { DevCluster } from './cluster.ts';
import { keepLayout, type Layout, nodesOf, settleLayout } from './layout.ts';
import { checkPortsAreFree } from './ports.ts';
import { PlainScreen, type Screen, TerminalScreen } from './screen.ts';
import { greeting, statusLine, statusTable } from './view.ts';

interface DevFlags {
  readonly nodes?: number;
  readonly port?: number;
  readonly data: string;
  readonly restartAfter: number;
}

/** Often enough to see an election happen; a line in a log is due less often. */
const TERMINAL_REFRESH_MS = 250;
const PLAIN_REFRESH_MS = 1000;

const CTRL_C = '\u0003';

export function addDevCommand(program: Command): void {
  program
    .command('dev')
    .summary('run a whole cluster on this machine')
    .description(
      'Runs a cluster of durable nodes on this machine, each a process of its own, and shows how ' +
        'they are. Kill one and see what happens. Ctrl-C stops them; the data stays.',
    )
    .option('--nodes <n>', '1 to 5 nodes (default: 3, or what the data has)', positiveInteger)
    .option(
      '--port <port>',
      'client port of the first node; the others add 20000, 30000, … and peers 1 (default: 2379)',
      positiveInteger,
    )
    .option('--data <dir>', 'where their data and logs live', './data')
    .option('--restart-after <s>', 'a killed node returns after so long; 0: never', seconds, 10)
    .addHelpText('after', examples('quorate dev', 'quorate dev --nodes 5 --data /tmp/five'))
    .action(dev);
}

async function dev(flags: DevFlags): Promise<void> {
  const asked: Partial<Layout> = {
    ...(flags.nodes !== undefined && { nodes: flags.nodes }),
    ...(flags.port !== undefined && { port: flags.port }),
  };
  const layout = settleLayout(flags.data, asked);
  const nodes = nodesOf(layout, flags.data);
  await checkPortsAreFree(nodes);
  await keepLayout(flags.data, layout);

  const hasKeys = process.stdin.isTTY === true;
  print(greeting(nodes, flags.data, hasKeys));
  const screen: Screen = process.stdout.isTTY
    ? new TerminalScreen(process.stdout)
    : new PlainScreen((text) => print(text));
  const tell = (line: string) => screen.tell(`${new Date().toTimeString().slice(0, 8)}  ${line}`);
  const cluster = new DevCluster(nodes, { restartAfterMs: flags.restartAfter * 1000, tell });

  const stop = new AbortController();
  const input = listenForKeys(cluster, () => {
    if (!stop.signal.aborted) return stop.abort();
    // Asked twice: at once.
    cluster.killAll();
    process.exit(1);
  });
  cluster.start();
  try {
    await watch(cluster, screen, { hasKeys, signal: stop.signal });
    screen.tell('stopping');
  } finally {
    await cluster.stop();
    input.close();
  }
  print(`Stopped. The data is in ${flags.data}; the same command goes on from it.\n`);
}

async function watch(
  cluster: DevCluster,
  screen: Screen,
  { hasKeys, signal }: { hasKeys: boolean; signal: AbortSignal },
): Promise<void> {
  const pauseMs = screen instanceof TerminalScreen ? TERMINAL_REFRESH_MS : PLAIN_REFRESH_MS;
  while (!signal.aborted) {
    await cluster.refresh();
    if (signal.aborted) return;
    const views = cluster.views();
    screen.show(statusTable(views, hasKeys), statusLine(views));
    if (cluster.hasFailed) {
      throw new CommandError(
        'QUORATE_INCOMPLETE',
        'every node ended by a failure of its own, see above',
        `their logs are ${views.map(({ node }) => node.logFile).join(', ')}`,
      );
    }
    // Ends early, by a rejection, when it is time to stop.
    await pause(pauseMs, undefined, { signal }).catch(() => {});
  }
}

/** Digits toggle nodes; Ctrl-C, q and signals stop. */
function listenForKeys(cluster: DevCluster, stop: () => void): { close(): void } {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  const { stdin } = process;
  if (!stdin.isTTY) return { close() {} };
  stdin.setRawMode(true);
  stdin.setEncoding('utf8').on('data', (text: string) => {
    for (const key of text) {
      if (key === CTRL_C || key === 'q') stop();
      else if (/[1-9]/.test(key)) cluster.toggle(Number(key) - 1);
    }
  });
  return {
    close() {
      stdin.setRawMode(false);
      stdin.pause();
    },
  };
}

function seconds(text: string): number {
  const value = Number(text);
  if (text !== '' && value >= 0 && value <= 86_400) return value;
  throw new InvalidArgumentError('it must be a number of seconds');
}
