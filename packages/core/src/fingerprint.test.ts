import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Server } from './testing.test.support.ts';

const VOTERS = [1, 2, 3];
const leaderOf = () => new Server(1, VOTERS).elect(2);

test('a fingerprint knows nothing of time, except whether the leader counts as alive', () => {
  const [early, late] = [new Server(1, VOTERS), new Server(1, VOTERS)];
  late.now = 500;
  const heartbeat = { kind: 'appendEntries', from: 2, term: 1, round: 0, batches: [] };
  const whole = { ...heartbeat, prevLogIndex: 0, prevLogTerm: 0, leaderCommit: 0 } as never;
  for (const server of [early, late]) server.receive(whole);
  assert.equal(early.raft.fingerprint(), late.raft.fingerprint());
  late.now += 1000;
  late.raft.takeEffects(late.now);
  assert.notEqual(early.raft.fingerprint(), late.raft.fingerprint());
});

test('what a leader knows of its followers is part of its fingerprint, not in which order it learned it', () => {
  const [one, other] = [leaderOf(), leaderOf()];
  const answer = (from: number) =>
    ({ kind: 'appendAccepted', from, term: 1, matchIndex: 0, round: 0 }) as never;
  assert.equal(one.raft.fingerprint(), other.raft.fingerprint());
  one.receive(answer(2));
  assert.notEqual(one.raft.fingerprint(), other.raft.fingerprint());
  other.receive(answer(3));
  assert.notEqual(one.raft.fingerprint(), other.raft.fingerprint());
  one.receive(answer(3));
  other.receive(answer(2));
  assert.equal(one.raft.fingerprint(), other.raft.fingerprint());
});
