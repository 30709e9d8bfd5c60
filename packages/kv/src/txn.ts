/**
 * Transactions: decide, check, then do.
 *
 * All comparisons, those of nested transactions too, look at the state before the transaction. So
 * the path through the branches is known, and every operation on it can be checked, before the
 * first one is done: a transaction that fails changes nothing.
 */

import { holds } from './compare.ts';
import type { KvError } from './errors.ts';
import type { OrderedReader } from './ordered-store.ts';
import type { DeleteRangeRequest, PutRequest, RangeRequest, TxnRequest } from './requests.ts';

/** A transaction with its branches chosen. */
export interface TxnPlan {
  readonly kind: 'plan';
  readonly succeeded: boolean;
  readonly steps: readonly TxnStep[];
}

export type TxnStep = RangeRequest | PutRequest | DeleteRangeRequest | TxnPlan;

export function planTxn(reader: OrderedReader, txn: TxnRequest): TxnPlan {
  const succeeded = txn.compare.every((compare) => holds(reader, compare));
  const ops = succeeded ? txn.success : txn.failure;
  const steps = ops.map((op) => (op.kind === 'txn' ? planTxn(reader, op) : op));
  return { kind: 'plan', succeeded, steps };
}

/** The first error of a step on the path: puts before ranges, as etcd checks them. */
export function checkPlan(
  plan: TxnPlan,
  checks: {
    readonly put: (put: PutRequest) => KvError | undefined;
    readonly range: (range: RangeRequest) => KvError | undefined;
  },
): KvError | undefined {
  const steps = [...flatten(plan)];
  for (const step of steps) {
    const error = step.kind === 'put' ? checks.put(step) : undefined;
    if (error !== undefined) return error;
  }
  for (const step of steps) {
    const error = step.kind === 'range' ? checks.range(step) : undefined;
    if (error !== undefined) return error;
  }
  return undefined;
}

function* flatten(plan: TxnPlan): Generator<Exclude<TxnStep, TxnPlan>, void, void> {
  for (const step of plan.steps) {
    if (step.kind === 'plan') yield* flatten(step);
    else yield step;
  }
}

/** Could it change anything, whichever way it goes? If not, it need not pass through the log. */
export const isReadOnly = (txn: TxnRequest): boolean =>
  [...txn.success, ...txn.failure].every(
    (op) => op.kind === 'range' || (op.kind === 'txn' && isReadOnly(op)),
  );
