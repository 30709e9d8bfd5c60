/** etcdserverpb.Maintenance: what an operator asks about one member. */

import { setImmediate } from 'node:timers/promises';
import {
  type HashKVRequest,
  type HashKVResponse,
  type HashResponse,
  MaintenanceDefinition,
  type StatusResponse,
} from '../generated/rpc.ts';
import { toSafeNumber } from '../machine/from-wire.ts';
import type { Member } from '../member.ts';
import { kvStatus, noLeader } from '../status.ts';
import { type UnaryMethod, unary } from './method.ts';

/**
 * The etcd whose API this is. Clients compare it with what a feature asks for, so it names the
 * version measured against and not this program's own.
 */
export const ETCD_VERSION = '3.4.23';

export function maintenanceService(member: Member): readonly UnaryMethod[] {
  const { methods } = MaintenanceDefinition;
  return [
    unary(MaintenanceDefinition, methods.status, () => statusOf(member)),
    unary(MaintenanceDefinition, methods.hash, () => hash(member)),
    unary(MaintenanceDefinition, methods.hashKV, (request) => hashKv(member, request)),
  ];
}

function statusOf(member: Member): StatusResponse {
  const { term, leaderId, commitIndex, appliedIndex } = member.status();
  const { store } = member.machine;
  const size = store.size();
  return {
    header: member.header(store.revision),
    version: ETCD_VERSION,
    dbSize: BigInt(size.allocated),
    leader: BigInt(leaderId ?? 0),
    raftIndex: BigInt(commitIndex),
    raftTerm: BigInt(term),
    raftAppliedIndex: BigInt(appliedIndex),
    errors: leaderId === undefined ? [noLeader().message] : [],
    dbSizeInUse: BigInt(size.inUse),
    isLearner: false,
  };
}

/** The store's own bytes differ from one server to another; what they mean is hashed instead. */
async function hash(member: Member): Promise<HashResponse> {
  const { header, hash: value } = await hashKv(member, { revision: 0n });
  return { header, hash: value };
}

/** About two milliseconds of hashing between two chances for everybody else. */
const CHANGES_PER_STEP = 1000;

async function hashKv(member: Member, request: HashKVRequest): Promise<HashKVResponse> {
  const steps = member.machine.store.hashKvSteps(toSafeNumber(request.revision), CHANGES_PER_STEP);
  let step = steps.next();
  while (step.done !== true) {
    await setImmediate();
    step = steps.next();
  }
  const response = step.value;
  if (response.kind === 'failed') throw kvStatus(response.error);
  return {
    header: member.header(response.revision),
    hash: response.hash,
    compactRevision: BigInt(response.compactRevision),
  };
}
