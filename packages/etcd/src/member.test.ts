import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { RaftError, type RaftErrorCode } from '@quorate/node';
import { PutRequest } from './generated/rpc.ts';
import type { CommandRequest } from './machine/command.ts';
import { ELECTION_TIMEOUT_MS, fakeMember, OWN_ID } from './member.test.support.ts';
import type { EtcdStatus } from './status.ts';

const put = (size: number): CommandRequest => ({
  $case: 'put',
  value: { ...PutRequest.decode(new Uint8Array(0)), key: new Uint8Array(size).fill(1) },
});

/** How the wait ended. */
const outcome = (wait: Promise<unknown>): Promise<string> =>
  wait.then(
    () => 'done',
    ({ code, message }: EtcdStatus) => `${code}: ${message}`,
  );

test('a command at the limit is proposed, one beyond it is not', async (context) => {
  const { member, machine } = await fakeMember(context, 1000);
  // A command has a tag and a length around the request, a request around the key.
  await member.propose(put(1000 - 6));
  assert.equal(machine.store.revision, 2);
  assert.equal(await outcome(member.propose(put(1000 - 5))), '3: etcdserver: request is too large');
  assert.equal(machine.store.revision, 2);
});

const failures: readonly (readonly [RaftErrorCode, string])[] = [
  ['RAFT_CLOSED', '14: etcdserver: server stopped'],
  ['RAFT_PROPOSAL_DROPPED', '8: etcdserver: too many requests'],
  ['RAFT_DISK_FULL', '8: etcdserver: mvcc: database space exceeded'],
  [
    'RAFT_OUTCOME_UNKNOWN',
    '14: etcdserver: request timed out, possibly due to previous leader failure',
  ],
];

for (const [code, told] of failures) {
  test(`${code} is told as ${told}`, async (context) => {
    const { member, consensus } = await fakeMember(context);
    consensus.propose = () => Promise.reject(new RaftError(code, 'no'));
    assert.equal(await outcome(member.propose(put(1))), told);
  });
}

/** A member whose consensus never answers, and its clock. */
async function stuck(context: TestContext) {
  const all = await fakeMember(context);
  let now = 0;
  context.mock.timers.enable({ apis: ['setTimeout'] });
  context.mock.method(performance, 'now', () => now);
  const signals: (AbortSignal | undefined)[] = [];
  all.consensus.propose = (_, options: { signal?: AbortSignal } = {}) => {
    signals.push(options.signal);
    return new Promise(() => {});
  };
  const pass = (milliseconds: number) => {
    now += milliseconds;
    context.mock.timers.tick(milliseconds);
  };
  return { ...all, signals, pass };
}

const PATIENCE_MS = 5000 + 2 * ELECTION_TIMEOUT_MS;

test('patience is five seconds and two elections', async (context) => {
  const { member, pass } = await stuck(context);
  let ended = false;
  const wait = outcome(member.propose(put(1))).finally(() => {
    ended = true;
  });
  pass(PATIENCE_MS - 1);
  await Promise.resolve();
  assert.equal(ended, false);
  pass(1);
  assert.equal(await wait, '14: etcdserver: request timed out');
});

test('a request that saw the leader change says so', async (context) => {
  const { member, consensus, pass } = await stuck(context);
  pass(10_000);
  const wait = outcome(member.propose(put(1)));
  pass(100);
  consensus.elect(12);
  pass(PATIENCE_MS);
  assert.match(await wait, /^14: etcdserver: request timed out, possibly due to previous leader/);
});

test('a member that is cut off says so', async (context) => {
  const { member, consensus, pass } = await stuck(context);
  consensus.elect(12);
  consensus.connectedPeers = [13];
  pass(10_000);
  const wait = outcome(member.propose(put(1)));
  pass(PATIENCE_MS);
  assert.match(await wait, /^14: .*, possibly due to connection lost$/);
});

test('what waits for an election is called off with its caller', async (context) => {
  const { member, consensus, signals, pass } = await stuck(context);
  consensus.elect(undefined);
  const wait = outcome(member.propose(put(1)));
  assert.equal(signals[0]?.aborted, false);
  pass(PATIENCE_MS);
  await wait;
  assert.equal(signals[0]?.aborted, true);
});

test('a stopped member refuses what waits and what comes', async (context) => {
  const { member } = await stuck(context);
  const waits = outcome(member.propose(put(1)));
  member.stop();
  assert.equal(await waits, '14: etcdserver: server stopped');
  assert.equal(await outcome(member.linearize()), '14: etcdserver: server stopped');
});

test('a member waits for a leader, and knows when there is none', async (context) => {
  const { member, consensus } = await fakeMember(context);
  consensus.elect(undefined);
  assert.throws(() => member.requireLeader(), /no leader/);
  const waiting = member.waitForLeader();
  const aborted = new AbortController();
  const impatient = member.waitForLeader(aborted.signal);
  aborted.abort(new Error('enough'));
  await assert.rejects(impatient, /enough/);
  consensus.elect(OWN_ID);
  await waiting;
  member.requireLeader();
});
