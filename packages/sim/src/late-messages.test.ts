/** Messages that are late, repeated, out of order or from the past must do no harm. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '@quorate/core';
import { appendEntries, installSnapshot, Stage } from './stage.ts';

const isFrom = (id: number) => (message: Message) => message.from === id;
const isTo = (id: number) => (message: Message) => message.to === id;

/** Three servers; server 1 leads term 1 and all know it. */
function led(size = 3): Stage {
  const stage = new Stage({ logs: new Array<number[]>(size).fill([]) });
  stage.elect(1, ...stage.ids.slice(1));
  stage.deliverAll();
  assert.equal(stage.status(1).role, 'leader');
  return stage;
}

test('a late, shorter append of the same term removes nothing (Figure 2, AppendEntries 3)', () => {
  const stage = led();
  stage.inject(appendEntries({ from: 1, to: 2, term: 1, previous: [0, 0], terms: [1, 1, 1] }));
  stage.inject(appendEntries({ from: 1, to: 2, term: 1, previous: [0, 0], terms: [1] }));
  stage.inject(appendEntries({ from: 1, to: 2, term: 1, previous: [1, 1], terms: [1] }));
  assert.deepEqual(stage.logOf(2), [1, 1, 1]);
});

test('only entries that conflict are cut, and those before them stay', () => {
  const stage = new Stage({ logs: [[], [], [1, 1, 2, 2]], terms: [2, 2, 2] });
  stage.inject(appendEntries({ from: 1, to: 3, term: 3, previous: [1, 1], terms: [1, 3] }));
  assert.deepEqual(stage.logOf(3), [1, 1, 3]);
});

test('a follower commits no further than the message vouches for (Figure 2, AppendEntries 5)', () => {
  const stage = new Stage({ logs: [[], [], [1, 2, 2, 2]], terms: [2, 2, 2] });
  // The leader of term 3 has committed three entries; ours after the first are not the same.
  const heartbeat = { from: 1, to: 3, term: 3, leaderCommit: 3 } as const;
  stage.inject(appendEntries({ ...heartbeat, previous: [1, 1] }));
  assert.equal(stage.status(3).commitIndex, 1);
  stage.inject(appendEntries({ ...heartbeat, previous: [1, 1], terms: [1] }));
  assert.equal(stage.status(3).commitIndex, 2);
});

test('a heartbeat is checked like any other append', () => {
  const stage = new Stage({ logs: [[], [], [1, 2]], terms: [2, 2, 2] });
  const heartbeat = { from: 1, to: 3, term: 3, previous: [2, 1], leaderCommit: 2 } as const;
  stage.inject(appendEntries(heartbeat));
  assert.equal(stage.status(3).commitIndex, 0);
  assert.deepEqual(
    stage.drop().map(({ kind }) => kind),
    ['appendRejected'],
  );
});

test('an empty follower takes no entries from the middle of a log', () => {
  const stage = new Stage({ logs: [[], [], []] });
  stage.inject(appendEntries({ from: 1, to: 2, term: 3, previous: [4, 2], terms: [3] }));
  assert.deepEqual(stage.logOf(2), []);
  const [reply] = stage.drop();
  assert.ok(reply?.kind === 'appendRejected' && reply.hintIndex === 0);
});

test('a follower that refuses adopts the newer term first (§5.1)', () => {
  const stage = led();
  stage.inject(appendEntries({ from: 2, to: 1, term: 5, previous: [9, 4] }));
  assert.equal(stage.status(1).role, 'follower');
  assert.equal(stage.status(1).term, 5);
  const [reply] = stage.drop(isFrom(1));
  assert.ok(reply?.kind === 'appendRejected' && reply.term === 5);
});

test('an append in the term of a vote leaves the vote as it is', () => {
  const stage = led();
  assert.equal(stage.status(2).votedFor, 1);
  stage.timeout(1);
  stage.deliverAll();
  assert.equal(stage.status(2).votedFor, 1);
  // Server 3 asks in the same term, late.
  stage.inject(requestVote(3, 2, 1));
  const [reply] = stage.drop(isFrom(2));
  assert.ok(reply?.kind === 'requestVoteReply' && !reply.isGranted);
});

