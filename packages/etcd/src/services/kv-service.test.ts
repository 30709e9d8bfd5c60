import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, compact, getOp, put, putOp, range, txn } from '../differential/requests.ts';
import { fakeMember } from '../member.test.support.ts';
import { kvService } from './kv-service.ts';
import type { UnaryMethod } from './method.ts';

const noMetadata = { metadata: () => undefined };

const calling =
  (methods: readonly UnaryMethod[]) =>
  async <Response>(step: {
    path: string;
    bytes: Uint8Array;
    responseType: { decode(bytes: Uint8Array): Response };
  }): Promise<Response> => {
    const method = methods.find(({ path }) => path === step.path);
    assert.ok(method);
    return step.responseType.decode(await method.serve(step.bytes, noMetadata));
  };

test('only reads that say so are answered without asking the others', async (context) => {
  const { member, consensus } = await fakeMember(context);
  const call = calling(kvService(member));
  const readsOf = async (step: Parameters<typeof call>[0]) => {
    const before = consensus.reads;
    await call(step);
    return consensus.reads - before;
  };
  const key = bytes('k');
  const own = getOp({ key, serializable: true });
  const confirmed = getOp({ key });
  assert.equal(await readsOf(range({ key })), 1);
  assert.equal(await readsOf(range({ key, serializable: true })), 0);
  assert.equal(await readsOf(txn({ success: [own], failure: [own] })), 0);
  assert.equal(await readsOf(txn({ success: [own], failure: [confirmed] })), 1);
  assert.equal(await readsOf(txn({})), 0);
});

test('a transaction goes through the log only if it could write', async (context) => {
  const { member, consensus, machine } = await fakeMember(context);
  const call = calling(kvService(member));
  await call(txn({ success: [putOp({ key: bytes('k') })] }));
  assert.equal(machine.store.appliedIndex, 1);
  await call(txn({ success: [getOp({ key: bytes('k') })] }));
  assert.equal(machine.store.appliedIndex, 1);
  await call(txn({ success: [getOp({ key: bytes('k') })], failure: [putOp({ key: bytes('k') })] }));
  assert.equal(machine.store.appliedIndex, 2);
  assert.equal(consensus.reads, 1);
});

test('what is invalid is refused before it is proposed', async (context) => {
  const { member, machine } = await fakeMember(context);
  const call = calling(kvService(member));
  await assert.rejects(call(put({})), /etcdserver: key is not provided/);
  const twice = [putOp({ key: bytes('k') }), putOp({ key: bytes('k') })];
  await assert.rejects(call(txn({ success: twice })), /duplicate key given in txn request/);
  assert.equal(machine.store.appliedIndex, 0);
});

test('a physical compaction answers when the old revisions are gone, another at once', async (context) => {
  const { member, machine } = await fakeMember(context);
  const call = calling(kvService(member));
  const overwrite = async () => {
    for (let n = 0; n < 1000; n++) await call(put({ key: bytes('k') }));
    return BigInt(machine.store.revision);
  };
  await call(compact({ revision: await overwrite() }));
  assert.equal(machine.store.compactSome(1), true);
  await call(compact({ revision: await overwrite(), physical: true }));
  assert.equal(machine.store.compactSome(1), false);
});
