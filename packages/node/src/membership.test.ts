import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ClusterMembership, PeerAddress } from './api.ts';
import {
  bytes,
  code,
  FAST,
  freeAddress,
  TestCluster,
  temporaryDirectory,
  until,
  untilStatus,
} from './cluster.test.support.ts';
import type { RaftErrorCode } from './errors.ts';

const AT = { host: '127.0.0.1', port: 0 };
/** A newcomer: it knows where it is itself, and waits. */
const joiner = (id: number, address: PeerAddress = AT) => ({
  join: true,
  peers: { [id]: address },
});
const at = (...ids: number[]) => Object.fromEntries(ids.map((id) => [id, AT]));

test('a cluster of one grows to three by one call, and then does without the first', async (context) => {
  const cluster = new TestCluster(context, 1);
  const first = await cluster.open(1);
  await first.propose(bytes('a'), { forward: true });
  const second = await cluster.open(2, joiner(2));
  assert.equal(second.status().membership.standing, 'waiting');
  const grown = first.changeMembership({ voters: [1, 2, 3] }, { addresses: at(2, 3) });
  await untilStatus(second, ({ membership }) => membership.standing === 'learner');
  assert.deepEqual(first.status().membership.next, { voters: [1, 2, 3], learners: [] });
  const third = await cluster.open(3, joiner(3));
  await grown;
  const { voters, learners, next, isCommitted } = first.status().membership;
  assert.deepEqual([voters, learners, next, isCommitted], [[1, 2, 3], [], undefined, true]);

  await cluster.shut(first);
  await cluster.leader([2, 3]);
  await third.propose(bytes('b'), { forward: true });
  assert.deepEqual(await cluster.listOf(second), ['a', 'b']);
});

test('any members to any others: nobody of the old ones is needed', async (context) => {
  const cluster = new TestCluster(context, 3);
  await cluster.openAll();
  const leader = await cluster.leader();
  await leader.propose(bytes('a'));
  for (const id of [4, 5, 6]) await cluster.open(id, joiner(id));
  await leader.changeMembership({ voters: [4, 5], learners: [6] }, { addresses: at(4, 5, 6) });
  assert.equal(leader.status().membership.standing, 'removed');
  assert.equal(leader.status().role, 'follower');
  for (const id of [1, 2, 3]) await cluster.shut(cluster.node(id));
  const next = await cluster.leader([4, 5]);
  await next.propose(bytes('b'));
  assert.deepEqual(await cluster.listOf(cluster.node(6)), ['a', 'b']);
  assert.equal(cluster.node(6).status().membership.standing, 'learner');
});

test('a newcomer may get a snapshot, and its configuration with it', async (context) => {
  const cluster = new TestCluster(context, 1, { snapshotEntries: 10, keepEntries: 0 });
  const first = await cluster.open(1);
  for (let i = 0; i < 30; i++) await first.propose(bytes(`${i}`), { forward: true });
  await untilStatus(first, ({ snapshotIndex }) => snapshotIndex >= 20);
  const second = await cluster.open(2, joiner(2));
  await first.changeMembership({ voters: [1, 2] }, { addresses: at(2) });
  for (let i = 0; i < 20; i++) await first.propose(bytes(`${i}`));
  assert.equal((await cluster.listOf(second)).length, 50);
  await untilStatus(second, ({ snapshotIndex }) => snapshotIndex >= 45);
  assert.equal(second.status().membership.standing, 'voter');
});

test('addresses reach everybody over TCP, survive restarts and replace those of the start', async (context) => {
  const addresses = await Promise.all([1, 2, 3, 4].map(() => freeAddress()));
  const of = (id: number) => addresses[id - 1] as PeerAddress;
  const cluster = new TestCluster(context, 0, { peers: {} });
  const directories = await Promise.all([1, 2, 3, 4].map(() => temporaryDirectory(context)));
  const open = (id: number, join: boolean) => {
    const directory = directories[id - 1];
    return cluster.open(id, { peers: { [id]: of(id) }, directory, join });
  };
  // 4 founds the cluster, so that the newcomers are the ones who dial, and do not know whom.
  const founder = await open(4, false);
  await founder.propose(bytes('a'), { forward: true });
  await open(1, true);
  await open(2, true);
  const wanted = { 1: of(1), 2: of(2) };
  await founder.changeMembership({ voters: [1, 2, 4] }, { addresses: wanted });
  for (const id of [1, 2]) {
    const known = { ...wanted, 4: of(4) };
    await untilStatus(cluster.node(id), ({ membership }) => membership.voters.length === 3);
    assert.deepEqual(cluster.node(id).status().membership.addresses, known);
  }
  // Nobody's peers list anybody else: what they know after a restart is in their logs.
  await cluster.close();
  for (const id of [1, 2, 4]) await open(id, id !== 4);
  const leader = await cluster.leader([1, 2, 4]);
  await leader.propose(bytes('b'));
  for (const id of [1, 2, 4]) {
    assert.deepEqual(await cluster.listOf(cluster.node(id)), ['a', 'b']);
  }
});

