import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogIndex } from '@quorate/core';
import fc from 'fast-check';
import { sessionEntry } from '../arbitraries.test.support.ts';
import { CommandSlab, parseCommands } from '../command-slab.ts';
import { FrameError } from '../errors.ts';
import {
  decodeSessionEntry,
  encodeSessionEntry,
  SESSION_COMMAND_OVERHEAD_BYTES,
} from './session-entry.ts';
import { SessionTable } from './session-table.ts';
import { decodeSessionTable, encodeSessionTable } from './session-table-codec.ts';

test('a session entry comes back, and not when it is cut short', () => {
  fc.assert(
    fc.property(sessionEntry, (entry) => {
      const bytes = encodeSessionEntry(entry);
      assert.deepEqual(decodeSessionEntry(bytes), { ...entry });
      const least = entry.kind === 'command' ? SESSION_COMMAND_OVERHEAD_BYTES : bytes.length;
      for (let length = 0; length < least; length += 1) {
        assert.throws(() => decodeSessionEntry(bytes.subarray(0, length)), FrameError);
      }
    }),
  );
});

test('an entry that no table could apply never gets into a log', () => {
  const slabOf = (...bytes: number[]) => CommandSlab.of(Uint8Array.from(bytes)).bytes;
  const renew = [3, ...new Array<number>(16).fill(0)];
  assert.equal(parseCommands(1, slabOf(...renew), undefined, 0, true).count, 1);
  for (const bytes of [[], [9], [0, 1], renew.slice(1), [...renew, 0]]) {
    assert.throws(() => parseCommands(1, slabOf(...bytes), undefined, 0, true), FrameError);
    assert.equal(parseCommands(1, slabOf(...bytes), undefined, 0).count, 1);
  }
  const acknowledgesItself = { session: 1, serial: 1, firstOutstanding: 2 };
  const command = new Uint8Array(0);
  const bytes = encodeSessionEntry({ kind: 'command', ...acknowledgesItself, command });
  assert.throws(() => decodeSessionEntry(bytes), FrameError);
});

test('a table comes back, and not when it is cut short or something follows it', () => {
  const table = new SessionTable();
  table.apply(5 as LogIndex, { kind: 'open', timeoutMs: 1_000, maxSessions: 9 });
  table.apply(6 as LogIndex, { kind: 'open', timeoutMs: 2_000, maxSessions: 9 });
  table.apply(7 as LogIndex, { kind: 'clock', elapsedMs: 40 });
  for (const serial of [2, 1]) {
    const command = { session: 5, serial, firstOutstanding: 1, command: new Uint8Array(0) };
    table.apply((7 + serial) as LogIndex, { kind: 'command', ...command });
    table.complete(5, serial, Uint8Array.of(serial, 255));
  }
  const bytes = encodeSessionTable(table);
  const read = decodeSessionTable(bytes);
  assert.deepEqual(encodeSessionTable(read), bytes);
  assert.equal(read.timeMs, 40);
  assert.deepEqual(read.get(5)?.responses.get(1), Uint8Array.of(1, 255));
  for (let length = 0; length < bytes.length; length += 1) {
    assert.throws(() => decodeSessionTable(bytes.subarray(0, length)), FrameError);
  }
  assert.throws(() => decodeSessionTable(Uint8Array.of(...bytes, 0)), FrameError);
});
