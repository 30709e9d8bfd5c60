import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bytes,
  code,
  FAST,
  listMachine,
  TestCluster,
  text,
  waitFor,
} from './cluster.test.support.ts';

test('three nodes elect a leader and apply the same commands in the same order', async (context) => {
  const cluster = new TestCluster(context, 3);
  await cluster.openAll();
  const leader = await cluster.leader();

  const results = await Promise.all(['a', 'b', 'c'].map((name) => leader.propose(bytes(name))));

  assert.deepEqual(results, [1, 2, 3]);
  for (const node of cluster.nodes.values()) {
    assert.deepEqual(await cluster.listOf(node), ['a', 'b', 'c']);
  }
});

test('a cluster of one needs nobody', async (context) => {
  const cluster = new TestCluster(context, 1);
  const node = await cluster.open(1);
  await cluster.leader();
  assert.equal(await node.propose(bytes('alone')), 1);
  assert.deepEqual(await cluster.listOf(node), ['alone']);
});

test('start says at once where the command will stand, and is right', async (context) => {
  const committed: { index: number; term: number; command: string }[] = [];
  const cluster = new TestCluster(context, 3);
  const machine = () => ({
    snapshot: () => listMachine().snapshot(),
    restore: () => Promise.reject(new Error('nobody is that far behind')),
    open: () => Promise.resolve(0 as never),
    apply: (batches: Parameters<ReturnType<typeof listMachine>['apply']>[0]) => {
      const results: number[] = [];
      for (const batch of batches) {
        let index: number = batch.firstIndex;
        for (const command of batch) {
          committed.push({ index, term: batch.term, command: text(command) });
          results.push(index++);
        }
      }
      return results;
    },
  });
  for (const id of [1, 2, 3]) await cluster.open(id, { machine: machine() });
  const leader = await cluster.leader();

  // A follower's command is in the leader's inbox already, and must not come in between.
  const before = await cluster.follower();
  const forwarded = before.propose(bytes('c'), { forward: true });
  await new Promise(setImmediate);
  const started = ['a', 'b'].map((name) => ({ ...leader.start(bytes(name)), command: name }));
  const proposed = leader.propose(bytes('c'));
  started.push({ ...leader.start(bytes('d')), command: 'd' });
  await Promise.all([proposed, forwarded]);
  await leader.read();

  const expected = started.map(({ index, term, command }) => ({ index, term, command }));
  const atLeader = committed.filter(({ command }) => command !== 'c');
  for (const entry of expected) {
    assert.ok(atLeader.some((seen) => JSON.stringify(seen) === JSON.stringify(entry)));
  }
  const follower = await cluster.follower();
  assert.deepEqual(follower.start(bytes('e')), {
    index: 0,
    term: leader.status().term,
    isLeader: false,
  });
});

test('a follower refuses a command and names the leader', async (context) => {
  const cluster = new TestCluster(context, 3);
  await cluster.openAll();
  const leader = await cluster.leader();
  const follower = await cluster.follower();
  await assert.rejects(follower.propose(bytes('x')), {
    code: 'RAFT_NOT_LEADER',
    leaderId: leader.status().id,
    leaderAddress: { host: '127.0.0.1', port: 0 },
    message: /retry at server \d \(its peers reach it at 127\.0\.0\.1:0\)/,
  });
});

test('a forwarded command is answered with the result of the own state machine', async (context) => {
  const cluster = new TestCluster(context, 3);
  await cluster.openAll();
  const follower = await cluster.follower();
  const names = ['a', 'b', 'c'];
  const forward = (name: string) => follower.propose(bytes(name), { forward: true });
  assert.deepEqual(await Promise.all(names.map(forward)), [1, 2, 3]);
  assert.deepEqual(cluster.machines.get(follower.status().id)?.state, names);
});

test('a command is the one that was given, though its Buffer is used for another', async (context) => {
  const cluster = new TestCluster(context, 3);
  await cluster.openAll();
  for (const node of [await cluster.leader(), await cluster.follower()]) {
    const buffer = Buffer.from('given');
    const proposed = node.propose(buffer, { forward: true });
    buffer.fill('x');
    await proposed;
  }
  assert.deepEqual(await cluster.listOf(await cluster.leader()), ['given', 'given']);
});