test('a server that is removed hears of it, once, and disturbs nobody', async (context) => {
  const lines: string[] = [];
  const cluster = new TestCluster(context, 3);
  const log = (_: string, message: string) => void lines.push(message);
  for (const id of [1, 2, 3]) await cluster.open(id, { log });
  const leader = await cluster.leader();
  const follower = await cluster.follower();
  const { id } = follower.status();
  const seen: ClusterMembership[] = [];
  follower.onMembership((membership) => seen.push(membership));
  const waiting = assert.rejects(
    follower.read({ signal: AbortSignal.timeout(5000) }).then(() => never(follower)),
    code('RAFT_REMOVED'),
  );
  const stay = [1, 2, 3].filter((other) => other !== id);
  await leader.changeMembership({ voters: stay });
  await untilStatus(follower, ({ membership }) => membership.standing === 'removed');
  await waiting;
  // Its log says so, or a peer, whichever comes first.
  assert.equal(seen.at(-1)?.standing, 'removed');
  assert.equal(
    lines.filter((line) => line === 'this server was removed from the cluster').length,
    1,
  );
  const { term } = leader.status();
  await assert.rejects(follower.propose(bytes('x')), code('RAFT_REMOVED'));
  await assert.rejects(follower.changeMembership({ voters: [1] }), code('RAFT_REMOVED'));
  assert.deepEqual(leader.status().connectedPeers.includes(id), false);
  assert.deepEqual([leader.status().role, leader.status().term], ['leader', term]);
  await assert.rejects(
    leader.changeMembership({ voters: [1, 2, 3] }, { addresses: at(id) }),
    code('RAFT_ID_REMOVED'),
  );
  await assert.rejects(leader.changeMembership({ voters: [1, 2, 3] }), code('RAFT_ID_REMOVED'));
});

/** Reads without end: only a failure gets out of it. */
async function never(node: { read(): Promise<unknown> }): Promise<never> {
  for (;;) await node.read();
}

test('a server that was down when it was removed is told by whom it calls', async (context) => {
  const peers: Record<number, PeerAddress> = {};
  for (const id of [1, 2, 3]) peers[id] = await freeAddress();
  const cluster = new TestCluster(context, 3, { peers });
  const directory = await temporaryDirectory(context);
  // The largest id is called by the others and calls only after a while.
  for (const id of [1, 2]) await cluster.open(id);
  await cluster.open(3, { directory });
  await cluster.leader();
  await cluster.shut(cluster.node(3));
  const leader = await cluster.leader([1, 2]);
  await leader.changeMembership({ voters: [1, 2] });
  await untilStatus(leader, ({ followers }) => followers.length === 1);
  const returned = await cluster.open(3, { directory });
  await untilStatus(returned, ({ membership }) => membership.standing === 'removed');
  assert.equal(returned.status().membership.voters.length, 3, 'its log does not say so');
  await assert.rejects(returned.read(), code('RAFT_REMOVED'));
});

/** Three servers that talk over TCP and have applied 'a'; the third is away, and its disk is left. */
async function withTheThirdAway(context: TestContext) {
  const peers: Record<number, PeerAddress> = {};
  for (const id of [1, 2, 3]) peers[id] = await freeAddress();
  const elsewhere = await freeAddress();
  const cluster = new TestCluster(context, 3, { peers });
  const directory = await temporaryDirectory(context);
  for (const id of [1, 2]) await cluster.open(id);
  await cluster.open(3, { directory });
  await (await cluster.leader()).propose(bytes('a'));
  await cluster.shut(cluster.node(3));
  return { cluster, peers, directory, elsewhere };
}

test('a server that was away follows a leader that it has never heard of', async (context) => {
  const { cluster, directory, elsewhere: fourth } = await withTheThirdAway(context);
  const newcomer = await cluster.open(4, joiner(4, fourth));
  const leader = await cluster.leader([1, 2]);
  await leader.changeMembership({ voters: [1, 2, 3, 4] }, { addresses: { 4: fourth } });
  await leader.transferLeadership(4);
  await newcomer.propose(bytes('b'));
  const returned = await cluster.open(3, { directory });
  await untilStatus(returned, ({ leaderId }) => leaderId === 4);
  assert.deepEqual(await cluster.listOf(returned), ['a', 'b']);
  assert.deepEqual(returned.status().membership.addresses[4], fourth);
});

