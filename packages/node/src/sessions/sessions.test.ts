import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@quorate/core';
import type { SessionEntry } from '@quorate/wire';
import { bytes, FAST, TestCluster, temporaryDirectory, until } from '../cluster.test.support.ts';
import { RaftError } from '../errors.ts';
import { MemoryNetwork } from '../peers/memory-network.ts';
import { RaftNode } from '../raft-node.ts';
import type { SessionReply } from './portion.ts';
import { Session } from './session.ts';
import { losing, SavingMachine } from './sessions.test.support.ts';

async function alone(context: Parameters<typeof temporaryDirectory>[0], timeoutMs = 60_000) {
  const cluster = new TestCluster(context, 1, { sessions: { timeoutMs, maxSessions: 2 } });
  const node = await cluster.open(1);
  await cluster.leader();
  return { cluster, node };
}

test('a session answers with results, in the order of its commands or not', async (context) => {
  const { cluster, node } = await alone(context);
  using session = await node.openSession();
  const names = Array.from({ length: 300 }, (_, at) => `${at}`);
  const results = await Promise.all(names.map((name) => session.propose(bytes(name))));
  assert.deepEqual(
    results,
    names.map((_, at) => at + 1),
  );
  assert.deepEqual(await cluster.listOf(node), names);
});

test('sessions and other commands go through one log together', async (context) => {
  const cluster = new TestCluster(context, 3);
  await cluster.openAll();
  const [leader, follower] = [await cluster.leader(), await cluster.follower()];
  const sessions = [await leader.openSession(), await follower.openSession()];
  const calls = Array.from({ length: 60 }, (_, at) => {
    const command = bytes(`${at}`);
    if (at % 3 === 2) return follower.propose(command, { forward: true });
    return sessions[at % 3]!.propose(command);
  });
  assert.deepEqual(
    (await Promise.all(calls)).sort((a, b) => a - b),
    calls.map((_, at) => at + 1),
  );
  const list = await cluster.listOf(leader);
  assert.deepEqual(await cluster.listOf(follower), list);
  assert.equal(new Set(list).size, 60);
});

test('a closed session takes no more commands, and a closed node none either', async (context) => {
  const { node } = await alone(context);
  const session = await node.openSession();
  const open = session.propose(bytes('a'));
  await session.close();
  assert.equal(await open, 1);
  await assert.rejects(session.propose(bytes('b')), { code: 'RAFT_CLOSED' });
  const gone = node.resumeSession(session.id, 2);
  await assert.rejects(gone.propose(bytes('b')), {
    code: 'RAFT_SESSION_EXPIRED',
    details: { sessionId: session.id, outcome: 'unknown' },
  });

  const other = await node.openSession();
  await node.close();
  await assert.rejects(other.propose(bytes('c')), { code: 'RAFT_CLOSED' });
  await assert.rejects(node.openSession(), { code: 'RAFT_CLOSED' });
});

test('closing waits for what is open, and not longer than its signal', async (context) => {
  const cluster = new TestCluster(context, 3);
  await cluster.openAll();
  const follower = await cluster.follower();
  using session = await follower.openSession();
  cluster.network.isolate(follower.status().id);
  const open = session.propose(bytes('a'));
  const ending = new AbortController();
  const closing = assert.rejects(session.close({ signal: ending.signal }), { message: 'enough' });
  ending.abort(new Error('enough'));
  await closing;
  cluster.network.healAll();
  assert.equal(await open, 1);
});

test('a command that is open when its node ends has an unknown outcome', async (context) => {
  const cluster = new TestCluster(context, 3);
  let isSilent = false;
  for (const id of [1, 2, 3]) {
    const isLost = ({ kind }: { readonly kind: string }) => isSilent && kind === 'forwardProposal';
    await cluster.open(id, { transport: losing(cluster.network.join(id), isLost) });
  }
  const follower = await cluster.follower();
  const session = await follower.openSession();
  isSilent = true;
  const open = session.propose(bytes('a'));
  // Sent, so that nobody knows whether it was taken.
  await new Promise(setImmediate);
  const rejected = assert.rejects(open, { code: 'RAFT_OUTCOME_UNKNOWN' });
  await cluster.shut(follower);
  await rejected;
});

test('a session without signs of life ends; one that is idle lives on', async (context) => {
  const { node } = await alone(context, 400);
  const [silent, idle] = [await node.openSession(), await node.openSession()];
  silent.stop(new RaftError('RAFT_CLOSED', 'its process has ended'));
  // At least every other entry is a word of the leader, of 50 ms or more.
  const outlived = node.status().commitIndex + 24;
  await until(() => node.status().commitIndex >= outlived);
  const late = node.resumeSession(silent.id, 1).propose(bytes('a'));
  await assert.rejects(late, { code: 'RAFT_SESSION_EXPIRED' });
  assert.equal(await idle.propose(bytes('b')), 1);
});

