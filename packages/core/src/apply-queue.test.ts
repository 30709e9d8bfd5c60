import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Server } from './testing.test.support.ts';
import type { LogIndex } from './types.ts';

test('a slow state machine is handed no more than maxApplyBytes at a time', () => {
  const server = new Server(1, [1], [], undefined, { maxApplyBytes: 100 });
  server.elect();
  for (let command = 0; command < 10; command += 1) {
    server.raft.propose({ count: 1, byteLength: 8, slice: () => null as never }, server.now);
  }
  const first = server.raft.takeEffects(server.now);
  server.raft.step({ kind: 'written', sequence: first!.write!.sequence }, server.now);
  const handed = server.raft.takeEffects(server.now)!.committed;
  assert.equal(handed.length, 2, 'two of 40 bytes and no third');
  assert.equal(server.raft.takeEffects(server.now)?.committed.length, 1, 'up to the limit');
  assert.equal(server.raft.takeEffects(server.now), undefined);
  server.raft.step({ kind: 'applied', index: 3 as LogIndex }, server.now);
  assert.equal(server.raft.takeEffects(server.now)?.committed[0]?.firstIndex, 4);
});