test('a founder refuses to be added to another cluster', async (context) => {
  const peers: Record<number, PeerAddress> = {};
  for (const id of [1, 2]) peers[id] = await freeAddress();
  const cluster = new TestCluster(context, 0, { peers });
  const lines: string[] = [];
  const first = await cluster.open(1, { peers: { 1: peers[1] as PeerAddress } });
  const log = (_: string, message: string, facts: object) =>
    void lines.push(`${message} ${JSON.stringify(facts)}`);
  const other = await cluster.open(2, { peers: { 2: peers[2] as PeerAddress }, log });
  await other.propose(bytes('mine'), { forward: true });
  const stop = new AbortController();
  const addresses = { 2: peers[2] as PeerAddress };
  const given = first.changeMembership({ voters: [1, 2] }, { addresses, signal: stop.signal });
  await until(() =>
    lines.some((line) => /refused a connection .*do not know each other/.test(line)),
  );
  stop.abort(new Error('enough'));
  await assert.rejects(given, /enough/);
  assert.deepEqual(await cluster.listOf(other), ['mine']);
});

test('what newcomers were promised is kept by the next leader', async (context) => {
  const cluster = new TestCluster(context, 3);
  await cluster.openAll();
  const leader = await cluster.leader();
  const asked = leader.changeMembership({ voters: [1, 2, 3, 4] }, { addresses: at(4) });
  const unknown = assert.rejects(asked, code('RAFT_OUTCOME_UNKNOWN'));
  await untilStatus(leader, ({ membership }) => {
    return membership.next !== undefined && membership.isCommitted;
  });
  const others = [1, 2, 3].filter((id) => id !== leader.status().id);
  await cluster.shut(leader, { handOver: false });
  await unknown;
  const next = await cluster.leader(others);
  const newcomer = await cluster.open(4, joiner(4));
  await untilStatus(newcomer, ({ membership }) => membership.standing === 'voter');
  // Asking the next leader for the same is no other change.
  await next.changeMembership({ voters: [1, 2, 3, 4] }, { addresses: at(4) });
  assert.deepEqual(next.status().membership.voters, [1, 2, 3, 4]);
});

test('a member moves to another address', async (context) => {
  const { cluster, peers, directory, elsewhere } = await withTheThirdAway(context);
  const leader = await cluster.leader([1, 2]);
  await leader.changeMembership({ voters: [1, 2, 3] }, { addresses: { 3: elsewhere } });
  await leader.propose(bytes('b'));
  const moved = await cluster.open(3, { directory, peers: { 3: elsewhere } });
  assert.deepEqual(await cluster.listOf(moved), ['a', 'b']);
  assert.deepEqual(leader.status().membership.addresses, { ...peers, 3: elsewhere });
});

test('what is so already is no change, and each refusal has its code', async (context) => {
  const cluster = new TestCluster(context, 3);
  await cluster.openAll();
  const leader = await cluster.leader();
  const follower = await cluster.follower();
  const { index } = leader.status().membership;
  await leader.changeMembership({ voters: [3, 2, 1] });
  assert.equal(leader.status().membership.index, index);

  const refused = (expected: RaftErrorCode, ...call: Parameters<typeof leader.changeMembership>) =>
    assert.rejects(leader.changeMembership(...call), code(expected));
  const { id } = leader.status();
  await assert.rejects(follower.changeMembership({ voters: [1] }), {
    code: 'RAFT_NOT_LEADER',
    leaderId: id,
  });
  await assert.rejects(follower.changeMembership({ voters: [1, 9] }), code('RAFT_NOT_LEADER'));
  await refused('RAFT_BAD_OPTION', { voters: [] });
  await refused('RAFT_BAD_OPTION', {} as never);
  await refused('RAFT_BAD_OPTION', { voters: ['1'] as never });
  for (const address of ['10.0.0.4:2380', undefined, { host: 'a', port: 65_536 }]) {
    const addresses = { 4: address as PeerAddress };
    await refused('RAFT_BAD_OPTION', { voters: [1, 2, 3, 4] }, { addresses });
  }
  await refused('RAFT_BAD_OPTION', { voters: [1, 2, 0] });
  await refused('RAFT_BAD_OPTION', { voters: [1, 2, 3], learners: [3] });
  await refused('RAFT_BAD_OPTION', { voters: [1, 2, 3, 4] });
  await refused('RAFT_BAD_OPTION', { voters: [1, 2, 3] }, { addresses: at(4) });
  for (const address of [
    { host: '', port: 1 },
    { host: 'a', port: 70_000 },
  ]) {
    await refused('RAFT_BAD_OPTION', { voters: [1, 2, 3, 4] }, { addresses: { 4: address } });
  }
  await refused('RAFT_BAD_OPTION', { voters: [1, 2] }, { newVoters: 'soon' as never });
  const newcomers = { addresses: at(4, 5), newVoters: 'at-once' } as const;
  await refused('RAFT_QUORUM_AT_RISK', { voters: [id, 4, 5] }, newcomers);
  assert.equal(leader.status().membership.index, index, 'nothing was appended');

  const reason = new Error('enough');
  const stop = new AbortController();
  const late = leader.changeMembership(
    { voters: [1, 2, 3, 4] },
    { addresses: at(4), signal: stop.signal },
  );
  await untilStatus(
    leader,
    ({ membership }) => membership.next !== undefined && membership.isCommitted,
  );
  stop.abort(reason);
  await assert.rejects(late, reason);
  await leader.changeMembership({ voters: [1, 2, 3] });
  assert.equal(leader.status().membership.next, undefined, 'withdrawn');
});

