import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Server } from './testing.test.support.ts';
import type { NodeId } from './types.ts';

const VOTERS = [1, 2, 3];
const leaderOf = () => new Server(1, VOTERS).elect(2);
const accepted = (from: number, matchIndex: number, round = 0) =>
  ({ kind: 'appendAccepted', from, term: 1, matchIndex, round }) as never;
function passHeartbeat(leader: Server): void {
  leader.now += 100;
  leader.step({ kind: 'timePassed' });
}

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
  assert.equal(one.raft.fingerprint(), other.raft.fingerprint());
  one.receive(accepted(2, 0));
  assert.notEqual(one.raft.fingerprint(), other.raft.fingerprint());
  other.receive(accepted(3, 0));
  assert.notEqual(one.raft.fingerprint(), other.raft.fingerprint());
  one.receive(accepted(3, 0));
  other.receive(accepted(2, 0));
  assert.equal(one.raft.fingerprint(), other.raft.fingerprint());
});

test('how rounds are numbered is no part of it, and what a leader compares them with is told beside it', () => {
  const leader = leaderOf();
  leader.propose(1);
  leader.finishWrites();
  leader.receive(accepted(2, 1));
  passHeartbeat(leader);
  const untroubled = leader.raft.fingerprint();
  assert.deepEqual(leader.raft.roundMarks(2 as NodeId), {
    newest: 0,
    fromRound: 0,
    askedRound: undefined,
  });
  const late = { kind: 'appendRejected', from: 2, term: 1, prevLogIndex: 1, round: 0 };
  leader.receive({ ...late, hintIndex: 0, hintTerm: 0 } as never);
  assert.notEqual(leader.raft.fingerprint(), untroubled);
  leader.receive(accepted(2, 1, 1));
  assert.equal(leader.raft.fingerprint(), untroubled);
  assert.equal(leader.raft.roundMarks(2 as NodeId)?.fromRound, 1);
  assert.equal(leader.raft.roundMarks(3 as NodeId)?.fromRound, 0);
  leader.step({ kind: 'readRequested', id: 7 });
  assert.equal(leader.raft.roundMarks(3 as NodeId)?.askedRound, 2);
  assert.equal(leader.raft.roundMarks(1 as NodeId), undefined);
});

test('what each follower has been told is part of it: on that depends when its read is answered', () => {
  const [told, untold] = [leaderOf(), leaderOf()];
  for (const leader of [told, untold]) {
    leader.propose(1);
    leader.finishWrites();
    leader.receive(accepted(2, 1));
    leader.receive(accepted(3, 1));
  }
  assert.equal(told.raft.fingerprint(), untold.raft.fingerprint());
  passHeartbeat(told);
  assert.notEqual(told.raft.fingerprint(), untold.raft.fingerprint());
});
