/** Hand-written transactions: order within them, what is refused, nesting, comparisons. */

import type { Case } from './compare.ts';
import {
  bytes,
  deleteOp,
  emptyOp,
  getOp,
  ifAnything,
  ifCreate,
  ifLease,
  ifMod,
  ifValue,
  ifVersion,
  put,
  putOp,
  range,
  txn,
  txnOp,
} from './requests.ts';

const b = bytes;
const EVERYTHING = { key: b('\0'), rangeEnd: b('\0') };
const MAX_INT64 = 2n ** 63n - 1n;

const [EQUAL, GREATER, LESS, NOT_EQUAL] = [0, 1, 2, 3] as const;

const txns: Case = {
  name: 'txn: one revision, order within it',
  steps: [
    txn({ success: [putOp({ key: b('t/a'), value: b('1') }), putOp({ key: b('t/b') })] }),
    range({ key: b('t/'), rangeEnd: b('t0') }),
    txn({
      compare: [ifVersion(1, { key: b('t/a') })],
      success: [
        getOp({ key: b('t/a') }),
        putOp({ key: b('t/a'), value: b('2'), prevKv: true }),
        getOp({ key: b('t/a') }),
        deleteOp({ key: b('t/b'), prevKv: true }),
        getOp({ key: b('t/'), rangeEnd: b('t0') }),
      ],
      failure: [putOp({ key: b('t/never') })],
    }),
    txn({ compare: [ifVersion(1, { key: b('t/a') })], failure: [getOp({ key: b('t/a') })] }),
    txn({ success: [deleteOp({ key: b('t/none') })] }),
    txn({ success: [getOp({ key: b('t/a'), countOnly: true }), getOp({ key: b('t/none') })] }),
    txn({ success: [deleteOp({ key: b('t/a') }), putOp({ key: b('t/c') }), getOp(EVERYTHING)] }),
    txn({ success: [deleteOp({ key: b('t/c') }), deleteOp({ key: b('t/c') })] }),
    txn({ success: [getOp({ key: b('t/a'), serializable: true })] }),
    txn({ success: [putOp({ key: b('t/a'), ignoreValue: true })] }),
    txn({
      success: [putOp({ key: b('t/first') }), putOp({ key: b('t/missing'), ignoreLease: true })],
    }),
    range({ key: b('t/first') }),
    txn({ success: [putOp({ key: b('t/lease'), lease: 5n })] }),
    txn({ success: [putOp({ key: b('t/x') }), putOp({ key: b('t/lease'), lease: 5n })] }),
    txn({ success: [putOp({ key: b('t/y') }), putOp({ key: b('t/y'), ignoreValue: true })] }),
    ({ revision }) => txn({ success: [getOp({ ...EVERYTHING, revision: BigInt(revision - 1) })] }),
    ({ revision }) => txn({ success: [getOp({ key: b('t/a'), revision: BigInt(revision + 1) })] }),
    ({ revision }) =>
      txn({
        success: [
          putOp({ key: b('t/z') }),
          getOp({ key: b('t/z'), revision: BigInt(revision + 1) }),
        ],
      }),
    ({ revision }) =>
      txn({
        success: [putOp({ key: b('t/z') }), getOp({ key: b('t/z'), revision: BigInt(revision) })],
      }),
    ({ revision }) =>
      txn({
        success: [
          getOp({ key: b('t/z'), revision: BigInt(revision + 2) }),
          putOp({ key: b('t/z') }),
        ],
      }),
    range(EVERYTHING),
  ],
};

