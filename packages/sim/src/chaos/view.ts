/** What whoever draws faults, or mends them, sees of a cluster: never more than is there to be seen. */

import type { Configuration, NodeId, RaftStatus } from '@quorate/core';
import type { Cluster } from '../cluster.ts';
import type { Server } from '../server.ts';

/** Of those that believe they lead, the one of the newest term. */
export function leaderOf(cluster: Cluster): Server | undefined {
  let newest: { readonly server: Server; readonly status: RaftStatus } | undefined;
  for (const server of cluster.running) {
    const status = server.status();
    if (status.role !== 'leader') continue;
    if (newest === undefined || status.term > newest.status.term) newest = { server, status };
  }
  return newest?.server;
}

export const downIn = (cluster: Cluster): readonly NodeId[] =>
  cluster.ids.filter((id) => cluster.find(id) === undefined);

export const rottenIn = (cluster: Cluster): readonly NodeId[] =>
  cluster.ids.filter((id) => cluster.disk(id).rot !== undefined);

/** Every configuration that is in some server's log, committed or not. */
export function configurationsIn(cluster: Cluster): readonly Configuration[] {
  return cluster.ids.flatMap((id) => {
    const { snapshot, batches } = cluster.disk(id).latest;
    const inLog = batches.flatMap((batch) =>
      batch.kind === 'configuration' ? [batch.configuration] : [],
    );
    return [snapshot.configuration, ...inLog];
  });
}

/** Whether, whichever configuration is in force, those that are not `lost` are a quorum of it. */
export function canDoWithout(cluster: Cluster, lost: readonly NodeId[]): boolean {
  const hasMajority = (voters: readonly NodeId[]) =>
    voters.length === 0 || 2 * voters.filter((id) => !lost.includes(id)).length > voters.length;
  return configurationsIn(cluster).every(
    ({ voters, outgoing }) => hasMajority(voters) && hasMajority(outgoing),
  );
}
