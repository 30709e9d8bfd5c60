/** The paper's figures, played step by step. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stage } from './stage.ts';

/** §5.3, Figure 7: the leader of term 8 and six followers that have drifted away in every way. */
const FIGURE_7 = {
  leader: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6],
  a: [1, 1, 1, 4, 4, 5, 5, 6, 6],
  b: [1, 1, 1, 4],
  c: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
  d: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
  e: [1, 1, 1, 4, 4, 4, 4],
  f: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
};

function leaderOfFigure7(): Stage {
  const stage = new Stage({ logs: Object.values(FIGURE_7), terms: [7, 7, 7, 7, 7, 7, 7] });
  // a, b, e and f are not ahead of it; c and d are and refuse (§5.4.1).
  stage.elect(1, 2, 3, 4, 5, 6, 7);
  assert.equal(stage.status(1).role, 'leader');
  assert.equal(stage.status(1).term, 8);
  return stage;
}

test('Figure 7: every follower ends with the leader’s log', () => {
  const stage = leaderOfFigure7();
  stage.propose(1);
  stage.deliverAll();
  stage.timeout(1);
  stage.deliverAll();
  for (const id of stage.ids) {
    assert.deepEqual(stage.logOf(id), [...FIGURE_7.leader, 8], `server ${id}`);
    assert.equal(stage.status(id).commitIndex, 11);
  }
});

test('Figure 7: c and d do not vote for a leader that has less than they', () => {
  const stage = new Stage({ logs: Object.values(FIGURE_7), terms: [7, 7, 7, 7, 7, 7, 7] });
  stage.elect(1, 4, 5);
  assert.equal(stage.status(1).role, 'candidate');
  for (const id of [4, 5]) {
    assert.equal(stage.status(id).term, 8);
    assert.equal(stage.status(id).votedFor, undefined);
  }
});

test('Figure 7: a whole term is skipped for each refusal (§5.3, end)', () => {
  for (const [id, refusals] of [
    [2, 1], // a: its log is only shorter
    [3, 1], // b: shorter
    [4, 0], // c: has more
    [5, 0], // d: has more
    [6, 1], // e: at most the four entries of term 4 in one step
    [7, 2], // f: terms 3 and 2
  ] as const) {
    const stage = leaderOfFigure7();
    let refused = 0;
    for (let messages = stage.deliver(); messages.length > 0; messages = stage.deliver()) {
      refused += messages.filter((m) => m.kind === 'appendRejected' && m.from === id).length;
    }
    assert.ok(refused <= refusals, `server ${id} refused ${refused} times, at most ${refusals}`);
  }
});

/** §5.4.2, Figure 8, up to (c): server 1 leads term 4, and its entry of term 2 is on a majority. */
function figure8(): Stage {
  const stage = new Stage({ logs: [[1], [1], [1], [1], [1]] });
  // (a) Server 1 leads term 2 and replicates its entry to server 2 only.
  stage.elect(1, 2, 3, 4, 5);
  stage.propose(1, 'of term 2');
  stage.deliverAll(1, 2);
  stage.drop();
  // (b) It crashes; server 5 leads term 3 with the votes of 3 and 4, and takes another entry.
  stage.crash(1);
  stage.elect(5, 3, 4);
  assert.equal(stage.status(5).term, 3);
  stage.propose(5, 'of term 3');
  stage.drop();
  assert.deepEqual(stage.logOf(5), [1, 3]);
  // (c) It crashes; server 1 is back, leads term 4 and goes on with its entry of term 2.
  stage.crash(5);
  stage.restart(1);
  stage.elect(1, 2, 3);
  if (stage.status(1).role !== 'leader') stage.elect(1, 2, 3); // term 3 was spent
  assert.equal(stage.status(1).role, 'leader');
  assert.equal(stage.status(1).term, 4);
  return stage;
}

test('Figure 8: an entry of an older term on a majority is not committed', () => {
  const stage = figure8();
  stage.deliverAll(1, 2, 3);
  stage.timeout(1);
  stage.deliverAll(1, 2, 3);
  for (const id of [1, 2, 3]) {
    assert.deepEqual(stage.logOf(id), [1, 2]);
    assert.equal(stage.status(id).commitIndex, 0, `server ${id} counted copies of an old term`);
  }
  // (d) So server 5 may still win, with the votes of 3 and 4, and overwrite it.
  stage.crash(1);
  stage.restart(5);
  stage.elect(5, 2, 3, 4);
  if (stage.status(5).role !== 'leader') stage.elect(5, 2, 3, 4);
  assert.equal(stage.status(5).role, 'leader');
  stage.propose(5, 'of term 5');
  stage.deliverAll(2, 3, 4, 5);
  assert.deepEqual(stage.logOf(2), [1, 3, 5]);
});

test('Figure 8: an entry of its own term on a majority commits, and keeps server 5 from winning', () => {
  const stage = figure8();
  stage.propose(1, 'of term 4');
  stage.deliverAll(1, 2, 3);
  assert.deepEqual(stage.logOf(3), [1, 2, 4]);
  assert.equal(stage.status(1).commitIndex, 3);
  // (e) Servers 2 and 3 have something newer than server 5 and refuse it.
  stage.crash(1);
  stage.restart(5);
  for (let attempt = 0; attempt < 3; attempt++) stage.elect(5, 2, 3, 4);
  assert.equal(stage.status(5).role, 'candidate');
  stage.elect(2, 3, 4, 5);
  stage.deliverAll(2, 3, 4, 5);
  assert.equal(stage.status(2).role, 'leader');
  assert.deepEqual(stage.logOf(5), [1, 2, 4]);
});
