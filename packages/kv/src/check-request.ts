/**
 * What can be wrong with a request whatever the state of the store: etcd's checks before it
 * proposes, in etcd's order, because the first one decides the error.
 */

import { successor } from './bytes.ts';
import type { KvError } from './errors.ts';
import { IntervalSet } from './interval-set.ts';
import { NO_LEASE } from './key-value.ts';
import type {
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from './requests.ts';

/** Compares or operations in one list of a transaction (etcd's --max-txn-ops). */
export const MAX_TXN_OPS = 128;

/** What is wrong with the request; undefined if nothing. Ask before proposing. */
export function checkRequest(
  request: RangeRequest | PutRequest | DeleteRangeRequest | TxnRequest,
): KvError | undefined {
  if (request.kind !== 'txn') return checkOp(request, MAX_TXN_OPS);
  return checkTxn(request, MAX_TXN_OPS) ?? checkBranches(request);
}

function checkOp(request: RequestOp, maxOps: number): KvError | undefined {
  if (request.kind === 'txn') return checkTxn(request, maxOps);
  if (request.key.length === 0) return 'emptyKey';
  if (request.kind !== 'put') return undefined;
  if (request.ignoreValue && request.value.length > 0) return 'valueProvided';
  if (request.ignoreLease && request.lease !== NO_LEASE) return 'leaseProvided';
  return undefined;
}

function checkTxn(txn: TxnRequest, maxOps: number): KvError | undefined {
  const longest = Math.max(txn.compare.length, txn.success.length, txn.failure.length);
  if (longest > maxOps) return 'tooManyOps';
  if (txn.compare.some(({ key }) => key.length === 0)) return 'emptyKey';
  for (const branch of [txn.success, txn.failure]) {
    for (const op of branch) {
      // What a list takes is missing below it: that bounds width and depth at once.
      const error = checkOp(op, maxOps - longest);
      if (error !== undefined) return error;
    }
  }
  return undefined;
}

const checkBranches = (txn: TxnRequest): KvError | undefined =>
  collectWrites(txn.success) === undefined || collectWrites(txn.failure) === undefined
    ? 'duplicateKey'
    : undefined;

/** What a list of operations may write, whichever way its nested transactions go. */
interface Writes {
  readonly puts: Map<string, Uint8Array>;
  readonly deletes: IntervalSet;
}

/**
 * Undefined if one key would be put twice, or put and deleted. As in etcd, the check has gaps: a
 * nested transaction may delete what an earlier sibling puts, and a delete "from key on" (an end of
 * one zero byte) counts for nothing. The store handles both.
 */
function collectWrites(ops: readonly RequestOp[]): Writes | undefined {
  const puts = new Map<string, Uint8Array>();
  const deletes = new IntervalSet();
  for (const op of ops) {
    if (op.kind !== 'deleteRange') continue;
    deletes.add(op.key, op.rangeEnd.length === 0 ? successor(op.key) : op.rangeEnd);
  }
  for (const op of ops) {
    if (op.kind === 'txn' && !collectNested(op, puts, deletes)) return undefined;
  }
  for (const op of ops) {
    if (op.kind !== 'put') continue;
    const name = nameOf(op.key);
    if (puts.has(name) || deletes.has(op.key)) return undefined;
    puts.set(name, op.key);
  }
  return { puts, deletes };
}

/** Adds what a nested transaction may write; false if that clashes with what is there. */
function collectNested(
  txn: TxnRequest,
  puts: Map<string, Uint8Array>,
  deletes: IntervalSet,
): boolean {
  const success = collectWrites(txn.success);
  if (success === undefined) return false;
  const failure = collectWrites(txn.failure);
  if (failure === undefined) return false;

  // The two branches exclude each other, so they may put the same key.
  const fromBranches = new Map([...success.puts, ...failure.puts]);
  for (const [name, key] of fromBranches) {
    if (puts.has(name) || deletes.has(key)) return false;
    puts.set(name, key);
  }
  deletes.addAll(success.deletes);
  deletes.addAll(failure.deletes);
  return true;
}

/** A key as a Map key: one character a byte. */
function nameOf(key: Uint8Array): string {
  let name = '';
  for (const byte of key) name += String.fromCharCode(byte);
  return name;
}
