import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from './messages.ts';
import { batchOf, Server, settle } from './testing.test.support.ts';

const VOTERS = [1, 2, 3];

const voteRequest = (from: number, term: number, last: [number, number] = [0, 0]) =>
  ({
    kind: 'requestVote',
    from,
    term,
    lastLogIndex: last[0],
    lastLogTerm: last[1],
    isLeadershipTransfer: false,
  }) as never;
const preVoteRequest = (from: number, term: number) =>
  ({ kind: 'requestPreVote', from, term, lastLogIndex: 0, lastLogTerm: 0 }) as never;
const heartbeat = (from: number, term: number) =>
  ({
    kind: 'appendEntries',
    from,
    term,
    prevLogIndex: 0,
    prevLogTerm: 0,
    leaderCommit: 0,
    round: 0,
    batches: [],
  }) as never;
const granted = (messages: readonly Message[]) =>
  messages.filter((message) => message.kind === 'requestVoteReply' && message.isGranted);

test('a pre-candidate spends no term and writes nothing (dissertation §9.6)', () => {
  const server = new Server(1, VOTERS, [], { term: 1 });
  server.passDeadline();
  assert.equal(server.raft.status().role, 'preCandidate');
  assert.equal(server.raft.term, 1);
  assert.deepEqual(server.writes, []);
  assert.deepEqual(
    server.takeSent().map(({ kind, term, to }) => [kind, term, to]),
    [
      ['requestPreVote', 2, 2],
      ['requestPreVote', 2, 3],
    ],
  );
});

test('the first term of all needs no pre-vote: it cannot disturb a leader', () => {
  const server = new Server(1, VOTERS);
  server.passDeadline();
  assert.equal(server.raft.status().role, 'candidate');
  assert.equal(server.raft.term, 1);
});

test('a pre-vote that cannot be won leaves the term alone, again and again', () => {
  const server = new Server(1, VOTERS, [], { term: 1 });
  for (let round = 0; round < 5; round += 1) server.passDeadline();
  assert.equal(server.raft.term, 1);
});

test('granting a pre-vote moves no timer and promises nothing (hazard 12)', () => {
  const server = new Server(1, VOTERS);
  const deadline = server.raft.nextDeadline;
  server.now = 500;
  server.receive(preVoteRequest(2, 1));
  server.receive(preVoteRequest(3, 1));
  const replies = server.takeSent();
  assert.ok(replies.every((reply) => reply.kind === 'preVoteReply' && reply.isGranted));
  assert.deepEqual(
    replies.map(({ term }) => term),
    [1, 1],
    'a grant repeats the term asked for',
  );
  assert.equal(server.raft.nextDeadline, deadline);
  assert.deepEqual(server.writes, []);
});

test('a candidate that cannot win makes nobody wait longer, one that gets the vote does (hazard 12)', () => {
  const server = new Server(1, VOTERS, [1]);
  const deadline = server.raft.nextDeadline;
  server.now = 500;
  server.receive(voteRequest(2, 5));
  assert.deepEqual([server.raft.term, server.raft.nextDeadline], [5, deadline]);
  server.receive(voteRequest(3, 6, [1, 1]));
  assert.ok(server.raft.nextDeadline > deadline);
});

test('a refused pre-vote carries the higher term, and the candidate adopts it (hazard 11)', () => {
  const ahead = new Server(2, VOTERS, [], { term: 7 });
  ahead.receive(preVoteRequest(1, 1));
  const [reply] = ahead.takeSent();
  assert.ok(reply?.kind === 'preVoteReply' && !reply.isGranted && reply.term === 7);

  const behind = new Server(1, VOTERS);
  behind.passDeadline();
  behind.step({ kind: 'received', message: reply });
  assert.equal(behind.raft.term, 7);
  assert.equal(behind.raft.status().role, 'follower');
});

test('a vote leaves only when it is durable (§5.2, hazard 3)', () => {
  const server = new Server(1, VOTERS);
  server.receive(voteRequest(2, 1));
  assert.deepEqual(server.takeSent(), []);
  assert.equal(server.writes[0]?.hardState?.votedFor, 2);
  server.finishWrites();
  assert.equal(granted(server.takeSent()).length, 1);
});

test('a server votes once in a term, also across a restart (§5.2)', () => {
  const server = new Server(1, VOTERS);
  server.receive(voteRequest(2, 1));
  const { hardState } = server.writes[0]!;
  const restarted = new Server(1, VOTERS, [], hardState as never);
  restarted.receive(voteRequest(3, 1));
  restarted.receive(voteRequest(2, 1));
  restarted.finishWrites();
  assert.deepEqual(
    granted(restarted.takeSent()).map(({ to }) => to),
    [2],
  );
});

test('a candidate asks for votes only when its own is durable', () => {
  const server = new Server(1, VOTERS, [], undefined, { preVote: false });
  server.passDeadline();
  assert.equal(server.raft.status().role, 'candidate');
  assert.deepEqual(server.takeSent(), []);
  server.finishWrites();
  assert.deepEqual(
    server.takeSent().map(({ kind, to }) => [kind, to]),
    [
      ['requestVote', 2],
      ['requestVote', 3],
    ],
  );
});