test('a resumed session stays with its number when it is refused: it may have been applied before', async () => {
  const dropped = new RaftError('RAFT_PROPOSAL_DROPPED', 'too much at once');
  const serials: number[] = [];
  const host = {
    propose: async (entry: SessionEntry): Promise<SessionReply> => {
      if (entry.kind !== 'command') return { kind: 'done' };
      serials.push(entry.serial);
      if (serials.length < 3) throw dropped;
      return { kind: 'applied', response: new Uint8Array() };
    },
    resultOf: () => 7,
    pause: () => Promise.resolve(),
    ended: () => {},
    timeoutMs: 1_000,
  };
  using opened = new Session(host, 1, 1, false);
  await assert.rejects(opened.propose(bytes('a')), dropped);
  using resumed = new Session(host, 1, 5, true);
  assert.equal(await resumed.propose(bytes('a')), 7);
  assert.deepEqual(serials, [1, 5, 5]);
});

test('without a session nobody tells the time', async (context) => {
  const { node } = await alone(context, 40);
  const session = await node.openSession();
  const { commitIndex } = node.status();
  await until(() => node.status().commitIndex >= commitIndex + 3);
  await session.close();
  const closedAt = node.status().commitIndex;
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(node.status().commitIndex, closedAt);
});

test('one session too many ends the one that was idle longest', async (context) => {
  const { node } = await alone(context);
  const [first, second] = [await node.openSession(), await node.openSession()];
  await first.propose(bytes('a'));
  const third = await node.openSession();
  const expired = (outcome: string) => ({
    code: 'RAFT_SESSION_EXPIRED',
    details: { sessionId: second.id, outcome },
  });
  await assert.rejects(second.propose(bytes('b')), expired('not applied'));
  await assert.rejects(second.propose(bytes('b')), expired('not applied'));
  // The process before may have proposed these, and they may have been applied while the session lived.
  const resumed = node.resumeSession(second.id, 1);
  await assert.rejects(resumed.propose(bytes('b')), expired('unknown'));
  await assert.rejects(resumed.propose(bytes('b')), expired('unknown'));
  assert.deepEqual(await Promise.all([first, third].map((s) => s.propose(bytes('c')))), [2, 3]);
});

test('a call that was given up does not hold the others back, and is applied at most once', async (context) => {
  const cluster = new TestCluster(context, 3);
  await cluster.openAll();
  const follower = await cluster.follower();
  const session = await follower.openSession();
  cluster.network.isolate(follower.status().id);
  const ending = new AbortController();
  const given = session.propose(bytes('given up'), { signal: ending.signal });
  ending.abort(new Error('enough'));
  await assert.rejects(given, { message: 'enough' });
  const early = AbortSignal.abort(new Error('never'));
  await assert.rejects(session.propose(bytes('never'), { signal: early }), { message: 'never' });
  cluster.network.healAll();
  await session.propose(bytes('next'));
  const list = await cluster.listOf(follower);
  assert.ok(list.filter((name) => name === 'given up').length <= 1);
  assert.equal(list.at(-1), 'next');
});

test('a session refuses what it cannot keep in mind', async (context) => {
  const { node } = await alone(context);
  const session = await node.openSession();
  const calls = Array.from({ length: 1_024 }, () => session.propose(bytes('a')));
  await assert.rejects(session.propose(bytes('b')), { code: 'RAFT_PROPOSAL_DROPPED' });
  await Promise.all(calls);
  assert.equal(await session.propose(bytes('c')), 1_025);
  await assert.rejects(session.propose(new Uint8Array(1_572_865)), {
    code: 'RAFT_COMMAND_TOO_LARGE',
  });
  assert.equal(await session.propose(new Uint8Array(1_572_864)), 1_026);
});

test('on a server that is removed nothing waits for ever, and another goes on', async (context) => {
  const cluster = new TestCluster(context, 3);
  await cluster.openAll();
  const [leader, follower] = [await cluster.leader(), await cluster.follower()];
  const session = await follower.openSession();
  assert.equal(await session.propose(bytes('a')), 1);
  const { id } = follower.status();
  await leader.changeMembership({ voters: [1, 2, 3].filter((member) => member !== id) });
  await until(() => follower.status().membership.standing === 'removed');
  await assert.rejects(session.propose(bytes('b')), { code: 'RAFT_REMOVED' });
  assert.throws(() => follower.resumeSession(session.id, 2), { code: 'RAFT_REMOVED' });
  await session.close();
  using resumed = leader.resumeSession(session.id, session.nextSerial);
  assert.equal(await resumed.propose(bytes('b')), 2);
});