const badTxns: Case = {
  name: 'txn: refused whole',
  steps: [
    txn({ success: [putOp({})] }),
    txn({ failure: [putOp({})] }),
    txn({ success: [getOp({})] }),
    txn({ success: [deleteOp({})] }),
    txn({ compare: [ifVersion(0, {})] }),
    txn({ success: [emptyOp] }),
    txn({ failure: [emptyOp] }),
    txn({ success: [putOp({ key: b('k'), value: b('v'), ignoreValue: true })] }),
    txn({ success: [putOp({ key: b('k'), lease: 1n, ignoreLease: true })] }),
    txn({ success: [putOp({ key: b('k') }), putOp({ key: b('k') })] }),
    txn({ failure: [putOp({ key: b('k') }), putOp({ key: b('k') })] }),
    txn({ success: [putOp({ key: b('k') })], failure: [putOp({ key: b('k') })] }),
    txn({ success: [putOp({ key: b('k') }), deleteOp({ key: b('k') })] }),
    txn({ success: [deleteOp({ key: b('k') }), putOp({ key: b('k') })] }),
    txn({ success: [deleteOp({ key: b('a'), rangeEnd: b('z') }), putOp({ key: b('k') })] }),
    txn({ success: [deleteOp({ key: b('a'), rangeEnd: b('k') }), putOp({ key: b('k') })] }),
    txn({ success: [deleteOp({ key: b('a'), rangeEnd: b('\0') }), putOp({ key: b('k') })] }),
    txn({ success: [deleteOp({ key: b('z'), rangeEnd: b('a') }), putOp({ key: b('k') })] }),
    txn({ success: [deleteOp(EVERYTHING), putOp({ key: b('k') })] }),
    txn({ success: [deleteOp({ key: b('a'), rangeEnd: b('z') }), deleteOp({ key: b('k') })] }),
    txn({ success: manyPuts(128) }),
    txn({ success: manyPuts(129) }),
    txn({ failure: manyPuts(129) }),
    txn({ compare: Array.from({ length: 128 }, () => ifVersion(0, { key: b('k') })) }),
    txn({ compare: Array.from({ length: 129 }, () => ifVersion(0, { key: b('k') })) }),
    txn({ success: manyPuts(100), failure: manyPuts(100) }),
    // The first thing that is wrong is what is told.
    txn({ success: [putOp({}), ...manyPuts(128)] }),
    txn({ compare: [ifVersion(0, {})], success: [putOp({ key: b('k') }), putOp({ key: b('k') })] }),
    txn({ success: [putOp({ key: b('k') }), putOp({ key: b('k') }), putOp({})] }),
  ],
};

function manyPuts(count: number) {
  return Array.from({ length: count }, (_, at) => putOp({ key: b(`many/${at}`) }));
}

const nestedTxns: Case = {
  name: 'txn: nested',
  steps: [
    put({ key: b('n/a'), value: b('1') }),
    txn({
      success: [
        txnOp({
          compare: [ifValue(b('1'), { key: b('n/a') })],
          success: [putOp({ key: b('n/b') }), getOp({ key: b('n/'), rangeEnd: b('n0') })],
          failure: [putOp({ key: b('n/c') })],
        }),
        putOp({ key: b('n/d') }),
      ],
    }),
    txn({ success: [txnOp({})] }),
    txn({ success: [txnOp({ success: [txnOp({ success: [putOp({ key: b('n/deep') })] })] })] }),
    txn({ success: [txnOp({ success: [getOp({ key: b('n/a') })] })] }),
    // Outer changes are seen by inner comparisons? Etcd decides every comparison before it writes.
    txn({
      success: [
        putOp({ key: b('n/e'), value: b('x') }),
        txnOp({
          compare: [ifValue(b('x'), { key: b('n/e') })],
          success: [putOp({ key: b('n/seen') })],
          failure: [putOp({ key: b('n/unseen') })],
        }),
      ],
    }),
    txn({
      success: [
        txnOp({ success: [putOp({ key: b('n/k') })], failure: [putOp({ key: b('n/k') })] }),
      ],
    }),
    txn({ success: [txnOp({ success: [putOp({ key: b('n/k') })] }), putOp({ key: b('n/k') })] }),
    txn({
      success: [
        txnOp({ success: [putOp({ key: b('n/k') })] }),
        txnOp({ failure: [putOp({ key: b('n/k') })] }),
      ],
    }),
    txn({
      success: [
        txnOp({ success: [deleteOp({ key: b('n/k') })], failure: [putOp({ key: b('n/k') })] }),
      ],
    }),
    txn({
      success: [
        txnOp({ success: [putOp({ key: b('n/k') })], failure: [deleteOp({ key: b('n/k') })] }),
      ],
    }),
    txn({
      success: [txnOp({ success: [deleteOp({ key: b('n/k') })] }), putOp({ key: b('n/k') })],
    }),
    txn({
      success: [deleteOp({ key: b('n/k') }), txnOp({ success: [putOp({ key: b('n/k') })] })],
    }),
    txn({ success: [txnOp({ success: manyPuts(128) })] }),
    txn({ success: [txnOp({ success: manyPuts(127) }), putOp({ key: b('n/k') })] }),
    txn({ success: [txnOp({ success: manyPuts(100) }), txnOp({ success: manyPuts(100) })] }),
    txn({ success: [txnOp({ success: [txnOp({ success: manyPuts(126) })] })] }),
    txn({ success: [txnOp({ success: [txnOp({ success: manyPuts(127) })] })] }),
    txn({ success: [txnOp({ success: [putOp({})] })] }),
    txn({ success: [txnOp({ success: [emptyOp] })] }),
    txn({ success: [txnOp({ compare: [ifMod(0, {})] })] }),
    range({ key: b('n/'), rangeEnd: b('n0') }),
  ],
};

