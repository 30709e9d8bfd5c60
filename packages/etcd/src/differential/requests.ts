/** Short ways to write requests down. Fields that are not given have their proto3 defaults. */

import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import * as rpc from '../generated/rpc.ts';

interface Codec<Message> {
  encode(message: Message): BinaryWriter;
  decode(bytes: Uint8Array): Message;
}

/** One call: what is sent, and how to read what comes back. */
export interface Step<Response = unknown> {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly request: unknown;
  readonly responseType: Codec<Response>;
}

const NOTHING = new Uint8Array(0);

const withDefaults = <Message>(codec: Codec<Message>, fields: Partial<Message>): Message => ({
  ...codec.decode(NOTHING),
  ...fields,
});

interface Definition<Request, Response> {
  readonly name: string;
  readonly requestType: Codec<Request>;
  readonly responseType: Codec<Response>;
}

const step =
  <Request, Response>(
    service: { readonly fullName: string },
    { name, requestType, responseType }: Definition<Request, Response>,
  ) =>
  (fields: Partial<Request> = {}): Step<Response> => {
    const request = withDefaults(requestType, fields);
    return {
      path: `/${service.fullName}/${name}`,
      bytes: requestType.encode(request).finish(),
      request,
      responseType,
    };
  };

const { KVDefinition: kv, MaintenanceDefinition: maintenance, ClusterDefinition: cluster } = rpc;

export const range = step(kv, kv.methods.range);
export const put = step(kv, kv.methods.put);
export const deleteRange = step(kv, kv.methods.deleteRange);
export const txn = step(kv, kv.methods.txn);
export const compact = step(kv, kv.methods.compact);
export const status = step(maintenance, maintenance.methods.status);
export const hashKv = step(maintenance, maintenance.methods.hashKV);
export const memberList = step(cluster, cluster.methods.memberList);

/** Bytes that may not even be a message. */
export const raw = (path: string, bytes: Uint8Array): Step => ({
  path,
  bytes,
  request: `${bytes.length} raw bytes`,
  responseType: rpc.RangeResponse,
});

// Operations of a transaction.

export const getOp = (fields: Partial<rpc.RangeRequest>): rpc.RequestOp => ({
  request: { $case: 'requestRange', value: withDefaults(rpc.RangeRequest, fields) },
});
export const putOp = (fields: Partial<rpc.PutRequest>): rpc.RequestOp => ({
  request: { $case: 'requestPut', value: withDefaults(rpc.PutRequest, fields) },
});
export const deleteOp = (fields: Partial<rpc.DeleteRangeRequest>): rpc.RequestOp => ({
  request: { $case: 'requestDeleteRange', value: withDefaults(rpc.DeleteRangeRequest, fields) },
});
export const txnOp = (fields: Partial<rpc.TxnRequest>): rpc.RequestOp => ({
  request: { $case: 'requestTxn', value: withDefaults(rpc.TxnRequest, fields) },
});
export const emptyOp: rpc.RequestOp = { request: undefined };

// Comparisons.

type CompareFields = Partial<Pick<rpc.Compare, 'key' | 'rangeEnd' | 'result'>>;

const compare = (
  target: rpc.Compare_CompareTarget,
  targetUnion: rpc.Compare['targetUnion'],
  fields: CompareFields,
): rpc.Compare => withDefaults(rpc.Compare, { target, targetUnion, ...fields });

const Target = rpc.Compare_CompareTarget;

export const ifVersion = (version: number, fields: CompareFields): rpc.Compare =>
  compare(Target.VERSION, { $case: 'version', value: BigInt(version) }, fields);
export const ifCreate = (revision: number, fields: CompareFields): rpc.Compare =>
  compare(Target.CREATE, { $case: 'createRevision', value: BigInt(revision) }, fields);
export const ifMod = (revision: number, fields: CompareFields): rpc.Compare =>
  compare(Target.MOD, { $case: 'modRevision', value: BigInt(revision) }, fields);
export const ifLease = (lease: bigint, fields: CompareFields): rpc.Compare =>
  compare(Target.LEASE, { $case: 'lease', value: lease }, fields);
export const ifValue = (value: Uint8Array, fields: CompareFields): rpc.Compare =>
  compare(Target.VALUE, { $case: 'value', value }, fields);
/** The target and the operand need not fit. */
export const ifAnything = compare;

export const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
