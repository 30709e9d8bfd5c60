import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LogIndex, seededRandom } from '@quorate/core';
import type { SessionEntry } from './session-entry.ts';
import { SessionTable, type SessionVerdict } from './session-table.ts';
import {
  allSessionRows,
  changedSessionRows,
  decodeSessionTable,
  encodeSessionTable,
  type SessionRow,
  sessionTableOfRows,
} from './session-table-codec.ts';

const NO_COMMAND = new Uint8Array(0);
const HOUR_MS = 3_600_000;

/** A table, and the log on its way into it. */
class Played {
  readonly table = new SessionTable();
  #index = 0;

  step(entry: SessionEntry): SessionVerdict {
    this.#index += 1;
    return this.table.apply(this.#index as LogIndex, entry);
  }

  open(timeoutMs = HOUR_MS, maxSessions = 100): number {
    const verdict = this.step({ kind: 'open', timeoutMs, maxSessions });
    assert.equal(verdict.kind, 'opened');
    return verdict.kind === 'opened' ? verdict.session : 0;
  }

  command(session: number, serial: number, firstOutstanding = 1): SessionVerdict['kind'] {
    const entry = { session, serial, firstOutstanding, command: NO_COMMAND };
    const verdict = this.step({ kind: 'command', ...entry });
    if (verdict.kind === 'apply') this.table.complete(session, serial, Uint8Array.of(serial));
    return verdict.kind;
  }
}

test('a serial number is applied once, whatever order it comes in and however often', () => {
  const played = new Played();
  const session = played.open();
  const kinds = [2, 1, 2, 3, 1].map((serial) => played.command(session, serial));
  assert.deepEqual(kinds, ['apply', 'apply', 'applied', 'apply', 'applied']);
  const again = { kind: 'command', session, serial: 3, firstOutstanding: 1 } as const;
  const verdict = played.step({ ...again, command: NO_COMMAND });
  assert.deepEqual(verdict, { kind: 'applied', response: Uint8Array.of(3) });
});

test('two sessions with the same serial numbers have nothing to do with each other', () => {
  const played = new Played();
  const [a, b] = [played.open(), played.open()];
  assert.notEqual(a, b);
  assert.equal(played.command(a, 1), 'apply');
  assert.equal(played.command(b, 1), 'apply');
});

test('what is acknowledged is forgotten, and a straggler of it is not applied', () => {
  const played = new Played();
  const session = played.open();
  for (const serial of [1, 2, 3]) played.command(session, serial);
  assert.equal(played.command(session, 4, 3), 'apply');
  assert.deepEqual([...played.table.get(session)!.responses.keys()], [3, 4]);
  // 1 was answered; 5 was given up before it ever arrived.
  assert.equal(played.command(session, 1, 1), 'forgotten');
  assert.equal(played.command(session, 6, 6), 'apply');
  assert.equal(played.command(session, 5, 5), 'forgotten');
});

test('a repetition beside its first copy waits for the same answer', () => {
  const { table } = new Played();
  table.apply(1 as LogIndex, { kind: 'open', timeoutMs: HOUR_MS, maxSessions: 9 });
  const entry = { kind: 'command', session: 1, serial: 1, firstOutstanding: 1 } as const;
  const command = { ...entry, command: NO_COMMAND };
  assert.equal(table.apply(2 as LogIndex, command).kind, 'apply');
  assert.equal(table.apply(3 as LogIndex, command).kind, 'applying');
  table.complete(1, 1, Uint8Array.of(7));
  const answered = table.apply(4 as LogIndex, command);
  assert.deepEqual(answered, { kind: 'applied', response: Uint8Array.of(7) });
});

test('a closed session is gone with what it held', () => {
  const played = new Played();
  const session = played.open();
  played.command(session, 1);
  assert.equal(played.step({ kind: 'close', session }).kind, 'done');
  assert.equal(played.command(session, 2), 'expired');
  assert.equal(played.step({ kind: 'renew', session, firstOutstanding: 1 }).kind, 'expired');
  assert.equal(played.table.size, 0);
});

test('a session without a sign of life ends when its timeout of replicated time has passed', () => {
  const played = new Played();
  const [busy, idle] = [played.open(1_000), played.open(1_000)];
  for (let round = 0; round < 5; round += 1) {
    played.step({ kind: 'clock', elapsedMs: 200 });
    assert.equal(played.step({ kind: 'renew', session: busy, firstOutstanding: 1 }).kind, 'done');
    assert.ok(played.table.get(idle), `${played.table.timeMs} ms are not more than 1000`);
  }
  played.step({ kind: 'clock', elapsedMs: 1 });
  assert.equal(played.command(idle, 1), 'expired');
  assert.equal(played.command(busy, 1), 'apply');
});

test('a leader whose clock has gone mad ends no session that showed life since its last word', () => {
  const played = new Played();
  const sessions = [played.open(1_000), played.open(60_000)];
  for (let round = 0; round < 50; round += 1) {
    const before = played.table.timeMs;
    played.step({ kind: 'clock', elapsedMs: Number.MAX_SAFE_INTEGER });
    assert.equal(played.table.timeMs - before, 250, 'a quarter of the shortest timeout');
    for (const session of sessions) {
      assert.equal(played.step({ kind: 'renew', session, firstOutstanding: 1 }).kind, 'done');
    }
  }
});

test('when too many are open, the one that was idle longest makes room', () => {
  const played = new Played();
  const [first, second] = [played.open(HOUR_MS, 2), played.open(HOUR_MS, 2)];
  played.command(first, 1);
  const third = played.open(HOUR_MS, 2);
  assert.equal(played.table.size, 2);
  assert.equal(played.command(second, 1), 'expired');
  assert.equal(played.command(first, 2), 'apply');
  assert.equal(played.command(third, 1), 'apply');
});

/** A log as careless clients would write it: repetitions, stragglers, sessions that never were. */
function randomLog(random: () => number, length: number): SessionEntry[] {
  const below = (limit: number) => Math.floor(random() * limit);
  return Array.from({ length }, (_, position): SessionEntry => {
    const session = 1 + below(Math.min(position + 1, 12));
    const firstOutstanding = 1 + below(1 + position / 8);
    const roll = random();
    if (roll < 0.15) return { kind: 'open', timeoutMs: 100 + below(400), maxSessions: 4 };
    if (roll < 0.2) return { kind: 'clock', elapsedMs: below(200) };
    if (roll < 0.25) return { kind: 'close', session };
    if (roll < 0.3) return { kind: 'renew', session, firstOutstanding };
    const serial = firstOutstanding + below(4);
    return { kind: 'command', session, serial, firstOutstanding, command: NO_COMMAND };
  });
}

/** How a replica goes on from one portion to the next. */
const replicas: Record<
  string,
  (table: SessionTable, rows: Map<string, SessionRow>) => SessionTable
> = {
  'lives on': (table) => table,
  'restores its snapshot': (table) => decodeSessionTable(encodeSessionTable(table)),
  'reads back all rows': (table) => sessionTableOfRows(allSessionRows(table)),
  'keeps rows': (table, rows) => {
    for (const row of changedSessionRows(table)) {
      if (row.value === undefined) rows.delete(row.key.join());
      else rows.set(row.key.join(), row);
    }
    return sessionTableOfRows(rows.values());
  },
};

test('the same log makes the same table and the same answers, however it is cut and restored', () => {
  const reached = new Set<string>();
  for (let seed = 1; seed <= 60; seed += 1) {
    const log = randomLog(seededRandom(seed), 150);
    const outcomes = Object.entries(replicas).map(([name, goOn], number) => {
      const random = seededRandom(1_000 * number + seed);
      const rows = new Map<string, SessionRow>();
      const verdicts: string[] = [];
      const applied = new Set<string>();
      let table = new SessionTable();
      for (let next = 0; next < log.length; table = goOn(table, rows)) {
        const end = Math.min(log.length, next + 1 + Math.floor(random() * 9));
        const due: (() => void)[] = [];
        for (; next < end; next += 1) {
          const verdict = table.apply((next + 1) as LogIndex, log[next]!);
          reached.add(verdict.kind);
          // Whether the first copy is done already is a matter of portions.
          verdicts.push(verdict.kind === 'applying' ? 'applied' : verdict.kind);
          if (verdict.kind !== 'apply') continue;
          const { session, serial } = verdict;
          const key = `${session}/${serial}`;
          assert.ok(!applied.has(key), `seed ${seed}, ${name}: ${key} is applied twice`);
          applied.add(key);
          due.push(() => table.complete(session, serial, Uint8Array.of(session, serial)));
        }
        for (const complete of due) complete();
      }
      return { verdicts, bytes: [...encodeSessionTable(table)] };
    });
    for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0], `seed ${seed}`);
  }
  const kinds = ['applied', 'apply', 'applying', 'done', 'expired', 'forgotten', 'opened'];
  assert.deepEqual([...reached].sort(), kinds);
});
