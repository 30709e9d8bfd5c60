/** etcdserverpb.Cluster: who is in it. */

import type { InitialMember } from '../config.ts';
import {
  ClusterDefinition,
  type MemberListResponse,
  type Member as WireMember,
} from '../generated/rpc.ts';
import type { Member } from '../member.ts';
import { type UnaryMethod, unary } from './method.ts';

export function clusterService(
  member: Member,
  members: readonly InitialMember[],
): readonly UnaryMethod[] {
  const ordered = [...members].sort((a, b) => a.id - b.id);
  const { memberList } = ClusterDefinition.methods;
  return [
    unary(ClusterDefinition, memberList, async (request): Promise<MemberListResponse> => {
      if (request.linearizable) await member.linearize();
      // etcd leaves the revision out of this header.
      return { header: member.header(0), members: ordered.map((each) => describe(member, each)) };
    }),
  ];
}

/** Name and client URLs are known once a member has started, and has said so through the log. */
function describe(member: Member, { id, peerUrl }: InitialMember): WireMember {
  const published = member.machine.members.get(id);
  return {
    ID: BigInt(id),
    name: published?.name ?? '',
    peerURLs: [peerUrl],
    clientURLs: published?.clientUrls ?? [],
    isLearner: false,
  };
}
