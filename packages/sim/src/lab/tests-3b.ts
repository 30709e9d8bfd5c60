/** 3B: log replication, on a reliable network. */

import { together } from '../time.ts';
import { expect } from './failure.ts';
import type { Lab } from './lab.ts';
import { type LabTest, raftTest } from './test-case.ts';
import type { Value } from './value.ts';

const RESTS_MS = { election: 1000, shortElection: 500 } as const;

export const TESTS_3B: readonly LabTest[] = [
  raftTest('TestBasicAgree3B', { peers: 3 }, async (lab) => {
    for (let index = 1; index <= 3; index++) {
      expect(lab.appliedBy(index) === 0, `index ${index} was applied before it was offered`);
      await agreeAt(lab, index, index * 100, 3);
    }
  }),

  raftTest('TestRPCBytes3B', { peers: 3 }, async (lab) => {
    await agreeAt(lab, 1, 99, 3);
    const before = lab.traffic.bytes;
    let sent = 0;
    for (let index = 2; index <= 11; index++) {
      const text = String(lab.value()).padEnd(5000, 'x');
      await agreeAt(lab, index, text, 3);
      sent += text.length;
    }
    const bytes = lab.traffic.bytes - before;
    const limit = lab.size * sent + 50_000;
    expect(bytes <= limit, `${bytes} bytes for ${sent} bytes of commands, the limit is ${limit}`);
  }),

  raftTest('TestFollowerFailure3B', { peers: 3 }, async (lab) => {
    await agreeAt(lab, 1, 101, 3);
    const first = await lab.oneLeader();
    lab.disconnect(lab.after(first));
    await lab.agree(102, 2, 'once');
    await lab.sleep(RESTS_MS.election);
    await lab.agree(103, 2, 'once');

    const second = await lab.oneLeader();
    lab.disconnect(lab.after(second), lab.after(second, 2));
    const entry = lab.start(second, 104);
    expect(entry !== undefined, 'the leader refused a command');
    expect(entry.index === 4, `expected index 4, got ${entry.index}`);
    await lab.sleep(2 * RESTS_MS.election);
    expect(lab.appliedBy(4) === 0, 'a command was applied without a majority');
  }),

  raftTest('TestLeaderFailure3B', { peers: 3 }, async (lab) => {
    await agreeAt(lab, 1, 101, 3);
    lab.disconnect(await lab.oneLeader());
    await lab.agree(102, 2, 'once');
    await lab.sleep(RESTS_MS.election);
    await lab.agree(103, 2, 'once');

    lab.disconnect(await lab.oneLeader());
    for (const id of lab.ids) lab.start(id, 104);
    await lab.sleep(2 * RESTS_MS.election);
    expect(lab.appliedBy(4) === 0, 'a command was applied without a majority');
  }),

  raftTest('TestFailAgree3B', { peers: 3 }, async (lab) => {
    await agreeAt(lab, 1, 101, 3);
    const follower = lab.after(await lab.oneLeader());
    lab.disconnect(follower);
    await lab.agree(102, 2, 'once');
    await lab.agree(103, 2, 'once');
    await lab.sleep(RESTS_MS.election);
    await lab.agree(104, 2, 'once');
    await lab.agree(105, 2, 'once');

    lab.connect(follower);
    await lab.agree(106, 3, 'retry');
    await lab.sleep(RESTS_MS.election);
    await lab.agree(107, 3, 'retry');
  }),

  raftTest('TestFailNoAgree3B', { peers: 5 }, async (lab) => {
    await agreeAt(lab, 1, 10, 5);
    const first = await lab.oneLeader();
    const others = [1, 2, 3].map((steps) => lab.after(first, steps));
    lab.disconnect(...others);
    const lonely = lab.start(first, 20);
    expect(lonely !== undefined, 'the leader refused a command');
    expect(lonely.index === 2, `expected index 2, got ${lonely.index}`);
    await lab.sleep(2 * RESTS_MS.election);
    expect(lab.appliedBy(2) === 0, 'a command was applied without a majority');

    lab.connect(...others);
    const entry = lab.start(await lab.oneLeader(), 30);
    expect(entry !== undefined, 'the leader refused a command');
    expect(entry.index === 2 || entry.index === 3, `expected index 2 or 3, got ${entry.index}`);
    await lab.agree(1000, 5, 'retry');
  }),

  raftTest('TestConcurrentStarts3B', { peers: 3 }, async (lab) => {
    for (let attempt = 0; attempt < 5; attempt++) {
      if (attempt > 0) await lab.sleep(3000);
      if (await startTogether(lab)) return;
    }
    expect(false, 'the term changed too often');
  }),

  raftTest('TestRejoin3B', { peers: 3 }, async (lab) => {
    await agreeAt(lab, 1, 101, 3);
    const first = await lab.oneLeader();
    lab.disconnect(first);
    for (const value of [102, 103, 104]) lab.start(first, value);
    await lab.agree(103, 2, 'retry');

    const second = await lab.oneLeader();
    lab.disconnect(second);
    lab.connect(first);
    await lab.agree(104, 2, 'retry');
    lab.connect(second);
    await lab.agree(105, 3, 'retry');
  }),

  raftTest('TestBackup3B', { peers: 5 }, async (lab) => {
    await lab.agree(lab.value(), 5, 'retry');

    // A leader and a follower collect 50 commands that cannot commit.
    const first = await lab.oneLeader();
    const pair = [first, lab.after(first)];
    const rest = [2, 3, 4].map((steps) => lab.after(first, steps));
    lab.disconnect(...rest);
    for (let count = 0; count < 50; count++) lab.start(first, lab.value());
    await lab.sleep(RESTS_MS.shortElection);
    lab.disconnect(...pair);

    // The other three commit 50; then one of them is away and 50 more cannot commit.
    lab.connect(...rest);
    await agreeOften(lab, 50, 3);
    const second = await lab.oneLeader();
    const away = second === rest[0] ? rest[1]! : rest[0]!;
    lab.disconnect(away);
    for (let count = 0; count < 50; count++) lab.start(second, lab.value());
    await lab.sleep(RESTS_MS.shortElection);

    // The first pair and that one go on; all logs differ by 50 entries, twice over.
    lab.disconnect(...lab.ids);
    lab.connect(...pair, away);
    await agreeOften(lab, 50, 3);
    lab.connect(...lab.ids);
    await lab.agree(lab.value(), 5, 'retry');
  }),

  raftTest('TestCount3B', { peers: 3 }, async (lab) => {
    await lab.oneLeader();
    const { calls } = lab.traffic;
    expect(calls >= 1 && calls <= 30, `${calls} calls for the first leader, the limit is 30`);
    let after: number | undefined;
    for (let attempt = 0; attempt < 5 && after === undefined; attempt++) {
      if (attempt > 0) await lab.sleep(3000);
      after = await countAgreement(lab);
    }
    expect(after !== undefined, 'the term changed too often');
    await lab.sleep(RESTS_MS.election);
    const quiet = lab.traffic.calls - after;
    expect(quiet <= 3 * 20, `${quiet} calls in a quiet second, the limit is 60`);
  }),
];

