import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogIndex, NodeId, Term } from '@quorate/core';
import { timelineOf } from '../linearizable.ts';
import type { Server } from '../server.ts';
import { sleep } from '../time.ts';
import { VirtualTime } from '../virtual-time.ts';
import { HistoryClients } from './history-clients.ts';
import { RecordOfApplied } from './record-of-applied.ts';

const TERM = 1 as Term;
const FIRST = 1 as LogIndex;

/** Writes once and reads once, of a server that answers at once with what it is told to have. */
async function clientsWhoRead(
  found: string,
  committedIndex = 0,
  isAnswered = true,
): Promise<HistoryClients> {
  const time = new VirtualTime();
  const record = new RecordOfApplied(time);
  const entry = {
    term: TERM,
    command: 'put:a:new',
    reply: { kind: 'applied', output: '' },
    fingerprint: 1,
  } as const;
  record.applied(FIRST, entry, 'a', 'new');
  const clients = new HistoryClients(
    time,
    record,
    () => committedIndex as LogIndex,
    () => {},
  );
  const server = {
    id: 1 as NodeId,
    service: { get: () => found },
    propose: () => ({ kind: 'appended', firstIndex: FIRST, term: TERM }),
    read: (id: number, onResult: (result: unknown) => void) =>
      onResult({ kind: 'ready', id, readIndex: 0 as LogIndex }),
    // A read waits for nothing here.
    whenApplied: (index: LogIndex, action: () => void) => {
      if (isAnswered || index < FIRST) action();
    },
  } as unknown as Server;
  await time.run(async () => {
    clients.propose(server, ['put:a:new']);
    await sleep(time, 1);
    clients.read(server, 'a');
  });
  return clients;
}

test('what clients saw is looked at as a whole', async () => {
  (await clientsWhoRead('new')).history.expectLinearizable(1000);
  const deceived = await clientsWhoRead('old');
  assert.throws(
    () => deceived.history.expectLinearizable(1000),
    /^PropertyViolation: linearizable/,
  );
});

test('what contradicts itself can be looked at, however the failure is passed on', async () => {
  const { history } = await clientsWhoRead('old');
  let failure: unknown;
  try {
    history.expectLinearizable(1000);
  } catch (cause) {
    failure = new Error('a run failed', { cause });
  }
  assert.match(timelineOf(failure) ?? '', /Not linearizable.*answered .*old.*, expected .*new/s);
  assert.equal(timelineOf(new Error('something else')), undefined);
});

test('a write that nobody was told of is owed to whoever reads after it was applied', async () => {
  (await clientsWhoRead('new', 0, false)).history.expectLinearizable(1000);
  const deceived = await clientsWhoRead('old', 0, false);
  assert.throws(
    () => deceived.history.expectLinearizable(1000),
    /^PropertyViolation: linearizable/,
  );
  const early = await clientsWhoRead('', 0, false);
  assert.throws(() => early.history.expectLinearizable(1000), /^PropertyViolation: linearizable/);
});

test('a history that was not decided counts as a failure', async () => {
  const { history } = await clientsWhoRead('new');
  assert.throws(
    () => history.expectLinearizable(0),
    /^PropertyViolation: linearizable.*undecided: key a/,
  );
});

test('a read from before what was committed when it was asked for is refused', async () => {
  await assert.rejects(clientsWhoRead('new', 1), /^PropertyViolation: readsAreFresh/);
});

test('what was answered must stand before what was offered later', async () => {
  const clients = await clientsWhoRead('new');
  clients.history.expectKept(0, 2 as LogIndex);
  assert.throws(() => clients.history.expectKept(0, FIRST), /^PropertyViolation: nothingIsLost/);
});