test('a leader keeps its own vote, and refuses others of its term', () => {
  const stage = led();
  stage.inject(requestVote(3, 1, 1));
  assert.equal(stage.status(1).role, 'leader');
  const [reply] = stage.drop(isFrom(1));
  assert.ok(reply?.kind === 'requestVoteReply' && !reply.isGranted);
});

test('a deposed leader does not keep followers quiet, and learns the newer term', () => {
  const [quiet, disturbed] = [led(), led()];
  for (const stage of [quiet, disturbed]) {
    stage.elect(2, 3);
    stage.drop();
    stage.passTime(100);
  }
  for (let beat = 0; beat < 3; beat++) {
    disturbed.inject(appendEntries({ from: 1, to: 3, term: 1, previous: [0, 0] }));
  }
  const [reply] = disturbed.deliver(({ from, to }) => from === 3 && to === 1);
  assert.ok(reply?.kind === 'appendRejected');
  assert.equal(disturbed.status(1).role, 'follower');
  assert.equal(disturbed.status(1).term, 2);
  quiet.timeout(3);
  disturbed.timeout(3);
  assert.equal(disturbed.now, quiet.now, 'the election deadline has moved');
});

test('voters compare whole logs, the uncommitted part too (§5.4.1)', () => {
  const stage = new Stage({ logs: [[1], [1, 1, 1], [1]] });
  stage.elect(1, 2);
  assert.equal(stage.status(2).commitIndex, 0);
  assert.equal(stage.status(2).votedFor, undefined);
  assert.equal(stage.status(1).role, 'candidate');
});

test('a higher last term beats a longer log, and length decides between equal terms (§5.4.1)', () => {
  for (const { candidate, voter, isGranted } of [
    { candidate: [1, 2], voter: [1, 1, 1], isGranted: true },
    { candidate: [1, 1, 1], voter: [1, 2], isGranted: false },
    { candidate: [1, 1], voter: [1, 1], isGranted: true },
    { candidate: [1], voter: [1, 1], isGranted: false },
  ]) {
    const stage = new Stage({ logs: [candidate, voter, []], terms: [2, 2, 2] });
    stage.elect(1, 2);
    assert.equal(stage.status(2).votedFor === 1, isGranted, `${candidate} asks ${voter}`);
  }
});

test('votes of an older term do not count in a newer one', () => {
  const stage = new Stage({ logs: [[], [], []] });
  stage.timeout(1);
  stage.deliver(isTo(2));
  stage.deliver(isTo(3));
  stage.timeout(1);
  stage.drop(({ kind }) => kind === 'requestVote');
  stage.deliver();
  assert.equal(stage.status(1).term, 2);
  assert.equal(stage.status(1).role, 'candidate');
});

test('one vote that is repeated counts once', () => {
  const stage = new Stage({ logs: [[], [], [], [], []] });
  stage.timeout(1);
  stage.deliver(isTo(2));
  const [vote] = stage.deliver(isFrom(2));
  for (let copy = 0; copy < 3; copy++) stage.inject(vote!);
  assert.equal(stage.status(1).role, 'candidate');
});

test('acknowledgements out of order take nothing back, repeated ones count once', () => {
  const stage = led(5);
  stage.propose(1);
  stage.deliver(isTo(2));
  const [early] = stage.drop(isFrom(2));
  stage.drop();
  stage.propose(1);
  stage.timeout(1);
  stage.deliverAll(1, 2);
  assert.equal(stage.status(1).commitIndex, 0, 'two of five are no majority');
  for (let copy = 0; copy < 5; copy++) stage.inject(early!);
  assert.equal(stage.status(1).commitIndex, 0);
  stage.deliverAll(1, 3);
  stage.timeout(1);
  stage.deliverAll(1, 3);
  assert.equal(stage.status(1).commitIndex, 2, 'what server 2 has was forgotten');
});

test('half of an even number is no majority', () => {
  const stage = led(4);
  stage.propose(1);
  stage.deliverAll(1, 2);
  assert.equal(stage.status(1).commitIndex, 0);
  stage.deliverAll(1, 3);
  assert.equal(stage.status(1).commitIndex, 1);
});

