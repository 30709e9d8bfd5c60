import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareBytes } from './bytes.ts';
import {
  checkRequest,
  deleteRangeRequest,
  putRequest,
  type RequestOp,
  rangeRequest,
  txnRequest,
} from './index.ts';
import { IntervalSet } from './interval-set.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const put = (key: string, more = {}) => putRequest({ key: bytes(key), ...more });
const del = (key: string, end = '') =>
  deleteRangeRequest({ key: bytes(key), rangeEnd: bytes(end) });
const get = (key: string) => rangeRequest({ key: bytes(key) });
const txn = (success: RequestOp[], failure: RequestOp[] = []) => txnRequest({ success, failure });
const many = (count: number) => Array.from({ length: count }, () => get('a'));

const rows: readonly [string, Parameters<typeof checkRequest>[0], string | undefined][] = [
  ['a range without a key', get(''), 'emptyKey'],
  ['a delete without a key', del(''), 'emptyKey'],
  ['a put without a key', put('', { ignoreValue: true, value: bytes('v') }), 'emptyKey'],
  ['a value to ignore', put('a', { ignoreValue: true, value: bytes('v') }), 'valueProvided'],
  ['a lease to ignore', put('a', { ignoreLease: true, lease: 1n }), 'leaseProvided'],
  ['an empty transaction', txn([]), undefined],
  ['128 operations', txn(many(128)), undefined],
  ['129 operations', txn(many(129)), 'tooManyOps'],
  ['129 operations on failure', txn([], many(129)), 'tooManyOps'],
  ['what the outer list takes is missing inside', txn([txn(many(127))]), undefined],
  ['one more', txn([txn(many(128))]), 'tooManyOps'],
  ['an empty key inside', txn([txn([], [put('')])]), 'emptyKey'],
  ['a key put twice', txn([put('a'), put('a')]), 'duplicateKey'],
  ['a key put in both branches', txn([put('a')], [put('a')]), undefined],
  ['a key deleted twice', txn([del('a'), del('a', 'c')]), undefined],
  ['a key put and deleted', txn([put('a'), del('a')]), 'duplicateKey'],
  ['a key put inside a deleted range', txn([del('a', 'c'), put('b')]), 'duplicateKey'],
  ['a key put behind a deleted range', txn([del('a', 'c'), put('c')]), undefined],
  ['a key put outside and inside', txn([put('a'), txn([put('a')])]), 'duplicateKey'],
  ['a key put in two branches of one inside', txn([txn([put('a')], [put('a')])]), undefined],
  ['a key put in two inside', txn([txn([put('a')]), txn([], [put('a')])]), 'duplicateKey'],
  ['a key put inside, deleted outside', txn([txn([put('b')]), del('a', 'c')]), 'duplicateKey'],
  ['a key deleted inside, put outside', txn([txn([], [del('a', 'c')]), put('b')]), 'duplicateKey'],
  [
    'a key deleted inside, put in a later one',
    txn([txn([del('b')]), txn([put('b')])]),
    'duplicateKey',
  ],
  [
    'etcd lets pass: put inside, deleted in a later one',
    txn([txn([put('b')]), txn([del('b')])]),
    undefined,
  ],
  ['etcd lets pass: deleted from key on', txn([del('a', '\0'), put('b')]), undefined],
  ['even the first key of it', txn([del('a', '\0'), put('a')]), undefined],
];

for (const [name, request, expected] of rows) {
  test(`check: ${name}`, () => assert.equal(checkRequest(request), expected));
}

test('a hostile transaction of many operations is checked at once', () => {
  const inner = (n: number) =>
    txn(
      Array.from({ length: 60 }, (_, i) => del(`${n} ${i}`, `${n} ${i}a`)),
      [put(`x${n}`)],
    );
  const request = txn(Array.from({ length: 60 }, (_, n) => inner(n)));
  assert.equal(checkRequest(request), undefined);
});

test('an interval set has a key if one of its intervals has', () => {
  const aKey = fc.uint8Array({ maxLength: 2, max: 3 });
  fc.assert(
    fc.property(fc.array(fc.tuple(aKey, aKey)), aKey, (intervals, key) => {
      const set = new IntervalSet();
      for (const [begin, end] of intervals) set.add(begin, end);
      const expected = intervals.some(
        ([begin, end]) => compareBytes(begin, key) <= 0 && compareBytes(key, end) < 0,
      );
      assert.equal(set.has(key), expected);
    }),
  );
});