test('votes of another term elect nobody (§5.2)', () => {
  const server = new Server(1, VOTERS, [], { term: 3 }, { preVote: false });
  server.passDeadline();
  server.finishWrites();
  for (const from of [2, 3]) {
    server.receive({ kind: 'requestVoteReply', from, term: 3, isGranted: true } as never);
  }
  assert.equal(server.raft.isLeader, false);
  server.receive({ kind: 'requestVoteReply', from: 2, term: 4, isGranted: true } as never);
  assert.equal(server.raft.isLeader, true);
});

test('the same vote, delivered twice, counts once', () => {
  const server = new Server(1, [1, 2, 3, 4, 5], [], undefined, { preVote: false });
  server.passDeadline();
  server.finishWrites();
  for (let copy = 0; copy < 3; copy += 1) {
    server.receive({ kind: 'requestVoteReply', from: 2, term: 1, isGranted: true } as never);
  }
  assert.equal(server.raft.isLeader, false);
});

test('a candidate that hears the leader of its term follows it (§5.2)', () => {
  const server = new Server(1, VOTERS, [], undefined, { preVote: false });
  server.passDeadline();
  server.finishWrites();
  server.receive(heartbeat(2, 1));
  assert.deepEqual([server.raft.status().role, server.raft.leaderId], ['follower', 2]);
});

test('voters that hear a leader ignore candidates, even their term (dissertation §4.2.3)', () => {
  const server = new Server(1, VOTERS);
  server.receive(heartbeat(2, 1));
  server.now = 999;
  server.receive(voteRequest(3, 9));
  assert.equal(server.raft.term, 1);
  server.now = 1000;
  server.receive(voteRequest(3, 9));
  assert.equal(server.raft.term, 9);
});

test('an old leader’s heartbeats keep nobody patient; it is told the newer term (§5.1)', () => {
  const server = new Server(1, VOTERS, [], { term: 4 });
  const deadline = server.raft.nextDeadline;
  server.now = 500;
  server.receive(heartbeat(2, 3));
  assert.equal(server.raft.nextDeadline, deadline);
  const [reply] = server.takeSent();
  assert.deepEqual([reply?.kind, reply?.term], ['appendRejected', 4]);
});

test('a leader without a quorum steps down within an election timeout (dissertation §6.2)', () => {
  const leader = new Server(1, VOTERS).elect(2);
  const electedAt = leader.now;
  while (leader.raft.isLeader && leader.now < electedAt + 5000) leader.passDeadline();
  assert.equal(leader.now - electedAt, 1000);
  assert.equal(leader.raft.leaderId, undefined);
});

test('a leader that one of two followers answers goes on', () => {
  const servers = VOTERS.map((id) => new Server(id, VOTERS)) as [Server, Server, Server];
  const [leader] = servers;
  leader.passDeadline();
  settle(servers);
  for (let beat = 0; beat < 50; beat += 1) {
    leader.passDeadline();
    settle(servers, ({ from, to }) => from === 3 || to === 3);
  }
  assert.equal(leader.raft.isLeader, true);
});

test('two servers that run at once do not both win (§5.2)', () => {
  const servers = VOTERS.map((id) => new Server(id, VOTERS, [], undefined, { preVote: false }));
  const [one, two] = servers as [Server, Server, Server];
  one.passDeadline();
  two.passDeadline();
  settle(servers);
  const leaders = servers.filter(({ raft }) => raft.isLeader);
  assert.ok(leaders.length <= 1);
  const terms = servers.flatMap((server) => server.terms);
  assert.equal(new Set(terms).size, terms.length);
});

test('election timeouts are drawn anew, uniformly from one to two times the shortest (§9.3)', () => {
  const server = new Server(1, VOTERS, [], undefined, { preVote: false });
  const drawn: number[] = [];
  for (let round = 0; round < 200; round += 1) {
    const from = server.now;
    server.passDeadline();
    drawn.push(server.now - from);
  }
  assert.ok(Math.min(...drawn) >= 1000 && Math.max(...drawn) < 2000);
  assert.ok(Math.max(...drawn) - Math.min(...drawn) > 800);
});

test('a server outside the configuration votes but never runs', () => {
  const server = new Server(4, VOTERS);
  for (let round = 0; round < 3; round += 1) server.passDeadline();
  assert.deepEqual([server.raft.term, server.raft.status().role], [0, 'follower']);
});

test('a newer term is durable with what is answered in it (§5.1)', () => {
  const server = new Server(1, VOTERS);
  server.receive(heartbeat(2, 5));
  assert.deepEqual(server.takeSent(), []);
  assert.equal(server.writes[0]?.hardState?.term, 5);
  server.finishWrites();
  assert.equal(server.takeSent()[0]?.kind, 'appendAccepted');
});

test('a leader does not hear a server that claims to lead its term', () => {
  const leader = new Server(1, VOTERS).elect(2);
  leader.takeSent();
  leader.receive(heartbeat(3, 1));
  assert.equal(leader.raft.isLeader, true);
  assert.deepEqual(leader.takeSent(), []);
});

