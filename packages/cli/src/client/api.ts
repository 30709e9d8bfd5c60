/** The requests that the command makes, with what it leaves out filled in. */

import * as rpc from '@quorate/etcd/rpc';
import type { UnaryMethod } from './client.ts';

const NO_BYTES = new Uint8Array(0);

export type KeyValue = rpc.RangeResponse['kvs'][number];

export const RANGE = method(rpc.KVDefinition, rpc.KVDefinition.methods.range);
export const PUT = method(rpc.KVDefinition, rpc.KVDefinition.methods.put);
export const DELETE_RANGE = method(rpc.KVDefinition, rpc.KVDefinition.methods.deleteRange);
export const STATUS = method(rpc.MaintenanceDefinition, rpc.MaintenanceDefinition.methods.status);
export const HASH_KV = method(rpc.MaintenanceDefinition, rpc.MaintenanceDefinition.methods.hashKV);
export const MEMBER_LIST = method(rpc.ClusterDefinition, rpc.ClusterDefinition.methods.memberList);

export const rangeRequest = (given: Partial<rpc.RangeRequest>): rpc.RangeRequest => ({
  ...rpc.RangeRequest.decode(NO_BYTES),
  ...given,
});

export const putRequest = (given: Partial<rpc.PutRequest>): rpc.PutRequest => ({
  ...rpc.PutRequest.decode(NO_BYTES),
  ...given,
});

export const deleteRangeRequest = (
  given: Partial<rpc.DeleteRangeRequest>,
): rpc.DeleteRangeRequest => ({ ...rpc.DeleteRangeRequest.decode(NO_BYTES), ...given });

function method<Request, Response>(
  service: { readonly fullName: string },
  definition: {
    readonly name: string;
    readonly requestType: rpc.MessageFns<Request>;
    readonly responseType: rpc.MessageFns<Response>;
  },
): UnaryMethod<Request, Response> {
  const { name, requestType, responseType } = definition;
  return { path: `/${service.fullName}/${name}`, requestType, responseType };
}
