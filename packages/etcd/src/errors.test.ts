import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RaftError } from '@quorate/node';
import { inEtcdTerms } from './errors.ts';
import { StoreDamagedError, StoreFailedError } from './store/store-failed-error.ts';

test('a store that failed is told in words of its own, not as a machine that did', () => {
  const cause = new StoreFailedError(new Error('MDB_MAP_FULL'));
  const failed = new RaftError('RAFT_MACHINE_FAILED', 'the state machine failed', { cause });
  const told = inEtcdTerms(failed, '/data') as Error & { code: string };
  assert.equal(told.code, 'ETCD_DATA_DIR_UNUSABLE');
  assert.match(told.message, /data directory \/data: .*MDB_MAP_FULL; free space, then restart/);
});

test('a damaged store is a data directory that cannot be used', () => {
  const cause = new StoreDamagedError('/data/store/kv/data.mdb was cut off');
  const failed = new RaftError('RAFT_MACHINE_FAILED', 'the state machine failed', { cause });
  const told = inEtcdTerms(failed, '/data') as Error & { code: string };
  assert.equal(told.code, 'ETCD_DATA_DIR_UNUSABLE');
  assert.match(told.message, /data.mdb was cut off; restore it .* join anew/);
});

test('a bug in the machine stays what it is', () => {
  const cause = new TypeError('undefined is not a function');
  const failed = new RaftError('RAFT_MACHINE_FAILED', 'the state machine failed', { cause });
  assert.equal(inEtcdTerms(failed, '/data'), failed);
});
