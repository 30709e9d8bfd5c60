/**
 * Hand-written requests, one case for each thing that reference pages and etcd's own checks say
 * about KV. Steps run in order on servers that saw the same steps before.
 */

import type { Case, PlannedStep } from './compare.ts';
import {
  bytes,
  compact,
  deleteRange,
  getOp,
  hashKv,
  put,
  putOp,
  range,
  raw,
  txn,
} from './requests.ts';
import { TXN_CASES } from './txn-cases.ts';

const b = bytes;
const EVERYTHING = { key: b('\0'), rangeEnd: b('\0') };
const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

const [ASCEND, DESCEND] = [1, 2] as const;
const SORT_TARGETS = [0, 1, 2, 3, 4] as const;

/** Keys whose order by key, version, create and mod revision and value all differ. */
const FRUITS: readonly PlannedStep[] = [
  put({ key: b('fruit/cherry'), value: b('3') }),
  put({ key: b('fruit/apple'), value: b('5') }),
  put({ key: b('fruit/banana'), value: b('1') }),
  put({ key: b('fruit/date'), value: b('4') }),
  put({ key: b('fruit/elder'), value: b('4') }),
  put({ key: b('fruit/banana'), value: b('2') }),
  put({ key: b('fruit/apple'), value: b('0') }),
  put({ key: b('fruit/apple'), value: b('9') }),
];
const fruits = { key: b('fruit/'), rangeEnd: b('fruit0') };

const emptyStore: Case = {
  name: 'an empty store',
  steps: [
    range({ key: b('a') }),
    range(EVERYTHING),
    range({ ...EVERYTHING, countOnly: true }),
    deleteRange({ key: b('a') }),
    deleteRange({ ...EVERYTHING, prevKv: true }),
    txn({}),
    hashKv({}),
    compact({ revision: 2n }),
    range({ key: b('a'), revision: 1n }),
    range({ key: b('a'), revision: 2n }),
    put({ key: b('a'), value: b('1') }),
  ],
};

const puts: Case = {
  name: 'put',
  steps: [
    put({}),
    put({ value: b('x') }),
    put({ key: b('p'), value: b('1'), prevKv: true }),
    put({ key: b('p'), value: b('2'), prevKv: true }),
    put({ key: b('p') }),
    put({ key: b('p'), prevKv: true }),
    put({ key: b('p'), value: b('3'), ignoreValue: true }),
    put({ key: b('p'), ignoreValue: true, prevKv: true }),
    put({ key: b('p'), value: b('4'), ignoreLease: true }),
    put({ key: b('p'), ignoreValue: true, ignoreLease: true, prevKv: true }),
    put({ key: b('missing'), ignoreValue: true }),
    put({ key: b('missing'), value: b('x'), ignoreLease: true }),
    put({ key: b('missing'), ignoreValue: true, ignoreLease: true, prevKv: true }),
    put({ key: b('p'), lease: 1n, ignoreLease: true }),
    put({ key: b('p'), value: b('x'), lease: 1n, ignoreValue: true, ignoreLease: true }),
    put({ key: b('p'), value: b('x'), lease: 7n }),
    put({ key: b('p'), value: b('x'), lease: MAX_INT64 }),
    put({ key: b('p'), value: b('x'), lease: -1n }),
    put({ key: b('p'), value: b('x'), lease: MIN_INT64 }),
    put({ key: b('missing'), lease: 7n, ignoreValue: true }),
    range({ key: b('p') }),
    deleteRange({ key: b('p') }),
    put({ key: b('p'), value: b('again') }),
    range({ key: b('p') }),
    put({ key: b('\0'), value: b('zero') }),
    put({ key: b('\xff\xff'), value: b('\x00\x01\xfe') }),
    put({ key: b('k'.repeat(5000)), value: b('long key') }),
    range({ key: b('k'.repeat(5000)) }),
    deleteRange({ key: b('k'.repeat(5000)) }),
    range(EVERYTHING),
  ],
};

