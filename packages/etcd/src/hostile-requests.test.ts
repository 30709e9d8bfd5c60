import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestCluster } from './cluster.test.support.ts';
import { diceOf } from './differential/dice.ts';
import { RandomRequests } from './differential/random-requests.ts';
import { RawClient } from './differential/raw-client.ts';
import { bytes, ifVersion, put, putOp, range, txn, txnOp } from './differential/requests.ts';
import type { RequestOp } from './generated/rpc.ts';

/** A write, and so many transactions within each other. The innermost has a comparison. */
function nested(depth: number): readonly RequestOp[] {
  const compare = [ifVersion(0, { key: bytes('deep') })];
  const innermost = txnOp({ compare });
  const around = (op: RequestOp): RequestOp => txnOp({ success: [op] });
  let op = innermost;
  for (let level = 1; level < depth; level++) op = around(op);
  return [putOp({ key: bytes('write') }), op];
}

test('a transaction nested too deep is refused before it reaches the log', async (context) => {
  const cluster = await TestCluster.start(context, 1);
  for (let depth = 1; depth < 130; depth++) {
    const call = cluster.call(0, txn({ success: [...nested(depth)] }));
    if (depth <= 32) await call;
    else await assert.rejects(call, /^Error: (3: etcdserver: too many op|13: grpc: error unmarsh)/);
  }
  await cluster.call(0, put({ key: bytes('k') }));
  assert.equal(cluster.servers[0]!.status().revision, 2 + 32);
});

test('no garbage stops a server', async (context) => {
  const cluster = await TestCluster.start(context, 1);
  const client = new RawClient(cluster.endpoint(0));
  context.after(() => client.close());
  const random = new RandomRequests(1);
  const dice = diceOf(2);
  const codes = new Set<number>();
  for (let n = 0; n < 1000; n++) {
    const { path, bytes: request } = random.next(cluster.servers[0]!.status());
    const damaged = request.slice(0, Math.ceil(dice() * request.length));
    for (let hits = 0; hits < 3; hits++) {
      damaged[Math.floor(dice() * damaged.length)] = Math.floor(dice() * 256);
    }
    codes.add((await client.call(path, damaged)).code);
  }
  // Success, invalid argument, out of range, internal.
  for (const code of [0, 3, 11, 13]) assert.ok(codes.has(code), `no answer had code ${code}`);
  assert.ok(!codes.has(14));
  await cluster.call(0, range({ key: bytes('k') }));
});
