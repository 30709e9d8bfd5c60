import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configurationOf } from '../configuration/configuration.ts';
import { Server } from '../testing.test.support.ts';
import type { LogIndex, NodeId, Term } from '../types.ts';

const accepted = (from: number, matchIndex: number) =>
  ({ kind: 'appendAccepted', from, term: 1, matchIndex, round: 0 }) as never;
const rejected = (prevLogIndex: number, round: number) =>
  ({
    kind: 'appendRejected',
    from: 3,
    term: 1,
    prevLogIndex,
    hintIndex: 0,
    hintTerm: 0,
    round,
  }) as never;

/** A leader that sends its snapshot of index 4 to server 3, which has nothing. */
function leaderThatSends(): Server {
  const leader = new Server(1, [1, 2, 3]).elect(2);
  for (const from of [2, 3]) leader.receive(accepted(from, 0));
  leader.propose(5);
  leader.finishWrites();
  leader.receive(accepted(2, 5));
  const configuration = configurationOf([1, 2, 3]);
  const snapshot = { index: 4 as LogIndex, term: 1 as Term, configuration };
  leader.step({ kind: 'snapshotSaved', snapshot, keepEntries: 0 });
  leader.step({ kind: 'peerUnreachable', peer: 3 as NodeId });
  leader.now += 100;
  leader.step({ kind: 'timePassed' });
  leader.takeSent();
  leader.receive(rejected(4, 0));
  assert.equal(toThree(leader)[0]?.kind, 'installSnapshot');
  return leader;
}

const toThree = (server: Server) => server.takeSent().filter(({ to }) => to === 3);

test('a refusal from before the snapshot arrived does not bring it once more', () => {
  const leader = leaderThatSends();
  leader.now += 100;
  leader.step({ kind: 'timePassed' });
  const [during] = toThree(leader);
  assert.ok(during?.kind === 'appendEntries');
  leader.step({ kind: 'snapshotSent', to: 3 as NodeId, isDelivered: true });
  const [probe] = toThree(leader);
  assert.ok(probe?.kind === 'appendEntries' && probe.round > during.round, 'asked at once');
  // The snapshot took a connection of its own, and was faster.
  leader.receive(rejected(during.prevLogIndex, during.round));
  assert.deepEqual(toThree(leader), []);
  leader.receive(accepted(3, 4));
  const [next] = toThree(leader);
  assert.ok(next?.kind === 'appendEntries' && next.batches[0]?.firstIndex === 5);
});

test('a refusal of the probe behind a snapshot is believed', () => {
  const leader = leaderThatSends();
  leader.step({ kind: 'snapshotSent', to: 3 as NodeId, isDelivered: true });
  const [probe] = toThree(leader);
  assert.ok(probe?.kind === 'appendEntries');
  leader.receive(rejected(probe.prevLogIndex, probe.round));
  assert.equal(toThree(leader)[0]?.kind, 'installSnapshot');
});
