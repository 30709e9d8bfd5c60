import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AppendEntries } from '../messages.ts';
import { Server } from '../testing.test.support.ts';
import type { NodeId } from '../types.ts';

const VOTERS = [1, 2, 3, 4, 5];

interface From {
  readonly from?: number;
  readonly term?: number;
  readonly round?: number;
}

const accepted = (matchIndex: number, { from = 2, term = 1, round = 0 }: From = {}) =>
  ({ kind: 'appendAccepted', from, term, matchIndex, round }) as never;
const rejected = (
  prevLogIndex: number,
  [hintIndex, hintTerm]: readonly [number, number],
  { from = 2, term = 1, round = 0 }: From = {},
) => ({ kind: 'appendRejected', from, term, prevLogIndex, hintIndex, hintTerm, round }) as never;

/** A leader of five entries, of which server 2 has acknowledged so many. */
function leaderKnown(acknowledged: number, terms: readonly number[] = []): Server {
  const leader = new Server(1, VOTERS, terms).elect(2, 3);
  const { term } = leader.raft;
  leader.receive(accepted(0, { term }));
  leader.propose(5 - terms.length);
  leader.finishWrites();
  leader.receive(accepted(acknowledged, { term }));
  leader.takeSent();
  return leader;
}

const toTwo = (leader: Server): AppendEntries[] =>
  leader
    .takeSent()
    .filter((sent): sent is AppendEntries => sent.kind === 'appendEntries' && sent.to === 2);
const losses = (leader: Server) =>
  leader.trace.filter(({ kind }) => kind === 'followerLostEntries').length;
const matchOfTwo = (leader: Server) =>
  leader.raft.followers().find(({ id }) => id === 2)?.matchIndex;

test('a late refusal that comes twice proves no loss, and is asked about once (hazard 7)', () => {
  const leader = leaderKnown(5);
  // Of a heartbeat that overtook the entries.
  const late = rejected(5, [0, 0]);
  leader.receive(late);
  const [question, ...more] = toTwo(leader);
  assert.equal(question?.prevLogIndex, 5);
  assert.deepEqual(more, []);
  leader.receive(late);
  assert.deepEqual(toTwo(leader), []);
  leader.receive(accepted(5, { round: question!.round }));
  leader.receive(late);
  assert.deepEqual(toTwo(leader), []);
  assert.deepEqual([losses(leader), matchOfTwo(leader)], [0, 5]);
});

test('a doubt about one follower asks nobody else, or late refusals would multiply (hazard 7)', () => {
  const leader = leaderKnown(5);
  leader.receive(rejected(5, [0, 0]));
  assert.deepEqual(
    leader.takeSent().map(({ kind, to }) => [kind, to]),
    [['appendEntries', 2]],
  );
});

test('a late refusal proves no loss while the leader asks after another one (hazard 7)', () => {
  const leader = leaderKnown(2);
  // Entries 3 to 5 got lost, which a heartbeat shows; and before, one had overtaken entries 1 and 2.
  leader.receive(rejected(5, [2, 1]));
  assert.equal(toTwo(leader)[0]?.prevLogIndex, 2);
  leader.receive(rejected(2, [0, 0]));
  const [question] = toTwo(leader);
  assert.equal(question?.prevLogIndex, 2);
  assert.deepEqual([losses(leader), matchOfTwo(leader)], [0, 2]);
  // And after that the next one is believed no more easily.
  leader.receive(accepted(2, { round: question!.round }));
  leader.receive(accepted(5, { round: question!.round }));
  leader.propose();
  toTwo(leader);
  leader.receive(rejected(6, [5, 1], { round: question!.round }));
  leader.receive(rejected(5, [2, 1], { round: question!.round }));
  assert.deepEqual([losses(leader), matchOfTwo(leader)], [0, 5]);
});

test('what a disk has lost counts no more, until it is acknowledged anew (hazard 7)', () => {
  const leader = leaderKnown(5);
  leader.step({ kind: 'peerUnreachable', peer: 2 as NodeId });
  leader.now += 100;
  leader.step({ kind: 'timePassed' });
  for (let turn = 0; turn < 2; turn += 1) {
    const { prevLogIndex, round } = toTwo(leader)[0]!;
    leader.receive(rejected(prevLogIndex, [2, 1], { round }));
  }
  assert.equal(losses(leader), 1);
  leader.receive(accepted(5, { from: 3 }));
  assert.equal(leader.raft.commitIndex, 0, 'two of five hold it');
  const [missing] = toTwo(leader);
  assert.equal(missing?.prevLogIndex, 2);
  leader.receive(accepted(5, { round: missing!.round }));
  assert.equal(leader.raft.commitIndex, 5);
});

test('below what a disk has lost older entries may come to light (hazard 7)', () => {
  const leader = leaderKnown(5, [1, 1, 3]);
  const { term } = leader.raft;
  // Its log is 1 1 2 2 2 again, as before it was cut for our entries.
  leader.now += 100;
  leader.step({ kind: 'timePassed' });
  const asked: number[] = [];
  for (let turn = 0; turn < 8; turn += 1) {
    for (const { prevLogIndex, round } of toTwo(leader)) {
      asked.push(prevLogIndex);
      if (prevLogIndex > 2)
        leader.receive(rejected(prevLogIndex, [prevLogIndex, 2], { term, round }));
      else leader.receive(accepted(5, { term, round }));
    }
  }
  assert.deepEqual(asked, [5, 5, 2]);
  assert.deepEqual([losses(leader), matchOfTwo(leader)], [1, 5]);
});
