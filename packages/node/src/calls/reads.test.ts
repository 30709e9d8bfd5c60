import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Input, LogIndex } from '@quorate/core';
import { Reads } from './reads.ts';

const never = () => assert.fail('a read needs no leader here') as never;
const index = (value: number) => value as LogIndex;

/** Reads of a server that stands at index 5, and what they have asked the core. */
function setUp() {
  const asked: number[] = [];
  const step = (input: Input): void => {
    if (input.kind === 'readRequested') asked.push(input.id);
  };
  const host = {
    raft: { step } as never,
    now: () => 0,
    wallTime: () => 0,
    wake: () => {},
    notLeader: never,
  };
  const limits = { retryDelayMs: 10, answerTimeoutMs: 100, maxPendingReads: 3 };
  const reads = new Reads(host, limits, index(5));
  const settled: LogIndex[] = [];
  const read = (): void => void reads.read({}).then((at) => settled.push(at));
  return { reads, read, asked, settled };
}

const microtasks = () => new Promise((resolve) => setImmediate(resolve));

test('a confirmed read waits until its index is applied (hazard 20)', async () => {
  const { reads, read, asked, settled } = setUp();
  read();
  reads.ask(0);
  reads.answered({ kind: 'ready', id: asked[0]!, readIndex: index(7) }, 1);
  await microtasks();
  assert.deepEqual(settled, []);
  reads.applied(index(6));
  await microtasks();
  assert.deepEqual(settled, []);
  reads.applied(index(7));
  await microtasks();
  assert.deepEqual(settled, [7]);
});

test('what was asked before an answer came late is asked anew, and the late answer is not heard', async () => {
  const { reads, read, asked, settled } = setUp();
  read();
  reads.ask(0);
  reads.ask(100);
  assert.equal(asked.length, 2);
  reads.answered({ kind: 'ready', id: asked[0]!, readIndex: index(5) }, 101);
  await microtasks();
  assert.deepEqual(settled, []);
  reads.answered({ kind: 'ready', id: asked[1]!, readIndex: index(5) }, 102);
  await microtasks();
  assert.deepEqual(settled, [5]);
});

test('a read that nobody could answer waits a moment, and not for a leader that is there', () => {
  const { reads, read, asked } = setUp();
  read();
  reads.ask(0);
  reads.answered({ kind: 'dropped', id: asked[0]! }, 0);
  reads.ask(5);
  assert.equal(asked.length, 1);
  assert.equal(reads.nextDeadline, 10);
  reads.leaderChanged();
  reads.ask(6);
  assert.equal(asked.length, 2);
});

test('reads that wait are bounded, wherever they wait, and those that are served make room', async () => {
  const { reads, read, asked, settled } = setUp();
  const refused = () => assert.rejects(reads.read({}), { code: 'RAFT_READ_DROPPED' });
  read();
  reads.ask(0);
  reads.answered({ kind: 'ready', id: asked[0]!, readIndex: index(7) }, 1);
  read();
  reads.ask(1);
  read();
  await refused();
  // One is confirmed, one asked for, one not even that. The asked one is given back.
  reads.answered({ kind: 'dropped', id: asked[1]! }, 2);
  await refused();
  reads.applied(index(7));
  await microtasks();
  assert.deepEqual(settled, [7]);
  read();
  await refused();

  // Whoever has gone makes room with the next question.
  const gone = new AbortController();
  reads.ask(20);
  reads.answered({ kind: 'ready', id: asked[2]!, readIndex: index(7) }, 21);
  const left = assert.rejects(reads.read({ signal: gone.signal }), { name: 'AbortError' });
  read();
  read();
  gone.abort();
  await left;
  await refused();
  reads.ask(30);
  read();
  await refused();
});
