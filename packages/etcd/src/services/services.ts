/** Every method that a client may call, with the services that are still to come refused. */

import type { InitialMember } from '../config.ts';
import { AuthDefinition, LeaseDefinition, WatchDefinition } from '../generated/rpc.ts';
import type { Member } from '../member.ts';
import { clusterService } from './cluster-service.ts';
import { kvService } from './kv-service.ts';
import { maintenanceService } from './maintenance-service.ts';
import { type CallContext, type UnaryMethod, unimplemented } from './method.ts';

export function etcdServices(
  member: Member,
  members: readonly InitialMember[],
): readonly UnaryMethod[] {
  return [
    ...kvService(member),
    ...clusterService(member, members),
    ...maintenanceService(member),
    ...unimplemented(WatchDefinition),
    ...unimplemented(LeaseDefinition),
    ...unimplemented(AuthDefinition),
  ].map((method) => ({ ...method, serve: guarded(member, method.serve) }));
}

/** A client may ask not to be kept waiting by a member that knows no leader (WithRequireLeader). */
function guarded(member: Member, serve: UnaryMethod['serve']): UnaryMethod['serve'] {
  return async (request: Uint8Array, call: CallContext) => {
    if (call.metadata('hasleader') === 'true') member.requireLeader();
    return serve(request, call);
  };
}
