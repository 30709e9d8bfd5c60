/** Runs etcdctl against a server and makes what it prints comparable. */

import { execFile } from 'node:child_process';
import type { Difference } from './compare.ts';
import type { Command } from './etcdctl-cases.ts';

/** A name for each thing that differs by nature, by how it is printed. */
export type Names = ReadonlyMap<string, string>;

export interface EtcdctlTarget {
  readonly endpoint: string;
  readonly names: Names;
}

/** The ids of a server with one member, as etcdctl prints them, and its addresses. */
export async function targetOf(endpoint: string): Promise<EtcdctlTarget> {
  const { stdout } = await etcdctl(endpoint, { args: ['member', 'list', '-w', 'json'] });
  // Ids need more digits than a number has: they are read as text.
  const find = (field: string) => BigInt(new RegExp(`"${field}":(\\d+)`).exec(stdout)?.[1] ?? 0);
  const peer = /"peerURLs":\["http:\/\/([^"]+)"\]/.exec(stdout)?.[1] ?? '';
  const [cluster, member] = [find('cluster_id'), find('member_id')];
  const names = new Map([
    [endpoint, 'CLIENT'],
    [peer, 'PEER'],
    [cluster.toString(), 'CLUSTER'],
    [cluster.toString(16), 'CLUSTER'],
    [member.toString(), 'MEMBER'],
    [member.toString(16), 'MEMBER'],
  ]);
  return { endpoint, names };
}

export async function compareEtcdctl(
  commands: readonly Command[],
  oracle: EtcdctlTarget,
  ours: EtcdctlTarget,
): Promise<readonly Difference[]> {
  const differences: Difference[] = [];
  for (const [index, command] of commands.entries()) {
    const expected = comparable(await etcdctl(oracle.endpoint, command), oracle.names);
    const actual = comparable(await etcdctl(ours.endpoint, command), ours.names);
    if (expected !== actual) {
      const step = `etcdctl ${command.args.join(' ')}`;
      differences.push({ at: `etcdctl ${index + 1}`, step, oracle: expected, ours: actual });
    }
  }
  return differences;
}

interface Printed {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function etcdctl(endpoint: string, { args, input }: Command): Promise<Printed> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env.PATH, ETCDCTL_API: '3' } };
    const child = execFile(
      'etcdctl',
      [`--endpoints=${endpoint}`, ...args],
      options,
      (error, stdout, stderr) =>
        resolve({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
    // A command that reads no input may end before it is offered some.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input ?? '');
  });
}

/** Positions in the log, terms, sizes and times: right when they are there. */
const NEUTRAL: readonly (readonly [RegExp, string])[] = [
  // The client's own log of its retries.
  [/^\{"level".*\n/gm, ''],
  [/"(raft_?[tT]erm|raftIndex|raftAppliedIndex|dbSize|dbSizeInUse)":\d+/g, '"$1":N'],
  [/"(RaftTerm|RaftIndex|RaftAppliedIndex|DBSize)" : \d+/g, '"$1" : N'],
  [/\b\d+(\.\d+)? [kM]?B\b/g, 'SIZE'],
  [/(SIZE, true, false), \d+, \d+, \d+, /g, '$1, TERM, INDEX, INDEX, '],
  [/(false \|) +\d+ \| +\d+ \| +\d+ \|/g, '$1 TERM | INDEX | INDEX |'],
  [/took = .*/g, 'took = TIME'],
  // A table is as wide as what stands in it.
  [/-{2,}/g, '-'],
  [/ {2,}/g, ' '],
];

function comparable({ status, stdout, stderr }: Printed, names: Names): string {
  let text = `status ${status}\n${stdout}${stderr}`;
  for (const [shown, name] of names) text = text.replaceAll(shown, name);
  for (const [pattern, name] of NEUTRAL) text = text.replace(pattern, name);
  return text;
}
