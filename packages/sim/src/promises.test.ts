/** What a server owes to others across votes, crashes and slow disks; hazards 3, 8, 9 and 10. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '@quorate/core';
import { appendEntries, Stage } from './stage.ts';

const grants = (messages: readonly Message[]) =>
  messages.filter((message) => message.kind === 'requestVoteReply' && message.isGranted);
const isFrom = (id: number) => (message: Message) => message.from === id;

test('two candidates of one term get one vote of a server (§5.2)', () => {
  const stage = new Stage({ logs: [[], [], []] });
  stage.timeout(1);
  stage.timeout(2);
  stage.drop(({ from, to }) => from + to === 3); // what 1 and 2 say to each other
  stage.deliver();
  assert.equal(grants(stage.deliver(isFrom(3))).length, 1);
  const leaders = [1, 2].filter((id) => stage.status(id).role === 'leader');
  assert.deepEqual(leaders, [1]);
});

test('a vote that was given is remembered after a crash (Figure 2, Persistent state)', () => {
  // Server 3 may know the term already: then the vote is all that its disk must learn.
  for (const terms of [
    [0, 0, 0],
    [0, 0, 1],
  ]) {
    const stage = new Stage({ logs: [[], [], []], terms });
    stage.timeout(1);
    stage.timeout(2);
    stage.deliver(({ to, from }) => to === 3 && from === 1);
    assert.equal(grants(stage.deliver(isFrom(3))).length, 1);
    stage.drop(({ from, to }) => from + to === 3);
    const request = stage.drop(({ from, to }) => from === 2 && to === 3)[0]!;
    stage.crash(3);
    stage.restart(3);
    stage.inject(request);
    assert.deepEqual(grants(stage.deliver(isFrom(3))), []);
    assert.equal(stage.status(2).role, 'candidate');
  }
});

test('a vote leaves only when it is on the disk; lost in a crash, it was never given', () => {
  const stage = new Stage({ logs: [[], [], []] });
  stage.slowDisk(3);
  stage.timeout(1);
  stage.deliver(({ to }) => to === 3);
  assert.deepEqual(grants(stage.drop(isFrom(3))), []);
  stage.crash(3);
  stage.restart(3);
  // So it may vote for another now.
  stage.timeout(2);
  stage.deliver(({ from, to }) => from === 2 && to === 3);
  stage.finishWrite(3);
  assert.equal(grants(stage.deliver(isFrom(3))).length, 1);
  assert.equal(stage.status(2).role, 'leader');
});

test('a candidate counts itself only when its own vote is on the disk', () => {
  const stage = new Stage({ logs: [[], [], []] });
  stage.slowDisk(1);
  const request = { kind: 'requestVote', term: 1 };
  stage.timeout(1);
  assert.equal(stage.status(1).role, 'candidate');
  assert.deepEqual(stage.drop(), []);
  stage.finishWrite(1);
  const sent = stage.drop(isFrom(1));
  assert.deepEqual(
    sent.map(({ kind, term }) => ({ kind, term })),
    [request, request],
  );
});

test('entries are accepted only when they are on the disk', () => {
  const stage = new Stage({ logs: [[], [], []] });
  stage.elect(1, 2, 3);
  stage.deliverAll();
  stage.slowDisk(2);
  stage.propose(1);
  stage.deliver(({ to }) => to === 2);
  assert.deepEqual(stage.drop(isFrom(2)), []);
  stage.finishWrite(2);
  const [reply] = stage.deliver(isFrom(2));
  assert.ok(reply?.kind === 'appendAccepted' && reply.matchIndex === 1);
});

test('a leader counts its own copy only when it is on its disk', () => {
  const stage = new Stage({ logs: [[], [], []] });
  stage.elect(1, 2, 3);
  stage.deliverAll();
  stage.slowDisk(1);
  stage.propose(1);
  stage.deliverAll(1, 2);
  assert.equal(stage.status(1).commitIndex, 0);
  // Two followers are a majority without it; it may not apply what it could still lose.
  stage.deliverAll();
  assert.equal(stage.status(1).commitIndex, 1);
  assert.deepEqual(stage.applied.get(stage.ids[0]!), []);
  stage.finishWrite(1);
  assert.equal(stage.applied.get(stage.ids[0]!)!.length, 1);
});

test('a late write of an overwritten entry says nothing about the entry that came back (ABA)', () => {
  // Entry 2 of term 2 is written, overwritten by term 3, and comes back with the leader of term 4.
  const stage = new Stage({ logs: [[1], [1], [1]], terms: [3, 3, 3] });
  stage.slowDisk(3);
  stage.inject(appendEntries({ from: 1, to: 3, term: 4, previous: [1, 1], terms: [2] }));
  stage.inject(appendEntries({ from: 2, to: 3, term: 5, previous: [1, 1], terms: [3] }));
  stage.inject(appendEntries({ from: 1, to: 3, term: 6, previous: [1, 1], terms: [2, 6] }));
  assert.deepEqual(stage.logOf(3), [1, 2, 6]);
  /** What server 3 tells the leader of term 6; the deposed ones hear of their entries too. */
  const accepted = () =>
    stage
      .drop(isFrom(3))
      .filter(({ term }) => term === 6)
      .map((message) => message.kind === 'appendAccepted' && message.matchIndex);
  assert.deepEqual(accepted(), []);
  stage.finishWrite(3); // entry 2 of term 2, the first time
  assert.equal(stage.status(3).durableIndex, 1);
  assert.deepEqual(accepted(), []);
  stage.finishWrite(3); // the two writes behind it, in one sync
  assert.equal(stage.status(3).durableIndex, 3);
  assert.deepEqual(accepted(), [3]);
});