test('while a change is not committed there is no other; one that waits is replaced', async (context) => {
  const cluster = new TestCluster(context, 3);
  await cluster.openAll();
  const leader = await cluster.leader();
  const waits = assert.rejects(
    leader.changeMembership({ voters: [1, 2, 3, 4] }, { addresses: at(4) }),
    code('RAFT_CHANGE_SUPERSEDED'),
  );
  const second = leader.changeMembership({ voters: [1, 2, 3, 5] }, { addresses: at(5) });
  await assert.rejects(second, code('RAFT_CHANGE_UNDER_WAY'));
  await untilStatus(leader, ({ membership }) => membership.isCommitted);
  await leader.changeMembership({ voters: [1, 2, 3], learners: [5] }, { addresses: at(5) });
  await waits;
});

/** A leader that begins a change while nobody hears it, and the two others. */
async function leaderWithChangeOfItsOwn(context: TestContext) {
  const cluster = new TestCluster(context, 3, { raft: { ...FAST, leaseReads: false } });
  await cluster.openAll();
  const leader = await cluster.leader();
  const { id } = leader.status();
  const others = [1, 2, 3].filter((other) => other !== id);
  cluster.network.isolate(id);
  const change = leader.changeMembership(
    { voters: [1, 2, 3], learners: [4] },
    { addresses: at(4) },
  );
  return { cluster, leader, change, others };
}

test('a change that was lost with the lead says so', async (context) => {
  const { cluster, change, others } = await leaderWithChangeOfItsOwn(context);
  const lost = assert.rejects(change, code('RAFT_PROPOSAL_LOST'));
  const next = await cluster.leader(others);
  await next.propose(bytes('a'));
  cluster.network.healAll();
  await lost;
});

test('a node that ends before its change is decided knows nothing', async (context) => {
  const { leader, change } = await leaderWithChangeOfItsOwn(context);
  const unknown = assert.rejects(change, code('RAFT_OUTCOME_UNKNOWN'));
  await untilStatus(leader, ({ membership }) => membership.learners.length === 1);
  await leader.close({ handOver: false });
  await unknown;
});

test('a server that is told of its removal knows nothing of the change that it had begun', async (context) => {
  const cluster = new TestCluster(context, 3);
  await cluster.openAll();
  const leader = await cluster.leader();
  const asked = leader.changeMembership({ voters: [1, 2, 3, 4] }, { addresses: at(4) });
  const unknown = assert.rejects(asked, code('RAFT_OUTCOME_UNKNOWN'));
  await untilStatus(leader, ({ membership }) => {
    return membership.next !== undefined && membership.isCommitted;
  });
  const { id } = leader.status();
  const stay = [1, 2, 3].filter((other) => other !== id);
  cluster.network.isolate(id);
  const next = await cluster.leader(stay);
  await next.changeMembership({ voters: stay });
  await untilStatus(next, ({ followers }) => followers.length === 1);
  cluster.network.healAll();
  await unknown;
  await assert.rejects(leader.transferLeadership(), code('RAFT_REMOVED'));
});

test('status shows what a leader knows of the others', async (context) => {
  const cluster = new TestCluster(context, 3);
  await cluster.openAll();
  const leader = await cluster.leader();
  await leader.propose(bytes('a'));
  await untilStatus(leader, ({ followers, lastIndex }) =>
    followers.every(({ matchIndex, mode }) => matchIndex === lastIndex && mode === 'replicate'),
  );
  const { followers, membership } = leader.status();
  assert.deepEqual(
    followers.map(({ isActive }) => isActive),
    [true, true],
  );
  const { standing, index, isCommitted, addresses } = membership;
  assert.deepEqual([standing, index, isCommitted], ['voter', 0, true]);
  assert.deepEqual(addresses, at(1, 2, 3));
  assert.deepEqual((await cluster.follower()).status().followers, []);
});