const ranges: Case = {
  name: 'range: keys and bounds',
  steps: [
    ...FRUITS,
    range({}),
    range({ rangeEnd: b('z') }),
    range({ key: b('fruit/apple') }),
    range(fruits),
    range({ key: b('fruit/b'), rangeEnd: b('\0') }),
    range(EVERYTHING),
    range({ key: b('fruit/date'), rangeEnd: b('fruit/apple') }),
    range({ key: b('fruit/date'), rangeEnd: b('fruit/date') }),
    range({ key: b('fruit/date'), rangeEnd: b('fruit/date\0') }),
    range({ ...fruits, keysOnly: true }),
    range({ ...fruits, countOnly: true }),
    range({ ...fruits, countOnly: true, limit: 2n }),
    range({ ...fruits, countOnly: true, keysOnly: true }),
    range({ key: b('none'), countOnly: true }),
    range({ ...fruits, serializable: true }),
    ...[-1n, 0n, 1n, 2n, 5n, 6n, MAX_INT64, MIN_INT64].map((limit) => range({ ...fruits, limit })),
    range({ ...fruits, limit: 2n, keysOnly: true }),
    range({ key: b('fruit/apple'), limit: 1n }),
  ],
};

const sorting: Case = {
  name: 'range: sorting',
  steps: SORT_TARGETS.flatMap((sortTarget) =>
    ([0, ASCEND, DESCEND] as const).flatMap((sortOrder) => [
      range({ ...fruits, sortTarget, sortOrder }),
      range({ ...fruits, sortTarget, sortOrder, limit: 3n }),
      range({ ...fruits, sortTarget, sortOrder, keysOnly: true }),
    ]),
  ),
};

const filters: Case = {
  name: 'range: revision bounds',
  steps: [
    ({ revision }) => range({ ...fruits, minModRevision: BigInt(revision - 1) }),
    ({ revision }) => range({ ...fruits, maxModRevision: BigInt(revision - 1) }),
    ({ revision }) => range({ ...fruits, minCreateRevision: BigInt(revision - 5) }),
    ({ revision }) => range({ ...fruits, maxCreateRevision: BigInt(revision - 5) }),
    ({ revision }) => range({ ...fruits, minModRevision: BigInt(revision - 3), limit: 1n }),
    ({ revision }) =>
      range({ ...fruits, minModRevision: BigInt(revision - 3), limit: 2n, sortOrder: DESCEND }),
    ({ revision }) => range({ ...fruits, maxModRevision: BigInt(revision - 3), countOnly: true }),
    range({ ...fruits, minModRevision: -5n, maxModRevision: -5n }),
    range({ ...fruits, minCreateRevision: MAX_INT64 }),
    range({ ...fruits, maxCreateRevision: 1n }),
  ],
};

const oldRevisions: Case = {
  name: 'range: old and future revisions',
  steps: [
    ...[1, 2, 3, 4, 5, 6, 7, 8].map(
      (age) =>
        ({ revision }: { revision: number }) =>
          range({ ...fruits, revision: BigInt(revision - age) }),
    ),
    ({ revision }) => range({ ...fruits, revision: BigInt(revision) }),
    ({ revision }) => range({ ...fruits, revision: BigInt(revision + 1) }),
    range({ ...fruits, revision: -1n }),
    range({ ...fruits, revision: MIN_INT64 }),
    range({ ...fruits, revision: MAX_INT64 }),
    ({ revision }) => range({ ...fruits, revision: BigInt(revision - 2), countOnly: true }),
    ({ revision }) =>
      range({ ...fruits, revision: BigInt(revision - 2), limit: 1n, sortOrder: DESCEND }),
    ({ revision }) => range({ ...fruits, revision: BigInt(revision + 1), serializable: true }),
  ],
};