test('one sign of life waits for a leader at a time', async (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  const answers: ((reply: { kind: 'done' }) => void)[] = [];
  const host = {
    propose: () => new Promise<{ kind: 'done' }>((resolve) => answers.push(resolve)),
    resultOf: () => undefined,
    pause: () => Promise.resolve(),
    timeoutMs: 600,
    ended: () => {},
  };
  using _ = new Session(host, 1, 1, false);
  context.mock.timers.tick(2_000);
  assert.equal(answers.length, 1);
  answers[0]?.({ kind: 'done' });
  await new Promise(setImmediate);
  context.mock.timers.tick(2_000);
  assert.equal(answers.length, 2);
});

test('a machine that cannot keep sessions, or none at all: refused', async (context) => {
  const { sessionRows: _, ...saving } = Object.getOwnPropertyDescriptors(SavingMachine.prototype);
  const careless = Object.create({}, saving) as SavingMachine;
  Object.assign(careless, new SavingMachine());
  for (const overrides of [{ machine: careless }, { machine: undefined }]) {
    const network = new MemoryNetwork();
    const peers = { 1: { host: '127.0.0.1', port: 0 } };
    const common = { id: 1, peers, clusterId: 7, directory: undefined, transport: network.join(1) };
    const { machine } = overrides;
    const node = await RaftNode.open({ ...common, ...(machine && { machine }) });
    context.after(() => node.close());
    await assert.rejects(async () => node.openSession(), { code: 'RAFT_BAD_OPTION' });
    assert.throws(() => node.resumeSession(1, 1), { code: 'RAFT_BAD_OPTION' });
  }
});

test('leaders are killed while sessions write: each command is applied once, and replicas agree', async (context) => {
  const random = seededRandom(6);
  const network = new MemoryNetwork();
  const directory = await temporaryDirectory(context);
  const ids = [1, 2, 3];
  const peers = Object.fromEntries(ids.map((id) => [id, { host: '127.0.0.1', port: 0 }]));
  const machines = new Map(ids.map((id) => [id, new SavingMachine()]));
  const nodes = new Map<number, RaftNode<number>>();
  const open = async (id: number) => {
    // A tenth of what answers a forwarded command is lost.
    const isLost = ({ kind }: { kind: string }) => kind === 'forwardReply' && random() < 0.1;
    const node = await RaftNode.open<number>({
      id,
      peers,
      clusterId: 7,
      directory: `${directory}/${id}`,
      machine: machines.get(id)!,
      transport: losing(network.join(id), isLost),
      raft: FAST,
      snapshotEntries: 40,
      keepEntries: 5,
    });
    nodes.set(id, node);
  };
  await Promise.all(ids.map(open));
  context.after(() => Promise.all([...nodes.values()].map((node) => node.close())));

  let isDone = false;
  const acknowledged: string[] = [];
  /** A caller who writes down session and number, and goes on with both when its node is back. */
  const write = async (id: number, writer: number): Promise<void> => {
    let session: Session<number> | undefined;
    for (let count = 0; !isDone; count += 1) {
      const command = `${id}.${writer}.${count}`;
      for (let isApplied = false; !isApplied; ) {
        await until(() => nodes.has(id));
        const node = nodes.get(id)!;
        const number: number | undefined = session?.nextSerial;
        try {
          session ??= await node.openSession();
          await session.propose(bytes(command));
          acknowledged.push(command);
          isApplied = true;
        } catch (error) {
          if (!(error instanceof RaftError)) throw error;
          assert.ok(['RAFT_CLOSED', 'RAFT_OUTCOME_UNKNOWN'].includes(error.code), error.message);
          await until(() => nodes.has(id) && nodes.get(id) !== node);
          if (session !== undefined) {
            session = nodes.get(id)!.resumeSession(session.id, number ?? 1);
          }
        }
      }
    }
  };
  const writers = ids.flatMap((id) => [0, 1].map((writer) => write(id, writer)));
  for (let kills = 0; kills < 5; kills += 1) {
    const target = acknowledged.length + 40;
    await until(() => acknowledged.length >= target);
    const victim = ids.find((id) => nodes.get(id)?.status().role === 'leader') ?? 1;
    const node = nodes.get(victim)!;
    // What it has promised and not delivered, it keeps to itself.
    network.isolate(victim);
    nodes.delete(victim);
    await node.close({ handOver: false });
    network.healAll();
    await open(victim);
  }
  isDone = true;
  await Promise.all(writers);

  for (const node of nodes.values()) await node.read();
  const [list] = ids.map((id) => machines.get(id)!.saved.list);
  assert.equal(new Set(list).size, list!.length, 'no command is applied twice');
  assert.deepEqual(new Set(list), new Set(acknowledged), 'and none is missing');
  for (const id of ids) assert.deepEqual(machines.get(id)!.state, machines.get(1)!.state);
});
