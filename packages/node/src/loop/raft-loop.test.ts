import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { test } from 'node:test';
import type { Effects, Input, Message, Raft } from '@quorate/core';
import { RaftError } from '../errors.ts';
import type { Log } from '../storage/storage.ts';
import { RaftLoop } from './raft-loop.ts';
import { Scheduler } from './scheduler.ts';

const NOTHING: Effects = {
  messages: [],
  write: undefined,
  messagesAfterWrite: [],
  restore: undefined,
  committed: [],
  reads: [],
  forwarded: [],
};
const message = (id: number) => ({ kind: 'requestReadIndex', id }) as Message;
const nextRound = () => new Promise((resolve) => setImmediate(resolve));

/** A loop around a core that only takes notes, and what was done in which order. */
function setUp(options: { readonly isWrittenAtOnce: boolean; readonly failure?: Error }) {
  const done: string[] = [];
  const pending: Effects[] = [];
  const raft = {
    nextDeadline: Infinity,
    isLeader: false,
    step: (input: Input) => done.push(input.kind),
    takeEffects: () => pending.shift(),
  };
  const host = {
    raft: raft as unknown as Raft,
    log: {
      write: ({ sequence }: { sequence: number }) => {
        done.push(`write ${sequence}`);
        if (options.failure !== undefined) throw options.failure;
        return options.isWrittenAtOnce;
      },
    } as unknown as Log,
    transport: {
      send: (sent: Message) => done.push(`send ${(sent as { id: number }).id}`) > 0,
      flush: () => done.push('flush'),
    } as never,
    stallLimitMs: 1000,
    placeCalls: () => done.push('place'),
    callDeadline: Infinity,
    stepped: () => {},
    sendSnapshot: () => {},
    notSent: () => {},
    deliver: () => done.push('deliver'),
    afterTurn: () => done.push('end'),
    diskStalled: () => {},
    fail: (error: unknown) => {
      if (error !== options.failure) throw error;
      done.push('failed');
    },
  };
  return { loop: new RaftLoop(host, new Scheduler(() => performance.now())), raft, done, pending };
}

test('calls come before what has arrived, and everything of a round is one turn', async () => {
  const { loop, done } = setUp({ isWrittenAtOnce: true });
  loop.post({ kind: 'received', message: message(1) });
  loop.post({ kind: 'peerUnreachable', peer: 2 as never });
  loop.wake();
  await nextRound();
  assert.deepEqual(done, ['place', 'received', 'peerUnreachable', 'flush', 'end']);
  loop.stop();
});

test('sockets come before the disk, and promises about the disk after it', async () => {
  const { loop, done, pending } = setUp({ isWrittenAtOnce: true });
  const write = { sequence: 1, hardState: undefined, batches: [], snapshot: undefined };
  pending.push({ ...NOTHING, messages: [message(1)], write, messagesAfterWrite: [message(2)] });
  loop.wake();
  await nextRound();
  const order = ['send 1', 'flush', 'write 1', 'written', 'send 2', 'deliver', 'flush', 'end'];
  assert.deepEqual(done, ['place', ...order]);
  loop.stop();
});

test('while a write is under way the loop goes on, and its promises wait', async () => {
  const { loop, done, pending } = setUp({ isWrittenAtOnce: false });
  const write = { sequence: 1, hardState: undefined, batches: [], snapshot: undefined };
  pending.push({ ...NOTHING, write, messagesAfterWrite: [message(1)] });
  loop.wake();
  await nextRound();
  pending.push({ ...NOTHING, messages: [message(2)] });
  loop.wake();
  await nextRound();
  const isSent = (id: number) => done.includes(`send ${id}`);
  assert.deepEqual([isSent(1), isSent(2)], [false, true]);
  loop.durable(1);
  await nextRound();
  assert.deepEqual([isSent(1), done.includes('written')], [true, true]);
  loop.stop();
});

test('after a pause a heartbeat that waited is heard before the clock', async (context) => {
  const { loop, raft, done } = setUp({ isWrittenAtOnce: true });
  context.after(() => loop.stop());
  // Far enough that a busy machine does not come to it before the pause begins.
  raft.nextDeadline = performance.now() + 300;
  loop.wake();
  await nextRound();
  done.length = 0;
  // Held up among the callbacks of files and sockets, when not all of them have run.
  await stat('.');
  while (performance.now() < raft.nextDeadline + 10);
  loop.wake();
  await nextRound();
  assert.deepEqual(done, ['place', 'flush', 'end']);
  // The next round looks at timers, then at sockets, and then takes its turn.
  loop.post({ kind: 'received', message: message(1) });
  await nextRound();
  const heard = done.filter((what) => what === 'received' || what === 'timePassed');
  assert.deepEqual(heard, ['received', 'timePassed']);
});

test('a failed write ends the server, and what it would have promised is not said (hazards 8, 26)', () => {
  const { loop, done, pending } = setUp({ isWrittenAtOnce: true, failure: new Error('EIO') });
  const write = { sequence: 1, hardState: undefined, batches: [], snapshot: undefined };
  pending.push({ ...NOTHING, write, messagesAfterWrite: [message(1)] });
  loop.takeTurn(0);
  assert.deepEqual(done, ['place', 'flush', 'write 1', 'failed']);
  loop.stop();
});

test('a write that fails later ends the server too (hazards 8, 26)', () => {
  const failure = new RaftError('RAFT_DISK_FAILED', 'EIO');
  const { loop, done } = setUp({ isWrittenAtOnce: false, failure });
  loop.failed(failure);
  assert.deepEqual(done, ['failed']);
  loop.stop();
});

test('a server whose disk owes an answer for too long is silent until it comes (hazard 31)', () => {
  const { loop, done, pending } = setUp({ isWrittenAtOnce: false });
  const write = { sequence: 1, hardState: undefined, batches: [], snapshot: undefined };
  pending.push({ ...NOTHING, write });
  loop.takeTurn(0);
  for (const [at, id, isSent] of [
    [1000, 1, true],
    [1001, 2, false],
  ] as const) {
    pending.push({ ...NOTHING, messages: [message(id)] });
    loop.takeTurn(at);
    assert.equal(done.includes(`send ${id}`), isSent, `after ${at} ms`);
  }
  loop.durable(1);
  pending.push({ ...NOTHING, messages: [message(3)] });
  loop.takeTurn(1002);
  assert.ok(done.includes('send 3'));
  loop.stop();
});

test('what arrives while a timer has fired is heard before the clock, whenever it came (hazard 20)', () => {
  const { loop, done } = setUp({ isWrittenAtOnce: true });
  loop.timeIsDue();
  loop.post({ kind: 'received', message: message(1) });
  loop.takeTurn(0);
  assert.deepEqual(done, ['place', 'received', 'timePassed', 'flush']);
  loop.stop();
});

test('whoever does not lead may wait when its time comes; a leader’s followers would not', () => {
  const { loop, raft } = setUp({ isWrittenAtOnce: true });
  assert.ok(loop.mayWait);
  raft.isLeader = true;
  assert.ok(!loop.mayWait);
});
