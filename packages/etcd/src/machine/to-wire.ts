/** The data model's answers, as clients expect them (etcdserverpb). */

import type * as kv from '@quorate/kv';
import type { KeyValue } from '../generated/kv.ts';
import type {
  DeleteRangeResponse,
  PutResponse,
  RangeResponse,
  ResponseHeader,
  ResponseOp,
  TxnResponse,
} from '../generated/rpc.ts';

export function keyValueToWire(found: kv.KeyValue): KeyValue {
  return {
    key: found.key,
    createRevision: BigInt(found.createRevision),
    modRevision: BigInt(found.modRevision),
    version: BigInt(found.version),
    value: found.value,
    lease: found.lease,
  };
}

export function rangeToWire(response: kv.RangeResponse, header: ResponseHeader): RangeResponse {
  return {
    header,
    kvs: response.kvs.map(keyValueToWire),
    more: response.more,
    count: BigInt(response.count),
  };
}

export function putToWire(response: kv.PutResponse, header: ResponseHeader): PutResponse {
  return { header, prevKv: response.prevKv && keyValueToWire(response.prevKv) };
}

export function deleteRangeToWire(
  response: kv.DeleteRangeResponse,
  header: ResponseHeader,
): DeleteRangeResponse {
  return {
    header,
    deleted: BigInt(response.deleted),
    prevKvs: response.prevKvs.map(keyValueToWire),
  };
}

export function txnToWire(response: kv.TxnResponse, header: ResponseHeader): TxnResponse {
  return { header, succeeded: response.succeeded, responses: response.responses.map(opToWire) };
}

function opToWire(response: kv.ResponseOp): ResponseOp {
  const header = nestedHeader(response.revision);
  switch (response.kind) {
    case 'range':
      return { response: { $case: 'responseRange', value: rangeToWire(response, header) } };
    case 'put':
      return { response: { $case: 'responsePut', value: putToWire(response, header) } };
    case 'deleteRange':
      return {
        response: { $case: 'responseDeleteRange', value: deleteRangeToWire(response, header) },
      };
    case 'txn':
      return { response: { $case: 'responseTxn', value: txnToWire(response, header) } };
  }
}

/** Within a transaction etcd fills in the revision only, and not even that for a nested one. */
function nestedHeader(revision: number): ResponseHeader {
  return { clusterId: 0n, memberId: 0n, revision: BigInt(revision), raftTerm: 0n };
}
