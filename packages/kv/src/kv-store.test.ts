import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Compare,
  deleteRangeRequest,
  KvStore,
  type KvWriter,
  MemoryStore,
  putRequest,
  type RangeRequest,
  type RequestOp,
  rangeRequest,
  txnRequest,
  type WriteRequest,
  type WriteResponse,
} from './index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array): string => new TextDecoder().decode(value);

const put = (key: string, value: string, more = {}) =>
  putRequest({ key: bytes(key), value: bytes(value), ...more });
const del = (key: string, end = '', more = {}) =>
  deleteRangeRequest({ key: bytes(key), rangeEnd: bytes(end), ...more });
const get = (key: string, end = '', more: Partial<RangeRequest> = {}) =>
  rangeRequest({ key: bytes(key), rangeEnd: bytes(end), ...more });
const txn = (compare: Compare[], success: RequestOp[], failure: RequestOp[] = []) =>
  txnRequest({ compare, success, failure });
const compact = (revision: number): WriteRequest => ({ kind: 'compaction', revision });

/** A store in memory, with one batch for each request. */
class Subject {
  readonly store = KvStore.open(new MemoryStore(), { leaseExists: (lease) => lease === 7n });
  #index = 0;

  apply(request: WriteRequest): WriteResponse {
    return this.store.applyBatch(++this.#index, (writer) => writer.apply(request));
  }

  /** `key=value create/mod/version`, or the error. */
  read(request: RangeRequest): string {
    const answer = this.store.range(request);
    if (answer.kind === 'failed') return answer.error;
    const kvs = answer.kvs.map(
      (kv) =>
        `${text(kv.key)}=${text(kv.value)} ${kv.createRevision}/${kv.modRevision}/${kv.version}`,
    );
    const more = answer.more ? ' more' : '';
    return `${kvs.join(', ')} (${answer.count}${more})`;
  }
}

const subjectWith = (...requests: WriteRequest[]): Subject => {
  const subject = new Subject();
  for (const request of requests) subject.apply(request);
  return subject;
};

test('revisions and versions: what each request makes of them', () => {
  const subject = new Subject();
  assert.equal(subject.store.revision, 1, 'the first revision of an empty store');
  const rows: readonly [WriteRequest, number, string][] = [
    [put('a', '1'), 2, 'a=1 2/2/1 (1)'],
    [put('a', '2'), 3, 'a=2 2/3/2 (1)'],
    [del('b'), 3, 'a=2 2/3/2 (1)'],
    [txn([], [get('a')]), 3, 'a=2 2/3/2 (1)'],
    [txn([], [put('b', '1'), put('c', '1'), del('a')]), 4, 'b=1 4/4/1, c=1 4/4/1 (2)'],
    [put('a', '3'), 5, 'a=3 5/5/1, b=1 4/4/1, c=1 4/4/1 (3)'],
    [del('a', 'z'), 6, ' (0)'],
    [put('d', '1', { lease: 9n }), 6, ' (0)'],
  ];
  for (const [request, revision, state] of rows) {
    assert.equal(subject.apply(request).revision, revision);
    assert.equal(subject.store.revision, revision);
    assert.equal(subject.read(get('a', '\0')), state);
  }
});

test('range: bounds, limit, order, filters, count', () => {
  const subject = subjectWith(
    put('a', '3'),
    put('b', '1'),
    put('b', '2'),
    put('ab', '1'),
    put('\0', 'zero'),
  );
  const [a, ab, b, zero] = ['a=3 2/2/1', 'ab=1 5/5/1', 'b=2 3/4/2', '\0=zero 6/6/1'];
  const rows: readonly [RangeRequest, string][] = [
    [get('a'), `${a} (1)`],
    [get('x'), ' (0)'],
    [get('a', 'b'), `${a}, ${ab} (2)`],
    [get('ab', '\0'), `${ab}, ${b} (2)`],
    [get('\0', '\0'), `${zero}, ${a}, ${ab}, ${b} (4)`],
    [get('b', 'a'), ' (0)'],
    [get('b', 'b'), ' (0)'],
    [get('a', 'z', { limit: 2 }), `${a}, ${ab} (3 more)`],
    [get('a', 'z', { limit: 3 }), `${a}, ${ab}, ${b} (3)`],
    [get('a', 'z', { limit: -1 }), `${a}, ${ab}, ${b} (3)`],
    [get('a', 'z', { countOnly: true }), ' (3)'],
    [get('a', 'z', { countOnly: true, revision: 3 }), ' (2)'],
    [get('a', 'z', { keysOnly: true, limit: 1 }), 'a= 2/2/1 (3 more)'],
    [get('a', 'z', { sortOrder: 'descend' }), `${b}, ${ab}, ${a} (3)`],
    [get('a', 'z', { sortOrder: 'descend', limit: 1 }), `${b} (3 more)`],
    [get('a', 'z', { sortTarget: 'mod', sortOrder: 'descend' }), `${ab}, ${b}, ${a} (3)`],
    [get('a', 'z', { sortTarget: 'create', sortOrder: 'ascend' }), `${a}, ${b}, ${ab} (3)`],
    [get('a', 'z', { sortTarget: 'version', sortOrder: 'descend' }), `${b}, ${a}, ${ab} (3)`],
    [get('a', 'z', { sortTarget: 'value' }), `${ab}, ${b}, ${a} (3)`],
    [get('a', 'z', { minModRevision: 4 }), `${ab}, ${b} (3)`],
    [get('a', 'z', { maxModRevision: 4 }), `${a}, ${b} (3)`],
    [get('a', 'z', { minCreateRevision: 3, maxCreateRevision: 4 }), `${b} (3)`],
    [get('a', 'z', { minModRevision: 3, limit: 1 }), `${ab} (3 more)`],
    [get('a', 'z', { revision: 3 }), 'a=3 2/2/1, b=1 3/3/1 (2)'],
    [get('a', 'z', { revision: 3, limit: 1 }), 'a=3 2/2/1 (2 more)'],
    [get('b', '', { revision: 2 }), ' (0)'],
    [get('b', '', { revision: -5 }), `${b} (1)`],
    [get('b', '', { revision: 6 }), `${b} (1)`],
    [get('b', '', { revision: 7 }), 'futureRevision'],
  ];
  for (const [request, expected] of rows) {
    const { key: _k, rangeEnd: _e, ...rest } = request;
    assert.equal(subject.read(request), expected, JSON.stringify(rest));
  }
});

test('compaction: what is refused, and what is still read', () => {
  const subject = subjectWith(put('a', '1'), put('a', '2'), del('a'), put('b', '1'), put('b', '2'));
  const kinds = [compact(7), compact(4), compact(4), compact(3), compact(-1)].map((request) => {
    const response = subject.apply(request);
    return response.kind === 'failed' ? response.error : response.kind;
  });
  assert.deepEqual(kinds, ['futureRevision', 'compaction', 'compacted', 'compacted', 'compacted']);
  for (const isRemoved of [false, true]) {
    assert.equal(subject.read(get('a', 'z', { revision: 3 })), 'compacted', String(isRemoved));
    assert.equal(subject.read(get('a', 'z', { revision: 4 })), ' (0)');
    assert.equal(subject.read(get('a', 'z', { revision: 5 })), 'b=1 5/5/1 (1)');
    assert.equal(subject.read(get('a', 'z')), 'b=2 5/6/2 (1)');
    assert.equal(subject.read(get('a', 'z', { revision: -1 })), 'b=2 5/6/2 (1)');
    while (subject.store.compactSome(1));
  }
});

test('compaction removes what it condemned, and only that', () => {
  const content = new MemoryStore();
  const store = KvStore.open(content, { leaseExists: () => false });
  const apply = (request: WriteRequest) => store.applyBatch(0, (writer) => writer.apply(request));
  for (let n = 0; n < 100; n++) apply(put('a', String(n)));
  apply(del('a'));
  apply(put('b', '1'));
  for (let n = 0; n < 50; n++) apply(put(`c${n}`, ''));
  apply(del('c', 'd'));
  apply(compact(store.revision));
  let steps = 0;
  while (store.compactSome(7)) steps++;
  assert.ok(steps >= 21, `${steps} steps of 7 changes`);
  const rows = content.count({ start: Uint8Array.of(0), end: undefined });
  assert.equal(rows, 3, 'meta, b, and the change that made b');
});

test('txn: comparisons', () => {
  const rows: readonly [Partial<Compare>, boolean][] = [
    [{ key: bytes('a'), target: 'value', value: bytes('1') }, true],
    [{ key: bytes('a'), target: 'value', value: bytes('0'), result: 'greater' }, true],
    [{ key: bytes('a'), target: 'version', number: 1, result: 'notEqual' }, false],
    [{ key: bytes('a'), target: 'mod', number: 3, result: 'less' }, true],
    [{ key: bytes('a'), target: 'create', number: 2 }, true],
    [{ key: bytes('a'), target: 'lease', lease: 7n }, true],
    [{ key: bytes('a'), target: 'lease', lease: 7n, result: 'greater' }, false],
    // A missing key has no value, and 0 of everything else.
    [{ key: bytes('x'), target: 'version', number: 0 }, true],
    [{ key: bytes('x'), target: 'mod', number: 1, result: 'less' }, true],
    [{ key: bytes('x'), target: 'value', value: bytes(''), result: 'equal' }, false],
    [{ key: bytes('x'), target: 'value', value: bytes('v'), result: 'notEqual' }, false],
    // A range holds if it holds for every key in it.
    [{ key: bytes('a'), rangeEnd: bytes('c'), target: 'version', number: 1 }, true],
    [{ key: bytes('a'), rangeEnd: bytes('\0'), target: 'mod', number: 2 }, false],
    [{ key: bytes('m'), rangeEnd: bytes('n'), target: 'create', number: 0 }, true],
    [{ key: bytes('m'), rangeEnd: bytes('n'), target: 'value', value: bytes('') }, false],
  ];
  for (const [compare, expected] of rows) {
    const subject = subjectWith(put('a', '1', { lease: 7n }), put('b', '1'));
    const full = { rangeEnd: bytes(''), result: 'equal', ...compare } as Compare;
    const response = subject.apply(txn([full], [put('yes', '1')], [put('no', '1')]));
    assert.ok(response.kind === 'txn');
    assert.equal(response.succeeded, expected, JSON.stringify({ ...compare, lease: undefined }));
    assert.equal(
      subject.read(get(expected ? 'yes' : 'no')).startsWith(expected ? 'yes' : 'no'),
      true,
    );
  }
});

test('txn: steps see the ones before them, in one revision, and comparisons the state before all', () => {
  const subject = subjectWith(put('a', '1'));
  const isMissing: Compare = {
    key: bytes('b'),
    rangeEnd: bytes(''),
    target: 'version',
    result: 'equal',
    number: 0,
  };
  const response = subject.apply(
    txn(
      [isMissing],
      [
        get('b'),
        put('b', '1'),
        get('a', 'z'),
        txn([isMissing], [del('a', '', { prevKv: true }), get('a', 'z')]),
        get('a', 'z', { revision: 2 }),
      ],
    ),
  );
  assert.ok(response.kind === 'txn');
  const shown = response.responses.map((step) => [step.kind, step.revision]);
  assert.deepEqual(shown, [
    ['range', 2],
    ['put', 3],
    ['range', 3],
    ['txn', 0],
    ['range', 3],
  ]);
  const [, , both, nested, old] = response.responses;
  assert.ok(both?.kind === 'range' && old?.kind === 'range' && nested?.kind === 'txn');
  assert.equal(both.count, 2);
  assert.equal(old.count, 1);
  assert.equal(nested.succeeded, true);
  assert.deepEqual(
    nested.responses.map(({ revision }) => revision),
    [3, 3],
  );
  const events = [...subject.store.events(3)];
  assert.deepEqual(
    events.map(({ kind, revision }) => [kind, revision]),
    [
      ['put', { main: 3, sub: 0 }],
      ['delete', { main: 3, sub: 1 }],
    ],
  );
});

test('a txn that fails on its path has changed nothing, and the other branch is not checked', () => {
  const subject = subjectWith(put('a', '1'), put('a', '2'), compact(3));
  const failing: readonly [RequestOp, string][] = [
    [put('x', '', { ignoreValue: true }), 'keyNotFound'],
    [put('x', '1', { lease: 9n }), 'leaseNotFound'],
    [get('a', '', { revision: 4 }), 'futureRevision'],
    [get('a', '', { revision: 2 }), 'compacted'],
    [get('a', '', { revision: -1 }), 'compacted'],
  ];
  for (const [op, error] of failing) {
    const response = subject.apply(txn([], [put('b', '1'), txn([], [op])]));
    assert.deepEqual(response, { kind: 'failed', error, revision: 3 });
    assert.equal(subject.read(get('b')), ' (0)');
    assert.equal(subject.apply(txn([], [], [op])).kind, 'txn');
  }
});

test('put and delete: previous versions, kept values and leases', () => {
  const subject = subjectWith(put('a', '1', { lease: 7n }));
  const kept = subject.apply(put('a', '', { ignoreValue: true, prevKv: true }));
  assert.ok(kept.kind === 'put' && kept.prevKv !== undefined);
  assert.equal(kept.prevKv.lease, 7n);
  assert.equal(subject.read(get('a')), 'a=1 2/3/2 (1)');
  assert.equal(subject.apply(put('b', '', { ignoreLease: true })).kind, 'failed');

  subject.apply(put('a', '2', { lease: 7n }));
  subject.apply(put('a', '3', { ignoreLease: true }));
  const deleted = subject.apply(del('a', 'c', { prevKv: true }));
  assert.ok(deleted.kind === 'deleteRange');
  assert.deepEqual(
    deleted.prevKvs.map(({ lease, version }) => [lease, version]),
    [[7n, 4]],
  );
});

test('events: every change above the compact revision, with what it replaced', () => {
  const subject = subjectWith(put('a', '1'), put('a', '2'), put('b', '1'), del('a'), compact(3));
  const events = [...subject.store.events(1)].map((event) => {
    const key = event.kind === 'put' ? event.kv.key : event.key;
    const before = event.prevKv === undefined ? '' : ` was ${text(event.prevKv.value)}`;
    return `${event.revision.main} ${event.kind} ${text(key)}${before}`;
  });
  assert.deepEqual(events, ['3 put a', '4 put b', '5 delete a was 2']);
});

test('a batch that throws has changed nothing, and an index cannot go back', () => {
  const subject = subjectWith(put('a', '1'));
  const failing = (writer: KvWriter) => {
    writer.apply(put('a', '2'));
    throw new Error('no');
  };
  assert.throws(() => subject.store.applyBatch(2, failing), { message: 'no' });
  assert.deepEqual([subject.store.revision, subject.store.appliedIndex], [2, 1]);
  assert.equal(subject.read(get('a')), 'a=1 2/2/1 (1)');
  assert.throws(() => subject.store.applyBatch(0, () => {}), RangeError);
});

test('the hash is the number that etcd 3.4.23 gave for the same history', () => {
  const subject = subjectWith(put('a', '1'), put('a', '2'));
  const hash = (revision: number) => {
    const answer = subject.store.hashKv(revision);
    return answer.kind === 'failed' ? answer.error : answer.hash;
  };
  assert.equal(hash(0), 535221974);
  subject.apply(del('a'));
  assert.equal(hash(0), 1363947557);
  assert.equal(hash(3), 535221974);
  subject.apply(compact(3));
  assert.equal(hash(0), 573317793, 'before the removal');
  while (subject.store.compactSome(1));
  assert.equal(hash(0), 573317793, 'after it');
  assert.deepEqual([hash(3), hash(5), hash(-2)], ['compacted', 'futureRevision', 1084519789]);
  const steps = subject.store.hashKvSteps(0, 1);
  let pauses = 0;
  while (!steps.next().done) pauses++;
  assert.ok(pauses > 0);
});

test('the hash below the compact revision counts what is still the state, or all if nothing is', () => {
  const subject = subjectWith(put('a', '1'), put('b', '1'), compact(3), put('a', '2'));
  const hash = () => {
    const answer = subject.store.hashKv(0);
    return answer.kind === 'failed' ? answer.error : answer.hash;
  };
  assert.equal(hash(), 2393049859);
  subject.apply(del('a'));
  assert.equal(hash(), 3884710497);
  subject.apply(del('b'));
  assert.equal(hash(), 1423040355);
});

test('a foreign or newer store is refused', () => {
  const foreign = new MemoryStore();
  foreign.transact((writer) => writer.put(bytes('x'), bytes('y')));
  assert.throws(() => KvStore.open(foreign, { leaseExists: () => false }), {
    code: 'KV_FORMAT_UNKNOWN',
  });
  const newer = new MemoryStore();
  newer.transact((writer) => writer.put(bytes('m'), Uint8Array.of(99)));
  assert.throws(() => KvStore.open(newer, { leaseExists: () => false }), {
    code: 'KV_FORMAT_UNKNOWN',
  });
});