test('a forwarded command to which the leader never answered has an unknown outcome', async (context) => {
  const cluster = new TestCluster(context, 3);
  await cluster.openAll();
  const leader = await cluster.leader();
  const follower = await cluster.follower();
  const forwarded = assert.rejects(
    follower.propose(bytes('a'), { forward: true }),
    code('RAFT_OUTCOME_UNKNOWN'),
  );
  // It has left, and the answer will not come back.
  await new Promise(setImmediate);
  cluster.network.isolate(leader.status().id);
  await forwarded;
  assert.equal(leader.status().lastIndex, follower.status().lastIndex);
});

test('when the leader closes another one is elected, and forwarded commands wait for it', async (context) => {
  const cluster = new TestCluster(context, 3);
  await cluster.openAll();
  const old = await cluster.leader();
  await old.propose(bytes('before'));
  await cluster.shut(old);

  const [first] = cluster.nodes.values();
  assert.ok(first);
  assert.equal(await first.propose(bytes('after'), { forward: true }), 2);
  for (const node of cluster.nodes.values()) {
    assert.deepEqual(await cluster.listOf(node), ['before', 'after']);
  }
});

test('a command waits for the first leader there is', async (context) => {
  const cluster = new TestCluster(context, 3);
  const node = await cluster.open(1);
  const proposed = node.propose(bytes('early'), { forward: true });
  const read = node.read();
  await cluster.open(2);
  assert.equal(await proposed, 1);
  assert.ok((await read) >= 1);
});

test('a command of a leader that was cut off is lost, says so, and is proposed anew if asked', async (context) => {
  const cluster = new TestCluster(context, 3);
  await cluster.openAll();
  const old = await cluster.leader();
  const oldId = old.status().id;
  cluster.network.isolate(oldId);
  const lost = assert.rejects(old.propose(bytes('lost')), code('RAFT_PROPOSAL_LOST'));
  const repeated = old.propose(bytes('again'), { forward: true });

  const others = [...cluster.nodes.keys()].filter((id) => id !== oldId);
  const leader = await cluster.leader(others);
  await leader.propose(bytes('other'));
  await leader.propose(bytes('another'));
  cluster.network.healAll();

  await lost;
  assert.equal(await repeated, 3);
  assert.deepEqual(await cluster.listOf(old), ['other', 'another', 'again']);
});

test('a read after a change of leader sees what the old one acknowledged', async (context) => {
  const cluster = new TestCluster(context, 3);
  await cluster.openAll();
  const old = await cluster.leader();
  const oldId = old.status().id;
  await old.propose(bytes('a'));
  cluster.network.isolate(oldId);
  const others = [...cluster.nodes.keys()].filter((id) => id !== oldId);
  const leader = await cluster.leader(others);
  await leader.propose(bytes('b'));

  // The old leader cannot serve it alone; healed, it follows and reads through the new one.
  const read = old.read();
  cluster.network.healAll();
  await read;
  assert.deepEqual(cluster.machines.get(oldId)?.state, ['a', 'b']);
});

test('a signal ends the wait, and only that', async (context) => {
  const cluster = new TestCluster(context, 3);
  const node = await cluster.open(1);
  const ending = new AbortController();
  const { signal } = ending;
  const calls = [node.propose(bytes('x'), { forward: true, signal }), node.read({ signal })];
  ending.abort(new Error('enough'));
  for (const call of calls) await assert.rejects(call, { message: 'enough' });
  await assert.rejects(node.read({ signal }), { message: 'enough' });

  await cluster.open(2);
  await cluster.leader();
  assert.deepEqual(await cluster.listOf(node), []);
});

test('a command that is too large is refused before it is proposed', async (context) => {
  const cluster = new TestCluster(context, 1, { maxCommandBytes: 10 });
  const node = await cluster.open(1);
  await cluster.leader();
  await assert.rejects(node.propose(new Uint8Array(11)), code('RAFT_COMMAND_TOO_LARGE'));
  assert.throws(() => node.start(new Uint8Array(11)), code('RAFT_COMMAND_TOO_LARGE'));
  assert.equal(await node.propose(new Uint8Array(10)), 1);
});

