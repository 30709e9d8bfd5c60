/**
 * Requests as clients send them (etcdserverpb), turned into the data model's words.
 *
 * The wire has 64-bit numbers where the data model counts in safe integers. Revisions and versions
 * of the store never reach 2^53, so a larger number is cut to the largest safe one and compares
 * with every real one as it did before.
 */

import type * as kv from '@quorate/kv';
import { NO_BYTES } from '@quorate/kv';
import {
  type Compare,
  Compare_CompareResult,
  Compare_CompareTarget,
  type DeleteRangeRequest,
  type PutRequest,
  type RangeRequest,
  RangeRequest_SortOrder,
  RangeRequest_SortTarget,
  type RequestOp,
  type TxnRequest,
} from '../generated/rpc.ts';
import { kvStatus } from '../status.ts';

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

export function toSafeNumber(value: bigint): number {
  if (value > MAX_SAFE) return Number.MAX_SAFE_INTEGER;
  if (value < -MAX_SAFE) return Number.MIN_SAFE_INTEGER;
  return Number(value);
}

const SORT_ORDERS: Readonly<Record<number, kv.SortOrder>> = {
  [RangeRequest_SortOrder.NONE]: 'none',
  [RangeRequest_SortOrder.ASCEND]: 'ascend',
  [RangeRequest_SortOrder.DESCEND]: 'descend',
};

const SORT_TARGETS: Readonly<Record<number, kv.SortTarget>> = {
  [RangeRequest_SortTarget.KEY]: 'key',
  [RangeRequest_SortTarget.VERSION]: 'version',
  [RangeRequest_SortTarget.CREATE]: 'create',
  [RangeRequest_SortTarget.MOD]: 'mod',
  [RangeRequest_SortTarget.VALUE]: 'value',
};

export function rangeFromWire(request: RangeRequest): kv.RangeRequest {
  return {
    kind: 'range',
    key: request.key,
    rangeEnd: request.rangeEnd,
    limit: toSafeNumber(request.limit),
    revision: toSafeNumber(request.revision),
    sortOrder: SORT_ORDERS[request.sortOrder] ?? 'none',
    sortTarget: SORT_TARGETS[request.sortTarget] ?? 'key',
    keysOnly: request.keysOnly,
    countOnly: request.countOnly,
    minModRevision: toSafeNumber(request.minModRevision),
    maxModRevision: toSafeNumber(request.maxModRevision),
    minCreateRevision: toSafeNumber(request.minCreateRevision),
    maxCreateRevision: toSafeNumber(request.maxCreateRevision),
  };
}

export function putFromWire(request: PutRequest): kv.PutRequest {
  return {
    kind: 'put',
    key: request.key,
    value: request.value,
    lease: request.lease,
    prevKv: request.prevKv,
    ignoreValue: request.ignoreValue,
    ignoreLease: request.ignoreLease,
  };
}

export function deleteRangeFromWire(request: DeleteRangeRequest): kv.DeleteRangeRequest {
  return {
    kind: 'deleteRange',
    key: request.key,
    rangeEnd: request.rangeEnd,
    prevKv: request.prevKv,
  };
}

/**
 * Transactions within transactions. The protobuf decoder gives up at 100 nested messages, two for
 * each level: a request that this server could just read when it came must never be one that it
 * cannot read in the log, where a command has one message more around it.
 */
const MAX_TXN_DEPTH = 32;

/** @throws {EtcdStatus} for an operation that is none, and for nesting beyond all use. */
export function txnFromWire(request: TxnRequest, depth = 0): kv.TxnRequest {
  if (depth > MAX_TXN_DEPTH) throw kvStatus('tooManyOps');
  return {
    kind: 'txn',
    compare: request.compare.map(compareFromWire),
    success: request.success.map((op) => opFromWire(op, depth)),
    failure: request.failure.map((op) => opFromWire(op, depth)),
  };
}

function opFromWire({ request }: RequestOp, depth: number): kv.RequestOp {
  switch (request?.$case) {
    case 'requestRange':
      return rangeFromWire(request.value);
    case 'requestPut':
      return putFromWire(request.value);
    case 'requestDeleteRange':
      return deleteRangeFromWire(request.value);
    case 'requestTxn':
      return txnFromWire(request.value, depth + 1);
    case undefined:
      throw kvStatus('keyNotFound');
  }
}

const COMPARE_RESULTS: Readonly<Record<number, kv.CompareResult>> = {
  [Compare_CompareResult.EQUAL]: 'equal',
  [Compare_CompareResult.GREATER]: 'greater',
  [Compare_CompareResult.LESS]: 'less',
  [Compare_CompareResult.NOT_EQUAL]: 'notEqual',
};

function compareFromWire(compare: Compare): kv.Compare {
  const { key, rangeEnd, targetUnion: operand } = compare;
  const result = COMPARE_RESULTS[compare.result];
  if (result === undefined) return compareOfUnknownResult(compare);
  const base = { key, rangeEnd, result };
  // The target says what is compared; an operand of another kind counts as 0, as in etcd.
  switch (compare.target) {
    case Compare_CompareTarget.VERSION:
      return { ...base, target: 'version', number: numberOperand(operand, 'version') };
    case Compare_CompareTarget.CREATE:
      return { ...base, target: 'create', number: numberOperand(operand, 'createRevision') };
    case Compare_CompareTarget.MOD:
      return { ...base, target: 'mod', number: numberOperand(operand, 'modRevision') };
    case Compare_CompareTarget.VALUE:
      return {
        ...base,
        target: 'value',
        value: operand?.$case === 'value' ? operand.value : NO_BYTES,
      };
    case Compare_CompareTarget.LEASE:
      return { ...base, target: 'lease', lease: operand?.$case === 'lease' ? operand.value : 0n };
    default:
      // etcd compares nothing and calls that equal.
      return constant({ key, rangeEnd }, result === 'equal');
  }
}

/** etcd lets it hold, except that no comparison of values holds for a key that does not exist. */
function compareOfUnknownResult({ key, rangeEnd, target }: Compare): kv.Compare {
  if (target !== Compare_CompareTarget.VALUE) return constant({ key, rangeEnd }, true);
  return { key, rangeEnd, result: 'greater', target: 'version', number: 0 };
}

/** Versions are never negative. */
function constant(range: Pick<Compare, 'key' | 'rangeEnd'>, holds: boolean): kv.Compare {
  return { ...range, result: holds ? 'greater' : 'less', target: 'version', number: -1 };
}

type Operand = Compare['targetUnion'];

function numberOperand(
  operand: Operand,
  kind: 'version' | 'createRevision' | 'modRevision',
): number {
  return operand?.$case === kind ? toSafeNumber(operand.value) : 0;
}