test('a follower whose connection to the leader broke runs soon, if the leader stays away', () => {
  const followers = [2, 3].map((id) => new Server(id, VOTERS)) as [Server, Server];
  for (const follower of followers) {
    follower.receive(heartbeat(1, 1));
    follower.step({ kind: 'peerUnreachable', peer: 1 as never });
    assert.ok(follower.raft.nextDeadline >= 100 && follower.raft.nextDeadline < 350);
  }
  const [first] = followers;
  first.passDeadline();
  settle(followers);
  assert.equal(first.raft.isLeader, true, 'the other has lost the leader too');
});

test('one broken connection deposes nobody', () => {
  const [lost, hears] = [2, 3].map((id) => new Server(id, VOTERS)) as [Server, Server];
  for (const follower of [lost, hears]) follower.receive(heartbeat(1, 1));
  lost.step({ kind: 'peerUnreachable', peer: 1 as never });
  lost.passDeadline();
  settle([lost, hears]);
  assert.deepEqual([lost.raft.term, hears.raft.term], [1, 1]);
  lost.receive(heartbeat(1, 1));
  assert.ok(lost.raft.nextDeadline >= lost.now + 1000, 'heard again, it is patient again');
});

test('under leases a broken connection shortens no promise', () => {
  const follower = new Server(2, VOTERS, [], undefined, { leaseReads: true });
  follower.receive(heartbeat(1, 1));
  follower.step({ kind: 'peerUnreachable', peer: 1 as never });
  assert.ok(follower.raft.nextDeadline >= 1000);
});

test('under a lease a newer term does not release a voter from its promise', () => {
  const voter = new Server(2, VOTERS, [], { term: 1 }, { leaseReads: true });
  // What it may have promised before its start is over.
  voter.now = 1000;
  voter.receive(heartbeat(1, 1));
  voter.finishWrites();
  // The late refusal of a pre-vote that it asked for before it heard the leader.
  voter.receive({ kind: 'preVoteReply', from: 3, term: 4, isGranted: false } as never);
  voter.finishWrites();
  voter.takeSent();
  assert.deepEqual([voter.raft.term, voter.raft.leaderId], [4, undefined]);
  const request = { kind: 'requestVote', from: 3, term: 4, lastLogIndex: 0, lastLogTerm: 0 };
  voter.receive({ ...request, isLeadershipTransfer: false } as never);
  voter.finishWrites();
  assert.deepEqual(voter.takeSent(), [], 'the leader may be reading under its lease');
  voter.now = 2000;
  voter.receive({ ...request, isLeadershipTransfer: false } as never);
  voter.finishWrites();
  assert.equal(voter.raft.status().votedFor, 3);
});

test('an older write that completes does not make the candidate’s vote count', () => {
  const server = new Server(1, VOTERS, [], undefined, { preVote: false });
  server.receive({ ...(heartbeat(2, 1) as object), batches: [batchOf(1, 1)] } as never);
  server.passDeadline();
  assert.equal(server.writes.length, 2, 'an entry, and the vote for itself');
  server.finishWrites(1);
  server.receive({ kind: 'requestVoteReply', from: 3, term: 2, isGranted: true } as never);
  assert.equal(server.raft.isLeader, false, 'one vote, and its own is not durable yet');
  server.finishWrites(1);
  assert.equal(server.raft.isLeader, true);
});

test('a pre-vote granted for an earlier term does not count for this one (hazard 11)', () => {
  const server = new Server(1, VOTERS, [], { term: 1 });
  server.passDeadline();
  server.receive({ kind: 'preVoteReply', from: 3, term: 5, isGranted: false } as never);
  server.passDeadline();
  assert.deepEqual([server.raft.term, server.raft.status().role], [5, 'preCandidate']);
  server.receive({ kind: 'preVoteReply', from: 2, term: 2, isGranted: true } as never);
  assert.equal(server.raft.status().role, 'preCandidate', 'asked for in term 1');
  server.receive({ kind: 'preVoteReply', from: 2, term: 6, isGranted: true } as never);
  assert.equal(server.raft.status().role, 'candidate');
});

test('who has lost its leader votes at once, however lately it heard it (hazard 12)', () => {
  const server = new Server(1, VOTERS);
  server.receive(heartbeat(2, 1));
  server.now = 100;
  server.receive({ kind: 'preVoteReply', from: 3, term: 4, isGranted: false } as never);
  assert.equal(server.raft.leaderId, undefined);
  server.receive(voteRequest(3, 5));
  assert.equal(server.raft.status().votedFor, 3);
});

test('a leader that stepped down does not protect its own lead (hazard 12)', () => {
  const leader = new Server(1, VOTERS).elect(2);
  while (leader.raft.isLeader) leader.passDeadline();
  leader.takeSent();
  leader.receive(preVoteRequest(3, 2));
  const [reply] = leader.takeSent();
  assert.ok(reply?.kind === 'preVoteReply' && reply.isGranted);
});
