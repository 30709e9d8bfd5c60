/** What `quorate dev` shows, as text. Knows nothing of processes, terminals or time. */

import pc from 'picocolors';
import type { shownStatus } from '../client/member-status.ts';
import { table } from '../table.ts';
import type { DevNode } from './layout.ts';
import type { ProcessState } from './node-process.ts';

export interface NodeView {
  readonly node: DevNode;
  readonly process: ProcessState;
  /** What the node says of itself; undefined while it does not answer. */
  readonly status: ReturnType<typeof shownStatus> | undefined;
  /** False: it is still on its way up. */
  readonly hasAnswered: boolean;
  /** Milliseconds until it is started again, where that is planned. */
  readonly returnsInMs: number | undefined;
}

export function greeting(nodes: readonly DevNode[], data: string, keys: boolean): string {
  const endpoints = nodes.map(({ clientPort }) => `127.0.0.1:${clientPort}`);
  const first = endpoints[0];
  const lines = [
    pc.bold(
      `Quorate: ${countOf(nodes.length)}, each a process of its own; their data is in ${data}`,
    ),
    '',
    `  endpoints  ${endpoints.join('  ')}`,
    `  try        etcdctl --endpoints=${first} put greeting hello`,
    `             etcdctl --endpoints=${endpoints.at(-1)} get greeting`,
    `  or         npx quorate get greeting${first === '127.0.0.1:2379' ? '' : ` --endpoints=${first}`}`,
    '  break      kill -9 the pid of the leader and watch the others elect a new one',
    ...(keys ? ['             or press its digit; the same digit starts it again'] : []),
    '  stop       Ctrl-C; the data stays, and the same command goes on from it',
    '',
  ];
  return `${lines.join('\n')}\n`;
}

const countOf = (nodes: number): string =>
  nodes === 1 ? 'one durable node' : `${nodes} durable nodes`;

/** The table that is redrawn in place. */
export function statusTable(views: readonly NodeView[], keys: boolean): string {
  return table(
    ['node', 'clients at', 'pid', 'state', 'term', 'commit', 'applied'].map((name) => pc.dim(name)),
    views.map((view, position) => [
      view.node.name,
      `127.0.0.1:${view.node.clientPort}`,
      view.process.kind === 'running' ? String(view.process.pid) : '-',
      ...stateCells(view, keys ? String(position + 1) : undefined),
    ]),
  );
}

/** The same as one line, for a log. */
export function statusLine(views: readonly NodeView[]): string {
  return views
    .map((view) => {
      const { node, process, status } = view;
      const who = process.kind === 'running' ? `${node.name} pid=${process.pid}` : node.name;
      if (status === undefined) return `${who} ${downText(view)}`;
      const { state, term, commitIndex, appliedIndex } = status;
      return `${who} ${state} term=${term} commit=${commitIndex} applied=${appliedIndex}`;
    })
    .join('  |  ');
}

function stateCells(view: NodeView, key: string | undefined): readonly string[] {
  const { status, process } = view;
  if (status === undefined) {
    const text = downText(view);
    if (process.kind === 'running') return [pc.yellow(text)];
    return [pc.red(text) + (key === undefined ? '' : pc.dim(`, or press ${key}`))];
  }
  const counts = [status.term, status.commitIndex, status.appliedIndex].map(String);
  return [status.state === 'leader' ? pc.green('leader') : wordFor(status.state), ...counts];
}

const wordFor = (state: 'follower' | 'no-leader'): string =>
  state === 'follower' ? 'follower' : pc.yellow('no leader');

function downText({ process, hasAnswered, returnsInMs }: NodeView): string {
  const back =
    returnsInMs === undefined ? '' : `, back in ${Math.max(1, Math.ceil(returnsInMs / 1000))} s`;
  switch (process.kind) {
    case 'running':
      return hasAnswered ? 'does not answer' : 'starts';
    case 'killed':
      return `down (${process.signal})${back}`;
    case 'failed':
      return 'down (failed, see above)';
    case 'stopped':
      return `down (stopped)${back}`;
  }
}