const deletes: Case = {
  name: 'delete range',
  steps: [
    put({ key: b('d/1'), value: b('a') }),
    put({ key: b('d/2'), value: b('b') }),
    put({ key: b('d/3'), value: b('c') }),
    put({ key: b('d/4'), value: b('d') }),
    deleteRange({}),
    deleteRange({ rangeEnd: b('z') }),
    deleteRange({ key: b('d/1'), prevKv: true }),
    deleteRange({ key: b('d/1'), prevKv: true }),
    deleteRange({ key: b('d/4'), rangeEnd: b('d/2') }),
    deleteRange({ key: b('d/2'), rangeEnd: b('d/4'), prevKv: true }),
    range({ key: b('d/'), rangeEnd: b('d0') }),
    put({ key: b('d/1'), value: b('again') }),
    put({ key: b('d/1'), value: b('and again') }),
    range({ key: b('d/1') }),
    deleteRange({ key: b('d/'), rangeEnd: b('d0') }),
    ({ revision }) => range({ key: b('d/'), rangeEnd: b('d0'), revision: BigInt(revision - 1) }),
    put({ key: b('\xfe1') }),
    put({ key: b('\xfe2') }),
    deleteRange({ key: b('\xfe'), rangeEnd: b('\0'), prevKv: true }),
  ],
};

const compactions: Case = {
  name: 'compaction',
  steps: [
    ...FRUITS,
    deleteRange({ key: b('fruit/date') }),
    compact({ revision: 0n }),
    compact({ revision: -1n }),
    compact({ revision: MAX_INT64 }),
    ({ revision }) => compact({ revision: BigInt(revision + 1) }),
    ({ revision }) => compact({ revision: BigInt(revision - 3) }),
    ({ revision }) => compact({ revision: BigInt(revision - 3) }),
    ({ revision }) => compact({ revision: BigInt(revision - 4) }),
    ...[-1, 0, 1, 2, 3, 4].map(
      (age) =>
        ({ revision }: { revision: number }) =>
          range({ ...fruits, revision: BigInt(revision - age) }),
    ),
    ({ revision }) => range({ ...fruits, revision: BigInt(revision - 4), serializable: true }),
    ({ revision }) => txn({ success: [getOp({ ...fruits, revision: BigInt(revision - 3) })] }),
    ({ revision }) => txn({ success: [getOp({ ...fruits, revision: BigInt(revision - 4) })] }),
    ({ revision }) =>
      txn({
        success: [
          putOp({ key: b('fruit/fig') }),
          getOp({ ...fruits, revision: BigInt(revision - 4) }),
        ],
      }),
    put({ key: b('fruit/apple'), value: b('after') }),
    ({ revision }) => compact({ revision: BigInt(revision), physical: true }),
    ({ revision }) => range({ ...fruits, revision: BigInt(revision) }),
    ({ revision }) => range({ ...fruits, revision: BigInt(revision - 1) }),
    ({ revision }) => compact({ revision: BigInt(revision), physical: true }),
    hashKv({}),
    ({ revision }) => hashKv({ revision: BigInt(revision) }),
    ({ revision }) => hashKv({ revision: BigInt(revision + 1) }),
    ({ revision }) => hashKv({ revision: BigInt(revision - 1) }),
    range(EVERYTHING),
  ],
};

const sizes: Case = {
  name: 'request sizes',
  steps: [
    put({ key: b('big'), value: new Uint8Array(1_572_000) }),
    put({ key: b('big'), value: new Uint8Array(1_573_000) }),
    range({ key: b('big'), countOnly: true }),
    put({ key: b('big'), value: new Uint8Array(2_097_152) }),
    range({ key: new Uint8Array(2_097_160).fill(1) }),
    range({ key: new Uint8Array(1_800_000).fill(1) }),
    deleteRange({ key: b('big') }),
  ],
};

const strangers: Case = {
  name: 'methods that etcd does not know',
  steps: [
    raw('/etcdserverpb.KV/RangeStream', new Uint8Array(0)),
    raw('/etcdserverpb.KV/', new Uint8Array(0)),
    raw('/etcdserverpb.Nothing/Range', new Uint8Array(0)),
    raw('/nothing/at/all', new Uint8Array(0)),
  ],
};

export const KV_CASES: readonly Case[] = [
  emptyStore,
  puts,
  ranges,
  sorting,
  filters,
  oldRevisions,
  deletes,
  ...TXN_CASES,
  compactions,
  sizes,
  strangers,
];