test('an acknowledgement from an earlier reign does not count in this one', () => {
  const stage = led();
  stage.propose(1);
  stage.deliver(isTo(2));
  const [late] = stage.drop(isFrom(2));
  assert.ok(late?.kind === 'appendAccepted' && late.matchIndex === 1);
  stage.drop();
  // Server 1 leads again, in term 2. Nothing of term 1 says what the others have now.
  stage.crash(1);
  stage.restart(1);
  stage.elect(1, 2);
  stage.drop();
  assert.equal(stage.status(1).term, 2);
  stage.inject(late);
  stage.propose(1);
  stage.drop();
  stage.inject({ ...late, matchIndex: 2 as never });
  assert.equal(stage.status(1).commitIndex, 0);
});

test('a leader that is deposed keeps its log', () => {
  const stage = led();
  stage.propose(1);
  stage.drop();
  stage.inject(requestVote(2, 1, 9));
  assert.equal(stage.status(1).role, 'follower');
  assert.equal(stage.status(1).lastIndex, 1);
  assert.deepEqual(stage.logOf(1), [1]);
});

test('appends that are lost are sent again, from where the logs are known to agree', () => {
  const stage = led();
  for (let count = 0; count < 5; count++) stage.propose(1);
  stage.drop();
  for (const id of stage.ids.slice(1)) {
    for (let failure = 0; failure < 3; failure++) stage.server(1).peerUnreachable(id);
  }
  stage.timeout(1);
  stage.deliverAll();
  assert.equal(stage.status(1).commitIndex, 5);
  for (const id of stage.ids) assert.deepEqual(stage.logOf(id), [1, 1, 1, 1, 1]);
});

test('logs that differ in many terms meet after one refusal for each term (§5.3, end)', () => {
  // Twenty terms of fifty entries each that only server 3 has; the leader has as many of its own.
  const terms = (first: number) =>
    Array.from({ length: 20 }, (_, at) => new Array<number>(50).fill(first + 2 * at)).flat();
  const stage = new Stage({
    logs: [
      [1, ...terms(3)],
      [1, ...terms(3)],
      [1, ...terms(2)],
    ],
    terms: [60, 60, 60],
  });
  stage.elect(1, 2, 3);
  let refusals = 0;
  for (let messages = stage.deliver(); messages.length > 0; messages = stage.deliver()) {
    refusals += messages.filter(({ kind }) => kind === 'appendRejected').length;
  }
  assert.deepEqual(stage.logOf(3), stage.logOf(1));
  assert.ok(refusals <= 20, `${refusals} refusals for 20 terms`);
});

/** Server 3 has entries 1 to 5; entries 4 and 5 were accepted and may be committed elsewhere. */
function holdingFive(committed: number): Stage {
  const stage = new Stage({ logs: [[], [], [1, 1, 1]], terms: [1, 1, 1] });
  const append = { from: 1, to: 3, term: 2, leaderCommit: committed } as const;
  stage.inject(appendEntries({ ...append, previous: [3, 1], terms: [2, 2] }));
  stage.drop();
  return stage;
}

test('a snapshot of entries that we have leaves those behind it (Figure 13, 6)', () => {
  const stage = holdingFive(0);
  stage.inject(installSnapshot({ from: 1, to: 3, term: 2, last: [3, 1], voters: stage.ids }));
  assert.equal(stage.status(3).lastIndex, 5);
  assert.equal(stage.status(3).commitIndex, 3);
});

test('a snapshot that conflicts with our log takes its place (Figure 13, 7)', () => {
  const stage = holdingFive(0);
  stage.inject(installSnapshot({ from: 2, to: 3, term: 4, last: [4, 3], voters: stage.ids }));
  assert.equal(stage.status(3).lastIndex, 4);
  assert.equal(stage.status(3).snapshotIndex, 4);
});

test('a snapshot of less than what is committed here changes nothing', () => {
  const stage = holdingFive(5);
  stage.inject(installSnapshot({ from: 1, to: 3, term: 2, last: [3, 1], voters: stage.ids }));
  assert.equal(stage.status(3).commitIndex, 5);
  assert.equal(stage.status(3).lastIndex, 5);
  const [reply] = stage.drop();
  assert.ok(reply?.kind === 'appendAccepted' && reply.matchIndex === 5);
});

function requestVote(from: number, to: number, term: number): Message {
  return {
    kind: 'requestVote',
    from,
    to,
    term,
    lastLogIndex: 100,
    lastLogTerm: 100,
    isLeadershipTransfer: false,
  } as unknown as Message;
}
