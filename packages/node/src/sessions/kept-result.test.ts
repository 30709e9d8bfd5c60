import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { SessionOptions } from '../api.ts';
import { inMemoryMachine } from '../apply/in-memory-machine.ts';
import { bytes, FAST, text } from '../cluster.test.support.ts';
import { MemoryNetwork } from '../peers/memory-network.ts';
import { RaftNode } from '../raft-node.ts';
import { keepResult, keptResult } from './kept-result.ts';

const machine = () =>
  inMemoryMachine<number, bigint | string>({
    initial: () => 0,
    apply: (count, command) => {
      const result = text(command) === 'big' ? BigInt(count + 1) : text(command);
      return { state: count + 1, result };
    },
  });

async function nodesWith(context: TestContext, sessions: SessionOptions<bigint | string>) {
  const network = new MemoryNetwork();
  const peers: Record<number, { host: string; port: number }> = {};
  for (const id of [1, 2, 3]) peers[id] = { host: '127.0.0.1', port: 0 };
  const common = { clusterId: 1, peers, directory: undefined, raft: FAST, sessions };
  const open = (id: number) =>
    RaftNode.open({ ...common, id, machine: machine(), transport: network.join(id) });
  const nodes = await Promise.all([1, 2, 3].map(open));
  context.after(() => Promise.all(nodes.map((node) => node.close())));
  return nodes;
}

test('a result that is no JSON fails its command on all replicas, and ends none', async (context) => {
  const nodes = await nodesWith(context, {});
  const session = await nodes[0]!.openSession();
  const refusal = { code: 'RAFT_RESULT_NOT_KEPT', message: /encodeResult made no bytes/ };
  await assert.rejects(session.propose(bytes('big')), refusal);
  // Who asks again hears the same, and it was applied once.
  using again = nodes[1]!.resumeSession(session.id, 1);
  await assert.rejects(again.propose(bytes('big')), refusal);
  assert.equal(await session.propose(bytes('small')), 'small');
  assert.equal(await nodes[0]!.propose(bytes('big'), { forward: true }), 3n, 'without a session');
  for (const node of nodes) await node.read();
});

test('with an encoding of its own any result is kept', async (context) => {
  const nodes = await nodesWith(context, {
    encodeResult: (result) => bytes(typeof result === 'bigint' ? `n${result}` : `s${result}`),
    decodeResult: (kept) => (kept[0] === 110 ? BigInt(text(kept).slice(1)) : text(kept).slice(1)),
  });
  const session = await nodes[0]!.openSession();
  assert.equal(await session.propose(bytes('big')), 1n);
  assert.equal(await session.propose(bytes('small')), 'small');
});

test('what is no bytes is not kept either; nothing is something', () => {
  const kept = keepResult(() => 'text' as never, 1);
  assert.throws(() => keptResult(() => 1, kept), { code: 'RAFT_RESULT_NOT_KEPT' });
  const nothing = keepResult(() => new Uint8Array(0), undefined);
  assert.equal(
    keptResult((of) => of.length, nothing),
    0,
  );
});
