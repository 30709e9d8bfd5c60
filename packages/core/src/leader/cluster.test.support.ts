/** Servers of one cluster in the tests of a leader's rules, and their time. */

import assert from 'node:assert/strict';
import type { ChangeMode } from '../configuration/change.ts';
import type { ServerAddress } from '../configuration/configuration.ts';
import type { Message } from '../messages.ts';
import { Server, settle } from '../testing.test.support.ts';
import type { NodeId } from '../types.ts';

export const ids = (...numbers: number[]) => numbers as NodeId[];

/** Servers 1 to `size` with server 1 leading, and `newcomers` that know of no cluster yet. */
export function clusterOf(size: number, ...newcomers: number[]): Server[] {
  const options = { noopOnElection: true, commitNoticeDelayMs: 1 };
  const voters = Array.from({ length: size }, (_, at) => at + 1);
  const servers = voters.map((id) => new Server(id, voters, [], undefined, options));
  for (const id of newcomers) servers.push(new Server(id, [], [], undefined, options));
  servers[0]!.passDeadline();
  settle(servers);
  assert.equal(servers[0]!.raft.isLeader, true);
  return servers;
}

/** Lets every server's time pass by `ms`, heartbeats and elections included. */
export function pass(
  servers: readonly Server[],
  ms: number,
  isCut?: (message: Message) => boolean,
): void {
  const end = Math.max(...servers.map(({ now }) => now)) + ms;
  for (;;) {
    const next = Math.min(...servers.map(({ raft }) => raft.nextDeadline));
    if (next > end) break;
    for (const server of servers) {
      server.now = Math.max(server.now, next);
      server.step({ kind: 'timePassed' });
    }
    settle(servers, isCut);
  }
}

export function change(
  server: Server,
  voters: number[],
  learners: number[] = [],
  mode?: ChangeMode,
  addresses: ServerAddress[] = [],
) {
  const target = { voters: ids(...voters), learners: ids(...learners) };
  const answer = server.raft.changeMembership(target, server.now, mode, addresses);
  server.collect();
  return answer;
}

export const refused = (reason: string) => ({ kind: 'refused', reason });
export const configurationIn = (server: Server) => server.raft.membership.configuration;

/** Whatever goes to `id` or comes from it. */
export const cutOff =
  (...away: number[]) =>
  ({ from, to }: Message): boolean =>
    away.includes(from) || away.includes(to);
