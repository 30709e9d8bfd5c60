/**
 * What a client may ask (etcdserverpb), as discriminated unions.
 *
 * A key range is `key` and `rangeEnd` as etcd has it: an empty `rangeEnd` is the one key, a single
 * zero byte is every key from `key` on, anything else is the end, exclusive.
 */

import { type LeaseId, NO_LEASE } from './key-value.ts';

export type SortOrder = 'none' | 'ascend' | 'descend';
export type SortTarget = 'key' | 'version' | 'create' | 'mod' | 'value';

export interface RangeRequest {
  readonly kind: 'range';
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
  /** Most keys in the answer, counted after sorting; 0 or less: no limit. */
  readonly limit: number;
  /** The state to read; 0 or less: the current one. */
  readonly revision: number;
  readonly sortOrder: SortOrder;
  readonly sortTarget: SortTarget;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  /** Bounds, inclusive; 0: no bound. They filter `kvs` and leave `count` alone. */
  readonly minModRevision: number;
  readonly maxModRevision: number;
  readonly minCreateRevision: number;
  readonly maxCreateRevision: number;
}

export interface PutRequest {
  readonly kind: 'put';
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly lease: LeaseId;
  readonly prevKv: boolean;
  /** Keep the value the key has. */
  readonly ignoreValue: boolean;
  /** Keep the lease the key has. */
  readonly ignoreLease: boolean;
}

export interface DeleteRangeRequest {
  readonly kind: 'deleteRange';
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
  readonly prevKv: boolean;
}

/** Executes `success` if every comparison holds, `failure` otherwise; both in one revision. */
export interface TxnRequest {
  readonly kind: 'txn';
  readonly compare: readonly Compare[];
  readonly success: readonly RequestOp[];
  readonly failure: readonly RequestOp[];
}

export type RequestOp = RangeRequest | PutRequest | DeleteRangeRequest | TxnRequest;

export type CompareResult = 'equal' | 'greater' | 'less' | 'notEqual';

/** A range compare holds if it holds for every key in the range. */
export type Compare = NumberCompare | LeaseCompare | ValueCompare;

interface CompareBase {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
  readonly result: CompareResult;
}

export interface NumberCompare extends CompareBase {
  readonly target: 'version' | 'create' | 'mod';
  readonly number: number;
}

export interface LeaseCompare extends CompareBase {
  readonly target: 'lease';
  readonly lease: LeaseId;
}

export interface ValueCompare extends CompareBase {
  readonly target: 'value';
  readonly value: Uint8Array;
}

/** Forgets what was overwritten or deleted at or before `revision`. */
export interface CompactionRequest {
  readonly kind: 'compaction';
  readonly revision: number;
}

/** What goes through the log. */
export type WriteRequest = PutRequest | DeleteRangeRequest | TxnRequest | CompactionRequest;

export const NO_BYTES = new Uint8Array(0);

type Fields<Request> = Partial<Omit<Request, 'kind'>>;

/** A request with etcd's defaults in the fields not given. */
export const rangeRequest = (fields: Fields<RangeRequest>): RangeRequest => ({
  kind: 'range',
  key: NO_BYTES,
  rangeEnd: NO_BYTES,
  limit: 0,
  revision: 0,
  sortOrder: 'none',
  sortTarget: 'key',
  keysOnly: false,
  countOnly: false,
  minModRevision: 0,
  maxModRevision: 0,
  minCreateRevision: 0,
  maxCreateRevision: 0,
  ...fields,
});

export const putRequest = (fields: Fields<PutRequest>): PutRequest => ({
  kind: 'put',
  key: NO_BYTES,
  value: NO_BYTES,
  lease: NO_LEASE,
  prevKv: false,
  ignoreValue: false,
  ignoreLease: false,
  ...fields,
});

export const deleteRangeRequest = (fields: Fields<DeleteRangeRequest>): DeleteRangeRequest => ({
  kind: 'deleteRange',
  key: NO_BYTES,
  rangeEnd: NO_BYTES,
  prevKv: false,
  ...fields,
});

export const txnRequest = (fields: Fields<TxnRequest>): TxnRequest => ({
  kind: 'txn',
  compare: [],
  success: [],
  failure: [],
  ...fields,
});