const RESULTS = [EQUAL, GREATER, LESS, NOT_EQUAL] as const;
const hold = (compare: readonly Parameters<typeof txn>[0][]) => compare.map((each) => txn(each));

const compares: Case = {
  name: 'txn: comparisons',
  steps: [
    put({ key: b('c/1'), value: b('b') }),
    put({ key: b('c/2'), value: b('b') }),
    put({ key: b('c/2'), value: b('c') }),
    ...['c/1', 'c/2', 'c/none'].flatMap((key) =>
      RESULTS.flatMap((result) =>
        hold([
          { compare: [ifVersion(0, { key: b(key), result })] },
          { compare: [ifVersion(1, { key: b(key), result })] },
          { compare: [ifVersion(-1, { key: b(key), result })] },
          { compare: [ifCreate(0, { key: b(key), result })] },
          { compare: [ifMod(0, { key: b(key), result })] },
          { compare: [ifMod(Number.MAX_SAFE_INTEGER, { key: b(key), result })] },
          { compare: [ifLease(0n, { key: b(key), result })] },
          { compare: [ifLease(MAX_INT64, { key: b(key), result })] },
          { compare: [ifValue(b(''), { key: b(key), result })] },
          { compare: [ifValue(b('b'), { key: b(key), result })] },
          { compare: [ifValue(b('bb'), { key: b(key), result })] },
        ]),
      ),
    ),
    ...RESULTS.flatMap((result) =>
      hold([
        { compare: [ifVersion(1, { key: b('c/'), rangeEnd: b('c0'), result })] },
        { compare: [ifVersion(0, { key: b('c/'), rangeEnd: b('c0'), result })] },
        { compare: [ifVersion(0, { key: b('x/'), rangeEnd: b('x0'), result })] },
        { compare: [ifVersion(0, { key: b('x0'), rangeEnd: b('x/'), result })] },
        { compare: [ifValue(b('b'), { key: b('c/'), rangeEnd: b('c0'), result })] },
        { compare: [ifValue(b(''), { key: b('x/'), rangeEnd: b('x0'), result })] },
        { compare: [ifLease(0n, { key: b('x/'), rangeEnd: b('x0'), result })] },
        { compare: [ifMod(3, { key: b('c/'), rangeEnd: b('\0'), result })] },
        { compare: [ifMod(3, { key: b('\0'), rangeEnd: b('\0'), result })] },
      ]),
    ),
    // The operand may be missing, or be another than the target names.
    ...[0, 1, 2, 3, 4].flatMap((target) =>
      hold([
        { compare: [ifAnything(target as 0, undefined, { key: b('c/1') })] },
        {
          compare: [ifAnything(target as 0, { $case: 'value', value: b('b') }, { key: b('c/1') })],
        },
        { compare: [ifAnything(target as 0, { $case: 'version', value: 1n }, { key: b('c/1') })] },
        { compare: [ifAnything(target as 0, undefined, { key: b('c/none') })] },
      ]),
    ),
    ...hold([
      { compare: [ifAnything(9 as 0, undefined, { key: b('c/1') })] },
      { compare: [ifAnything(9 as 0, undefined, { key: b('c/none') })] },
      { compare: [ifVersion(1, { key: b('c/1'), result: 9 as 0 })] },
      { compare: [ifVersion(7, { key: b('c/1'), result: 9 as 0 })] },
      { compare: [ifValue(b('x'), { key: b('c/1'), result: 9 as 0 })] },
      { compare: [ifValue(b('x'), { key: b('c/none'), result: 9 as 0 })] },
      { compare: [ifAnything(9 as 0, undefined, { key: b('c/1'), result: LESS })] },
      { compare: [ifVersion(1, { key: b('c/1') }), ifVersion(2, { key: b('c/2') })] },
      { compare: [ifVersion(1, { key: b('c/1') }), ifVersion(1, { key: b('c/2') })] },
    ]),
    ({ revision }) => txn({ compare: [ifMod(revision, { key: b('c/2') })] }),
    ({ revision }) => txn({ compare: [ifCreate(revision - 1, { key: b('c/2') })] }),
  ],
};

export const TXN_CASES: readonly Case[] = [txns, badTxns, nestedTxns, compares];
