/** What each member of a cluster says of itself, asked of each one. */

import type * as rpc from '@quorate/etcd/rpc';
import { MEMBER_LIST, STATUS } from './api.ts';
import { type ClientOptions, EtcdClient } from './client.ts';
import { parseEndpoints } from './endpoints.ts';

export type MemberStatus = MemberUp | MemberDown;

interface Member {
  readonly id: bigint;
  /** Empty for a member that never started. */
  readonly name: string;
  readonly endpoints: readonly string[];
}

export interface MemberUp extends Member {
  readonly state: 'leader' | 'follower' | 'no-leader';
  readonly leaderId: bigint;
  readonly term: bigint;
  readonly commitIndex: bigint;
  readonly appliedIndex: bigint;
  readonly dbSizeBytes: bigint;
  readonly version: string;
}

export interface MemberDown extends Member {
  readonly state: 'down';
}

/** Everyone whom the first reachable endpoint counts as a member, in the order of their names. */
export async function memberStatuses(
  client: EtcdClient,
  options: ClientOptions,
): Promise<readonly MemberStatus[]> {
  const { members } = await client.read(MEMBER_LIST, { linearizable: false });
  const statuses = await Promise.all(
    members.map(({ ID: id, name, clientURLs }) =>
      statusOf({ id, name, endpoints: clientURLs.flatMap(parseEndpoints) }, options),
    ),
  );
  return statuses.sort((a, b) => a.name.localeCompare(b.name));
}

async function statusOf(member: Member, options: ClientOptions): Promise<MemberStatus> {
  if (member.endpoints.length === 0) return { ...member, state: 'down' };
  const client = new EtcdClient(member.endpoints, options);
  try {
    return { ...member, ...shownStatus(await client.read(STATUS, {})) };
  } catch {
    return { ...member, state: 'down' };
  } finally {
    client.close();
  }
}

/** A member leads if the leader that it knows is itself. */
export function shownStatus(answer: rpc.StatusResponse): Omit<MemberUp, keyof Member> {
  const follower = answer.leader === 0n ? 'no-leader' : 'follower';
  return {
    state: answer.leader === answer.header?.memberId ? 'leader' : follower,
    leaderId: answer.leader,
    term: answer.raftTerm,
    commitIndex: answer.raftIndex,
    appliedIndex: answer.raftAppliedIndex,
    dbSizeBytes: answer.dbSize,
    version: answer.version,
  };
}
