/**
 * Who the nodes of a `quorate dev` cluster are: names, ports and directories.
 *
 * Ports are those of etcd's own Procfile: 2379, 22379, 32379 for clients, and one more for peers.
 * A member's identity comes from its peer URL, so the layout is kept with the data: started again,
 * the cluster is where it was.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../failure.ts';

export interface DevNode {
  /** n1, n2, … */
  readonly name: string;
  readonly clientPort: number;
  readonly peerPort: number;
  readonly directory: string;
  readonly logFile: string;
}

export interface Layout {
  readonly nodes: number;
  /** Client port of the first node. */
  readonly port: number;
}

const DEFAULT_LAYOUT: Layout = { nodes: 3, port: 2379 };

/** More than this and the ports of etcd's Procfile run out. */
const MAX_NODES = 5;

const FILE = 'cluster.json';

/**
 * The layout that was asked for, or the one that the data has.
 *
 * @throws {CommandError} `QUORATE_USAGE`; `QUORATE_DATA_MISMATCH` when the data has another one
 */
export function settleLayout(data: string, asked: Partial<Layout>): Layout {
  const stored = storedLayout(data);
  const layout = { ...DEFAULT_LAYOUT, ...stored, ...asked };
  if (layout.nodes > MAX_NODES) {
    throw new CommandError(
      'QUORATE_USAGE',
      `--nodes is at most ${MAX_NODES}, got ${layout.nodes}`,
      'three nodes bear the loss of one, five the loss of two',
    );
  }
  const highest = clientPortOf(layout.port, layout.nodes - 1) + 1;
  if (highest > 65_535) {
    throw new CommandError(
      'QUORATE_USAGE',
      `--port ${layout.port} puts the last of ${layout.nodes} nodes at ${highest}, above 65535`,
      `give at most --port ${layout.port - (highest - 65_535)}`,
    );
  }
  if (stored !== undefined && (stored.nodes !== layout.nodes || stored.port !== layout.port)) {
    throw new CommandError(
      'QUORATE_DATA_MISMATCH',
      `${data} holds a cluster of ${stored.nodes} nodes whose first is at port ${stored.port}`,
      'leave out --nodes and --port, or name another directory with --data',
    );
  }
  return layout;
}

/** Once it is sure that the cluster can start. */
export function keepLayout(data: string, layout: Layout): void {
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, FILE), `${JSON.stringify(layout)}\n`);
}

function storedLayout(data: string): Layout | undefined {
  const path = join(data, FILE);
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Layout;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CommandError(
      'QUORATE_FILE',
      `${path} cannot be read: ${(cause as Error).message}`,
      'name another directory with --data',
      { cause },
    );
  }
}

export function nodesOf({ nodes, port }: Layout, data: string): readonly DevNode[] {
  return Array.from({ length: nodes }, (_, position) => {
    const name = `n${position + 1}`;
    const clientPort = clientPortOf(port, position);
    return {
      name,
      clientPort,
      peerPort: clientPort + 1,
      directory: join(data, name),
      logFile: join(data, `${name}.log`),
    };
  });
}

/** 2379, 22379, 32379, … */
function clientPortOf(first: number, position: number): number {
  return position === 0 ? first : first + (position + 1) * 10_000;
}

/** The arguments of `quorate serve` for one node of the cluster. */
export function serveArguments(node: DevNode, all: readonly DevNode[]): string[] {
  const client = `http://127.0.0.1:${node.clientPort}`;
  const peerOf = ({ peerPort }: DevNode) => `http://127.0.0.1:${peerPort}`;
  return [
    'serve',
    `--name=${node.name}`,
    `--data-dir=${node.directory}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peerOf(node)}`,
    `--initial-advertise-peer-urls=${peerOf(node)}`,
    `--initial-cluster=${all.map((member) => `${member.name}=${peerOf(member)}`).join(',')}`,
    '--initial-cluster-token=quorate-dev',
  ];
}