test('commands above the limit of what may be uncommitted are dropped', async (context) => {
  const raft = { ...FAST, maxUncommittedBytes: 1000 };
  const cluster = new TestCluster(context, 3, { raft });
  await cluster.openAll();
  const leader = await cluster.leader();
  cluster.network.isolate(leader.status().id);
  leader.start(new Uint8Array(2000));
  await new Promise(setImmediate);
  await assert.rejects(leader.propose(bytes('x')), code('RAFT_PROPOSAL_DROPPED'));
  assert.throws(() => leader.start(bytes('x')), code('RAFT_PROPOSAL_DROPPED'));
});

test('close fails what waits, and everything after', async (context) => {
  const cluster = new TestCluster(context, 3);
  await cluster.openAll();
  const leader = await cluster.leader();
  cluster.network.isolate(leader.status().id);
  const placed = assert.rejects(leader.propose(bytes('placed')), code('RAFT_OUTCOME_UNKNOWN'));
  await new Promise(setImmediate);
  const unplaced = assert.rejects(leader.propose(bytes('x')), code('RAFT_CLOSED'));
  const read = assert.rejects(leader.read(), code('RAFT_CLOSED'));
  await cluster.shut(leader, { handOver: false });
  await Promise.all([placed, unplaced, read]);

  await assert.rejects(leader.propose(bytes('y')), code('RAFT_CLOSED'));
  await assert.rejects(leader.read(), code('RAFT_CLOSED'));
  assert.throws(() => leader.start(bytes('y')), code('RAFT_CLOSED'));
  assert.equal(await leader.ended, undefined);
});

test('a state machine that throws ends its node, with the cause', async (context) => {
  const cluster = new TestCluster(context, 1);
  const cause = new Error('out of cheese');
  const machine = {
    open: () => Promise.resolve(0 as never),
    apply: () => {
      throw cause;
    },
    snapshot: listMachine().snapshot,
    restore: () => Promise.resolve(),
  };
  const node = await cluster.open(1, { machine });
  await cluster.leader();
  await assert.rejects(node.propose(bytes('x')), code('RAFT_OUTCOME_UNKNOWN'));
  const reason = await node.ended;
  assert.equal((reason as { code?: string }).code, 'RAFT_MACHINE_FAILED');
  assert.equal(reason?.cause, cause);
  assert.match(reason?.message ?? '', /out of cheese/);
  assert.equal(node.isLeader, false, 'who has ended leads nobody');
});

test('leadership is reported to whoever listens', async (context) => {
  const cluster = new TestCluster(context, 1);
  const node = await cluster.open(1);
  const seen: unknown[] = [];
  const stop = node.onLeadership((leadership) => seen.push(leadership));
  await waitFor([node], () => (node.status().role === 'leader' ? true : undefined));
  stop();
  assert.deepEqual(seen.at(-1), { term: 1, leaderId: 1, isLeader: true });
});

test('what is no command is refused, for in the log it would end every server', async (context) => {
  const cluster = new TestCluster(context, 1);
  const node = await cluster.open(1);
  await cluster.leader();
  const session = await node.openSession();
  for (const wrong of [undefined, null, 'abc', [1, 2], new ArrayBuffer(2), Uint16Array.of(1)]) {
    const command = wrong as unknown as Uint8Array;
    const refusal = { code: 'RAFT_BAD_OPTION', message: /a command is bytes/ };
    await assert.rejects(node.propose(command), refusal);
    await assert.rejects(node.propose(command, { forward: true }), refusal);
    assert.throws(() => node.start(command), refusal);
    await assert.rejects(session.propose(command), refusal);
  }
  for (const [id, serial] of [
    ['a', 1],
    [0, 1],
    [1, 0],
    [1, 1.5],
    [1, undefined],
  ]) {
    const resume = () => node.resumeSession(id as number, serial as number);
    assert.throws(resume, { code: 'RAFT_BAD_OPTION' });
  }
  assert.equal(session.nextSerial, 1);
  assert.equal(await session.propose(Buffer.from('good')), 1);
});
