/** What the store answers (etcdserverpb). `revision` is what etcd puts in that response's header. */

import type { KvFailure } from './errors.ts';
import type { KeyValue } from './key-value.ts';

export interface RangeResponse {
  readonly kind: 'range';
  readonly revision: number;
  readonly kvs: readonly KeyValue[];
  /** The limit left keys out. */
  readonly more: boolean;
  /** Keys in the range, whatever the limit and the revision bounds. */
  readonly count: number;
}

export interface PutResponse {
  readonly kind: 'put';
  readonly revision: number;
  /** Set if asked for and the key was there. */
  readonly prevKv: KeyValue | undefined;
}

export interface DeleteRangeResponse {
  readonly kind: 'deleteRange';
  readonly revision: number;
  readonly deleted: number;
  /** Empty unless asked for. */
  readonly prevKvs: readonly KeyValue[];
}

export interface TxnResponse {
  readonly kind: 'txn';
  /** 0 in a nested response, as etcd leaves it. */
  readonly revision: number;
  readonly succeeded: boolean;
  readonly responses: readonly ResponseOp[];
}

export type ResponseOp = RangeResponse | PutResponse | DeleteRangeResponse | TxnResponse;

export interface CompactionResponse {
  readonly kind: 'compaction';
  readonly revision: number;
}

export type WriteResponse =
  | PutResponse
  | DeleteRangeResponse
  | TxnResponse
  | CompactionResponse
  | KvFailure;

export interface HashKvResponse {
  readonly kind: 'hashKv';
  /** CRC-32C, unsigned: the number etcd 3.4 gives for the same history. */
  readonly hash: number;
  /** The store's revision. */
  readonly revision: number;
  /** Two hashes are comparable only if their compact revisions are equal. */
  readonly compactRevision: number;
}
