/** Every method that a client may call. */

import type { InitialMember } from '../config.ts';
import {
  AuthDefinition,
  ClusterDefinition,
  KVDefinition,
  LeaseDefinition,
  MaintenanceDefinition,
  WatchDefinition,
} from '../generated/rpc.ts';
import type { Member } from '../member.ts';
import { clusterService } from './cluster-service.ts';
import { kvService } from './kv-service.ts';
import { maintenanceService } from './maintenance-service.ts';
import type { UnaryMethod } from './method.ts';

/**
 * etcd's services. A method that is not served is refused as by a server that never heard of it,
 * and so clients that can do without a feature do.
 */
export const ETCD_SERVICES: ReadonlySet<string> = new Set(
  [
    KVDefinition,
    WatchDefinition,
    LeaseDefinition,
    ClusterDefinition,
    MaintenanceDefinition,
    AuthDefinition,
  ].map(({ fullName }) => fullName),
);

export function etcdMethods(
  member: Member,
  members: readonly InitialMember[],
): readonly UnaryMethod[] {
  return [
    ...kvService(member),
    ...clusterService(member, members),
    ...maintenanceService(member),
  ].map(({ path, serve }) => ({
    path,
    serve: async (request, call) => {
      // A client may ask not to be kept waiting by a member that knows no leader.
      if (call.metadata('hasleader') === 'true') member.requireLeader();
      return serve(request, call);
    },
  }));
}
