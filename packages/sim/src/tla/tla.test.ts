/** Traces of runs: those of the core are accepted, those that were changed or of a changed core are not. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acceptTrace } from './accept.ts';
import { runForTla, type TlaRun } from './run.ts';
import { BUG_SEEDS, runWithBug, TRACE_BUGS } from './trace-bugs.test.support.ts';

const SEEDS = 40;
const LINES = 600;

/** What the runs together must have reached, or they show nothing. */
const REACHED = [
  ...['crash', 'crashLeader', 'restart', 'split', 'isolateLeader', 'transfer'],
  ...['truncated', 'rejectedAppend', 'snapshotInstalled', 'compacted'],
];

const runs = new Map<number, Promise<TlaRun>>();
function runOf(seed: number): Promise<TlaRun> {
  const run = runs.get(seed) ?? runForTla(seed, LINES);
  runs.set(seed, run);
  return run;
}

test(`the traces of ${SEEDS} seeds are accepted`, async () => {
  const reached = new Set<string>();
  const events = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { acceptance, lines, failure, reached: inRun } = await runOf(seed);
    assert.equal(failure, undefined);
    assert.notEqual(acceptance.kind, 'rejected', `seed ${seed}: ${JSON.stringify(acceptance)}`);
    const again = acceptTrace(lines);
    assert.equal(again.kind, 'accepted');
    // TLC divides by a hundredth of the length.
    assert.ok(lines.length > 100);
    for (const name of inRun.keys()) reached.add(name);
    for (const name of again.events.keys()) events.add(name);
  }
  assert.deepEqual(
    REACHED.filter((name) => !reached.has(name)),
    [],
  );
  assert.ok(events.has('BecomeFollower'));
});

test('the same seed is the same trace', async () => {
  assert.deepEqual((await runForTla(3, LINES)).lines, (await runOf(3)).lines);
});

/** The fields of each event that the specification reads, where no other value could be right too. */
const STATE = ['term', 'vote', 'commit', 'role', 'log', 'conf'];
const READ: Readonly<Record<string, readonly string[]>> = {
  BecomeCandidate: ['term', 'role'],
  BecomeLeader: STATE,
  BecomeFollower: STATE,
  Commit: STATE,
  SendRequestVoteRequest: [...STATE, 'msg.term', 'msg.index', 'msg.logTerm'],
  SendRequestVoteResponse: [...STATE, 'msg.term', 'msg.reject'],
  ReceiveRequestVoteRequest: [...STATE, 'msg.term', 'msg.index', 'msg.logTerm', 'msg.from'],
  ReceiveRequestVoteResponse: [...STATE, 'msg.term', 'msg.reject', 'msg.from'],
  SendAppendEntriesRequest: [...STATE, 'msg.term', 'msg.logTerm', 'msg.commit'],
  SendAppendEntriesResponse: [...STATE, 'msg.term', 'msg.index', 'msg.reject'],
  ReceiveAppendEntriesRequest: [
    ...[...STATE, 'msg.term', 'msg.index', 'msg.logTerm'],
    ...['msg.entries', 'msg.commit', 'msg.from'],
  ],
  ReceiveAppendEntriesResponse: [...STATE, 'msg.term', 'msg.reject', 'msg.from'],
};

test('a trace in which one thing that the specification reads was changed is rejected', async () => {
  let changes = 0;
  for (const seed of [2, 3, 7]) {
    const { lines } = await runForTla(seed, 200);
    for (const [at, line] of lines.entries()) {
      const { name } = JSON.parse(line).event;
      for (const field of READ[name] ?? []) {
        const changed = lines.with(at, withChanged(line, field));
        assert.equal(acceptTrace(changed).kind, 'rejected', `seed ${seed}, ${field} of ${line}`);
        changes += 1;
      }
    }
  }
  assert.ok(changes > 1000);
});

function withChanged(line: string, field: string): string {
  const parsed = JSON.parse(line);
  const { event } = parsed;
  const [holder, name] = field.startsWith('msg.')
    ? [event.msg, field.slice('msg.'.length)]
    : [field in event.state ? event.state : event, field];
  const value = holder[name];
  if (name === 'conf') holder.conf = [value[0].slice(1), []];
  else if (name === 'role') {
    holder.role = value === 'StateLeader' ? 'StateFollower' : 'StateLeader';
  } else if (typeof value === 'string') holder[name] = value === '1' ? '2' : '1';
  else holder[name] = typeof value === 'boolean' ? !value : value + 1;
  return JSON.stringify(parsed);
}

test('a trace without one of its lines is rejected where the line mattered', async () => {
  const kept = new Map<string, { dropped: number; rejected: number }>();
  for (const seed of [2, 3, 7]) {
    const { lines } = await runForTla(seed, 200);
    for (const [at, line] of lines.entries()) {
      const { name } = JSON.parse(line).event;
      const count = kept.get(name) ?? { dropped: 0, rejected: 0 };
      count.dropped += 1;
      if (acceptTrace(lines.toSpliced(at, 1)).kind === 'rejected') count.rejected += 1;
      kept.set(name, count);
    }
  }
  for (const [name, { dropped, rejected }] of kept) {
    // A message that nobody receives need not be sent, and one Ready may do for two.
    assert.ok(rejected > 0, `${dropped} times ${name} was not missed`);
    if (name === 'BecomeCandidate') assert.equal(rejected, dropped);
  }
});

describe('the trace of a core with a bug is rejected', () => {
  for (const bug of TRACE_BUGS) {
    test(bug.name, async () => {
      const run = await runWithBug(bug);
      for (let seed = bug.seed; seed < bug.seed + BUG_SEEDS; seed++) {
        if ((await run(seed, LINES)).acceptance.kind === 'rejected') return;
      }
      assert.fail(`${BUG_SEEDS} traces were accepted`);
    });
  }
});
