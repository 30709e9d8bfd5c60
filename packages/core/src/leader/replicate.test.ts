import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configurationOf } from '../configuration/configuration.ts';
import { lastIndexOf } from '../entry.ts';
import type { AppendEntries, Message } from '../messages.ts';
import type { RaftOptions } from '../options.ts';
import { Server, settle } from '../testing.test.support.ts';
import type { LogIndex, NodeId, Term } from '../types.ts';

const VOTERS = [1, 2, 3];

/** What each append carries: previous index, and the first and last index of its entries. */
const shape = (messages: readonly Message[], to = 2) =>
  messages
    .filter(
      (message): message is AppendEntries => message.kind === 'appendEntries' && message.to === to,
    )
    .map(({ prevLogIndex, batches }) => {
      const [first, last] = [batches[0], batches.at(-1)];
      return first && last ? [first.firstIndex, lastIndexOf(last)] : [`after ${prevLogIndex}`];
    });

const accepted = (from: number, matchIndex: number, term = 1) =>
  ({ kind: 'appendAccepted', from, term, matchIndex, round: 0 }) as never;
const rejected = (from: number, prevLogIndex: number, hint: [number, number], term: number) =>
  ({
    kind: 'appendRejected',
    from,
    term,
    prevLogIndex,
    hintIndex: hint[0],
    hintTerm: hint[1],
    round: 0,
  }) as never;

/** A leader whose followers have answered its first heartbeat. */
function leaderOf(options: RaftOptions = {}): Server {
  const leader = new Server(1, VOTERS, [], undefined, options).elect(2);
  for (const from of [2, 3]) leader.receive(accepted(from, 0));
  leader.takeSent();
  return leader;
}

test('a new leader announces itself with an ordinary heartbeat (§5.2)', () => {
  const leader = new Server(1, VOTERS, [1, 1], { term: 1 }).elect(3);
  assert.deepEqual(shape(leader.takeSent()), [['after 2']]);
});

test('entries leave at once, each once, without waiting for answers (pipelining)', () => {
  const leader = leaderOf();
  leader.propose(2);
  leader.propose();
  leader.propose();
  assert.deepEqual(shape(leader.takeSent()), [
    [1, 2],
    [3, 3],
    [4, 4],
  ]);
});

test('what is proposed in one turn leaves in one append', () => {
  const leader = leaderOf();
  const payload = { count: 1, byteLength: 8, slice: () => payload };
  for (let command = 0; command < 3; command += 1) leader.raft.propose(payload, leader.now);
  leader.collect();
  assert.deepEqual(shape(leader.takeSent()), [[1, 3]]);
});

test('appends in flight are bounded by count', () => {
  const leader = leaderOf({ maxInflightMessages: 2 });
  for (let command = 0; command < 4; command += 1) leader.propose();
  assert.deepEqual(shape(leader.takeSent()), [
    [1, 1],
    [2, 2],
  ]);
  leader.receive(accepted(2, 1));
  assert.deepEqual(shape(leader.takeSent()), [[3, 4]]);
});