async function agreeAt(lab: Lab, index: number, value: Value, servers: number): Promise<void> {
  const at = await lab.agree(value, servers, 'once');
  expect(at === index, `expected index ${index}, got ${at}`);
}

async function agreeOften(lab: Lab, times: number, servers: number): Promise<void> {
  for (let count = 0; count < times; count++) await lab.agree(lab.value(), servers, 'retry');
}

/** One command, then five more at the same moment. False if the term changed meanwhile. */
async function startTogether(lab: Lab): Promise<boolean> {
  const leader = await lab.oneLeader();
  const first = lab.start(leader, 1);
  if (first === undefined) return false;
  const offers = [100, 101, 102, 103, 104].map((value) => async () => ({
    value,
    entry: lab.start(leader, value),
  }));
  const taken = (await together(lab.time, offers)).filter(
    ({ entry }) => entry?.term === first.term,
  );
  if (lab.cluster.get(leader).status().term !== first.term) return false;

  const applied = new Set<Value>();
  for (const { entry } of taken) {
    const value = await lab.waitFor(entry!.index, lab.size, first.term);
    if (value === undefined) return false;
    applied.add(value);
  }
  for (const { value } of taken) expect(applied.has(value), `command ${value} was lost`);
  return true;
}

/** Twelve commands in a row. Answers all calls so far, or undefined if the term changed. */
async function countAgreement(lab: Lab): Promise<number | undefined> {
  const leader = await lab.oneLeader();
  const before = lab.traffic.calls;
  const first = lab.start(leader, 1);
  if (first === undefined) return undefined;
  const values: Value[] = [];
  for (let offset = 1; offset <= 11; offset++) {
    const value = lab.value();
    const entry = lab.start(leader, value);
    if (entry?.term !== first.term) return undefined;
    expect(entry.index === first.index + offset, `index ${entry.index} is out of order`);
    values.push(value);
  }
  for (let offset = 1; offset <= 10; offset++) {
    const value = await lab.waitFor(first.index + offset, lab.size, first.term);
    if (value === undefined) return undefined;
    expect(value === values[offset - 1], `another command at index ${first.index + offset}`);
  }
  if (lab.ids.some((id) => lab.cluster.get(id).status().term !== first.term)) return undefined;
  const calls = lab.traffic.calls;
  const limit = (10 + 1 + 3) * 3;
  expect(
    calls - before <= limit,
    `${calls - before} calls for ten commands, the limit is ${limit}`,
  );
  return calls;
}
