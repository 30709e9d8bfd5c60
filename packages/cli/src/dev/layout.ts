/**
 * Who the nodes of a `quorate dev` cluster are: names, ports and directories.
 *
 * Ports are those of etcd's own Procfile: 2379, 22379, 32379 for clients, and one more for peers.
 * A member's identity comes from its peer URL, so the layout is kept with the data: started again,
 * the cluster is where it was.
 */

import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectories } from '@quorate/node';
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

/**
 * Once it is sure that the cluster can start.
 *
 * @throws {CommandError} `QUORATE_FILE`
 */
export async function keepLayout(data: string, layout: Layout): Promise<void> {
  const path = join(data, FILE);
  if (existsSync(path)) return;
  try {
    await makeDirectories(data);
    await writeFile(path, `${JSON.stringify(layout)}\n`);
  } catch (cause) {
    throw new CommandError(
      'QUORATE_FILE',
      `${path} cannot be written: ${(cause as Error).message}`,
      'name a directory that you can write with --data',
      { cause },
    );
  }
}

function storedLayout(data: string): Layout | undefined {
  const path = join(data, FILE);
  try {
    const layout: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (isLayout(layout)) return layout;
    throw new Error('it does not say how many nodes there are, and at which port');
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

function isLayout(value: unknown): value is Layout {
  const { nodes, port } = (value ?? {}) as Partial<Layout>;
  return [nodes, port].every((number) => Number.isSafeInteger(number) && Number(number) > 0);
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