test('appends in flight are bounded by bytes', () => {
  const leader = leaderOf({ maxInflightBytes: 100, maxAppendBytes: 50 });
  for (let command = 0; command < 5; command += 1) leader.propose();
  assert.deepEqual(shape(leader.takeSent()), [
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
  leader.receive(accepted(2, 3));
  assert.deepEqual(
    shape(leader.takeSent()),
    [
      [4, 4],
      [5, 5],
    ],
    'no append above maxAppendBytes',
  );
});

test('one follower’s silence does not hold up another', () => {
  const leader = leaderOf({ maxInflightMessages: 1 });
  leader.propose();
  leader.propose();
  leader.receive(accepted(3, 1));
  const sent = leader.takeSent();
  assert.deepEqual(shape(sent, 2), [[1, 1]]);
  assert.deepEqual(shape(sent, 3), [
    [1, 1],
    [2, 2],
  ]);
});

test('an append lost on the way is found by the next heartbeat and sent again', () => {
  const leader = leaderOf();
  leader.propose(3);
  leader.takeSent();
  leader.now += 100;
  leader.step({ kind: 'timePassed' });
  assert.deepEqual(shape(leader.takeSent()), [['after 3']]);
  leader.receive(rejected(2, 3, [0, 0], 1));
  assert.deepEqual(shape(leader.takeSent()), [[1, 3]]);
});

test('refusals that a later answer has overtaken change nothing', () => {
  const leader = leaderOf();
  leader.propose(3);
  leader.receive(accepted(2, 3));
  leader.takeSent();
  leader.receive(rejected(2, 2, [0, 0], 1));
  leader.propose();
  assert.deepEqual(shape(leader.takeSent()), [[4, 4]]);
  leader.finishWrites();
  leader.receive(accepted(2, 4));
  compact(leader, 3);
  leader.propose();
  leader.takeSent();
  leader.receive(rejected(2, 5, [1, 1], 1));
  assert.deepEqual(shape(leader.takeSent()), [[5, 5]], 'asked again, and no snapshot');
});

test('matchIndex never falls (Figure 2)', () => {
  const leader = new Server(1, [1, 2, 3, 4, 5]).elect(2, 3);
  leader.propose(3);
  leader.finishWrites();
  leader.receive(accepted(2, 3));
  leader.receive(accepted(2, 1));
  leader.receive(accepted(3, 3));
  assert.equal(leader.raft.commitIndex, 3);
});

test('a log that differs by many entries is found in a step per term, not per entry', () => {
  const common = [1];
  const follower = new Server(2, VOTERS, [...common, ...Array(500).fill(2)], { term: 2 });
  const leader = new Server(1, VOTERS, [...common, ...Array(500).fill(3)], { term: 3 }).elect(3);
  settle([leader, follower], ({ to }) => to === 3);
  assert.equal(follower.raft.lastIndex, 501);
  const refusals = follower.trace.filter(({ kind }) => kind === 'rejectedAppend');
  assert.ok(refusals.length <= 2, `${refusals.length} refusals`);
});

test('the news of a commit rides on the next append, or leaves after a moment', () => {
  const leader = leaderOf({ commitNoticeDelayMs: 2 });
  leader.propose();
  leader.finishWrites();
  leader.receive(accepted(2, 1));
  leader.receive(accepted(3, 1));
  leader.takeSent();
  assert.equal(leader.raft.nextDeadline, leader.now + 2);
  leader.passDeadline();
  const notices = leader.takeSent();
  assert.deepEqual(
    notices.map((message) => message.kind === 'appendEntries' && message.leaderCommit),
    [1, 1],
  );
  assert.ok(leader.raft.nextDeadline > leader.now + 50, 'nothing more to tell');
});

test('an idle leader sends one heartbeat an interval to each follower', () => {
  const leader = leaderOf();
  const from = leader.now;
  let heartbeats = 0;
  while (leader.now < from + 1000) {
    leader.passDeadline();
    for (const message of leader.takeSent()) {
      heartbeats += 1;
      leader.receive(accepted(message.to, 0));
    }
  }
  assert.equal(heartbeats, 20);
});

test('a peer whose connection broke is probed with the next heartbeat, not flooded', () => {
  const leader = leaderOf();
  leader.propose();
  leader.step({ kind: 'peerUnreachable', peer: 2 as NodeId });
  leader.takeSent();
  leader.propose();
  assert.deepEqual(shape(leader.takeSent()), []);
  leader.now += 100;
  leader.step({ kind: 'timePassed' });
  assert.deepEqual(shape(leader.takeSent()), [['after 0']]);
  leader.receive(accepted(2, 0));
  assert.deepEqual(shape(leader.takeSent()), [[1, 2]]);
});

/** Everything up to `index` is in a snapshot, and out of the log. */
function compact(server: Server, index: number, keepEntries = 0): void {
  const configuration = configurationOf(VOTERS);
  const snapshot = { index: index as LogIndex, term: server.raft.term as Term, configuration };
  server.step({ kind: 'snapshotSaved', snapshot, keepEntries });
}

/** A leader with five committed entries that server 3 never got, four of them compacted. */
function leaderWithSnapshot(): Server {
  const leader = leaderOf();
  leader.propose(5);
  leader.finishWrites();
  leader.receive(accepted(2, 5));
  compact(leader, 4);
  leader.step({ kind: 'peerUnreachable', peer: 3 as NodeId });
  leader.now += 100;
  leader.step({ kind: 'timePassed' });
  leader.takeSent();
  leader.receive(rejected(3, 4, [0, 0], 1));
  return leader;
}

const toThree = (server: Server) => server.takeSent().filter(({ to }) => to === 3);

test('a follower that needs compacted entries is sent the snapshot, once (§7)', () => {
  const leader = leaderWithSnapshot();
  const [message, ...more] = toThree(leader);
  assert.ok(message?.kind === 'installSnapshot' && message.snapshot.index === 4);
  assert.deepEqual(more, []);
  leader.receive(rejected(3, 4, [0, 0], 1));
  leader.propose();
  assert.deepEqual(toThree(leader), []);
});

test('after the snapshot the entries behind it follow', () => {
  const leader = leaderWithSnapshot();
  leader.step({ kind: 'snapshotSent', to: 3 as NodeId, isDelivered: true });
  toThree(leader);
  leader.receive(accepted(3, 4));
  assert.deepEqual(shape(toThree(leader), 3), [[5, 5]]);
});

test('a failed transfer is begun again, not before the follower has been heard', () => {
  const leader = leaderWithSnapshot();
  toThree(leader);
  leader.step({ kind: 'snapshotSent', to: 3 as NodeId, isDelivered: false });
  assert.deepEqual(toThree(leader), []);
  leader.now += 100;
  leader.step({ kind: 'timePassed' });
  const [heartbeat] = toThree(leader);
  assert.ok(heartbeat?.kind === 'appendEntries');
  leader.receive(rejected(3, heartbeat.prevLogIndex, [0, 0], 1));
  assert.equal(toThree(leader)[0]?.kind, 'installSnapshot');
});

test('entries kept behind a snapshot spare a slow follower the snapshot', () => {
  const leader = leaderOf();
  leader.propose(5);
  leader.finishWrites();
  leader.receive(accepted(2, 5));
  leader.receive(accepted(3, 2));
  compact(leader, 5, 3);
  leader.takeSent();
  leader.step({ kind: 'peerUnreachable', peer: 3 as NodeId });
  leader.now += 100;
  leader.step({ kind: 'timePassed' });
  leader.receive(accepted(3, 2));
  assert.deepEqual(shape(toThree(leader), 3), [['after 2'], [3, 5]]);
});

test('proposals are refused above maxUncommittedBytes, and taken again after a commit', () => {
  const leader = leaderOf({ maxUncommittedBytes: 50 });
  assert.equal(leader.propose().kind, 'appended');
  assert.equal(leader.propose().kind, 'appended');
  assert.deepEqual(leader.propose(), { kind: 'refused', reason: 'too-much-uncommitted' });
  leader.finishWrites();
  leader.receive(accepted(2, 2));
  assert.equal(leader.propose().kind, 'appended');
});

test('a follower’s proposal is appended by the leader, which says where', () => {
  const servers = VOTERS.map((id) => new Server(id, VOTERS)) as [Server, Server, Server];
  const [leader, follower] = servers;
  follower.step({ kind: 'forwardRequested', id: 1, payload: { count: 1, byteLength: 8 } as never });
  assert.deepEqual(follower.forwarded.splice(0), [{ kind: 'refused', id: 1 }], 'no leader yet');
  leader.passDeadline();
  settle(servers);
  const payload = { count: 2, byteLength: 16, slice: () => payload };
  follower.step({ kind: 'forwardRequested', id: 2, payload });
  settle(servers);
  assert.deepEqual(follower.forwarded, [{ kind: 'appended', id: 2, firstIndex: 1, term: 1 }]);
  assert.equal(follower.raft.lastIndex, 2);
});

test('who refuses a message of our former term has refused no entry', () => {
  const leader = new Server(1, VOTERS, [], undefined, { noopOnElection: true }).elect(2);
  leader.takeSent();
  // What 3 answers when something of an older term overtakes this term: nothing is asked about.
  leader.receive(rejected(3, 0, [0, 0], 1));
  assert.deepEqual(leader.takeSent(), []);
  leader.receive(accepted(3, 1));
  leader.propose();
  assert.deepEqual(shape(leader.takeSent(), 3), [[2, 2]]);
});

test('no append tells a commitIndex beyond what it vouches for (hazard 6)', () => {
  const leader = leaderOf({ maxInflightMessages: 1 });
  leader.propose();
  leader.propose();
  leader.finishWrites();
  leader.receive(accepted(3, 1));
  leader.receive(accepted(3, 2));
  assert.equal(leader.raft.commitIndex, 2);
  leader.takeSent();
  leader.now += 100;
  leader.step({ kind: 'timePassed' });
  // Server 2 has answered nothing: its window is full, and entry 2 is not on its way to it.
  const heartbeat = leader.takeSent().find(({ to }) => to === 2);
  assert.ok(heartbeat?.kind === 'appendEntries');
  assert.deepEqual([heartbeat.prevLogIndex, heartbeat.leaderCommit], [1, 1]);
});

test('who claims to hold more of the log than there is, is not believed (hazard 7)', () => {
  const leader = leaderOf();
  leader.propose();
  leader.finishWrites();
  leader.receive(accepted(2, 5));
  assert.equal(leader.raft.commitIndex, 0);
  leader.receive(accepted(2, 1));
  assert.equal(leader.raft.commitIndex, 1);
});

test('a follower that conflicts at the base of the log is sent the snapshot (hazard 25)', () => {
  const leader = new Server(1, VOTERS, [1, 1, 3], { term: 3, commitIndex: 3 }).elect(2);
  // Nothing older than the last entry is left.
  compact(leader, 3);
  leader.takeSent();
  leader.receive(rejected(3, 3, [3, 2], 4));
  assert.equal(toThree(leader)[0]?.kind, 'installSnapshot');
});

test('a refusal counts although the log was compacted since the question (hazard 25)', () => {
  for (const [hint, isSent] of [
    [[0, 0], true],
    // It has an entry there: whether it is ours, only another question tells.
    [[2, 1], false],
  ] as const) {
    const leader = new Server(1, VOTERS, [1, 1], { term: 1, commitIndex: 2 }).elect(2);
    leader.propose();
    leader.finishWrites();
    leader.receive(accepted(2, 3, 2));
    assert.equal(leader.raft.commitIndex, 3);
    compact(leader, 3);
    leader.takeSent();
    leader.receive(rejected(3, 2, [...hint], 2));
    assert.equal(toThree(leader)[0]?.kind === 'installSnapshot', isSent, `hint ${hint}`);
  }
});

/** A leader of five entries, all of them on server 2, which answers nothing any more. */
function leaderWithFollower(): Server {
  const leader = leaderOf();
  leader.propose(5);
  leader.finishWrites();
  leader.receive(accepted(2, 5));
  leader.takeSent();
  return leader;
}

for (const [name, isNoticed] of [
  ['over a connection that broke', true],
  ['unnoticed', false],
] as const) {
  test(`a follower whose disk lost what it acknowledged is sent it again, ${name} (hazard 7)`, () => {
    const leader = leaderWithFollower();
    if (isNoticed) leader.step({ kind: 'peerUnreachable', peer: 2 as NodeId });
    leader.now += 100;
    leader.step({ kind: 'timePassed' });
    // Its log ends at entry 2 now, and it refuses whatever follows another one.
    const appends: number[] = [];
    for (let turn = 0; turn < 10; turn += 1) {
      for (const sent of leader.takeSent()) {
        if (sent.kind !== 'appendEntries' || sent.to !== 2) continue;
        appends.push(sent.prevLogIndex);
        const { prevLogIndex: at, round } = sent;
        if (at > 2) leader.receive({ ...(rejected(2, at, [2, 1], 1) as object), round } as never);
        else leader.receive(accepted(2, 5));
      }
    }
    assert.equal(appends.at(-1), 2, `appends behind ${appends}`);
    assert.ok(appends.length <= 3, `${appends.length} appends`);
    const lost = leader.trace.filter(({ kind }) => kind === 'followerLostEntries');
    assert.equal(lost.length, 1);
    assert.equal(leader.raft.commitIndex, 5);
  });
}
