import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Server } from '../testing.test.support.ts';
import type { LogIndex } from '../types.ts';
import { Inflight } from './inflight.ts';

const EACH = 10;

/** Sends as many as the window allows, from `first` on; answers how many. */
function fill(inflight: Inflight, first: number): number {
  let sent = 0;
  for (; !inflight.isFull; sent += 1) inflight.add((first + sent) as LogIndex, EACH);
  return sent;
}

test('the window is bounded by messages and by bytes', () => {
  assert.equal(fill(new Inflight(8, 1000, false), 1), 8);
  assert.equal(fill(new Inflight(8, 3 * EACH, false), 1), 3);
});

test('after a refusal the window doubles with each round trip, up to its bound', () => {
  const inflight = new Inflight(16, 1000, true);
  let last = 0;
  const sent: number[] = [];
  for (let trip = 0; trip < 4; trip += 1) {
    const now = fill(inflight, last + 1);
    sent.push(now);
    last += now;
    inflight.acknowledge(last as LogIndex);
  }
  assert.deepEqual(sent, [4, 8, 16, 16]);
  assert.equal(fill(new Inflight(2, 1000, true), 1), 2);
});

test('a follower that has refused is not sent a whole window as soon as it accepts', () => {
  const leader = new Server(1, [1, 2, 3], [], undefined, { maxAppendBytes: 1 }).elect(2);
  for (let command = 0; command < 20; command += 1) leader.propose();
  leader.takeSent();
  const answer = { from: 2, term: 1, round: 0 };
  const toFollower = () => leader.takeSent().filter(({ to }) => to === 2).length;
  leader.receive({ kind: 'appendAccepted', ...answer, matchIndex: 1 } as never);
  assert.ok(toFollower() >= 19, 'it streams');
  // A later append came first: the network has changed their order.
  const refusal = { prevLogIndex: 9, hintIndex: 3, hintTerm: 1 };
  leader.receive({ kind: 'appendRejected', ...answer, ...refusal } as never);
  assert.equal(toFollower(), 1, 'a probe');
  leader.receive({ kind: 'appendAccepted', ...answer, matchIndex: 4 } as never);
  assert.equal(toFollower(), 4);
  leader.receive({ kind: 'appendAccepted', ...answer, matchIndex: 5 } as never);
  assert.equal(toFollower(), 2);
});
