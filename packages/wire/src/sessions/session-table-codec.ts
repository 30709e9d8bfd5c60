/**
 * A session table in bytes: whole, for a snapshot, or row by row, for a machine that keeps it in a
 * store of its own. Two replicas at the same index have the same bytes.
 *
 *     table    time u53, number of sessions u32, then each as [u32 length][session]
 *     session  id, timeout, last index, last time, first outstanding, u53 each; number of responses
 *              u32, then each as [u53 serial][u32 length][bytes]
 */

import { numberAt, putNumber, putU32, u32At } from '../bytes.ts';
import { FrameError } from '../errors.ts';
import { type SessionState, SessionTable } from './session-table.ts';

const TABLE_HEAD_BYTES = 12;
const SESSION_HEAD_BYTES = 44;
const RESPONSE_HEAD_BYTES = 12;
const LENGTH_BYTES = 4;
const NO_BYTES = new Uint8Array(0);

/** One row of a table that is kept in an ordered store. */
export interface SessionRow {
  /** 8 bytes. */
  readonly key: Uint8Array;
  /** Undefined: the row is to be removed. */
  readonly value: Uint8Array | undefined;
}

export function encodeSessionTable(table: SessionTable): Uint8Array {
  const sessions = [...table.sessions()].map(encodeSession);
  const size = sessions.reduce((sum, { length }) => sum + LENGTH_BYTES + length, TABLE_HEAD_BYTES);
  const bytes = new Uint8Array(size);
  putNumber(bytes, 0, table.timeMs);
  putU32(bytes, 8, sessions.length);
  let at = TABLE_HEAD_BYTES;
  for (const session of sessions) {
    putU32(bytes, at, session.length);
    bytes.set(session, at + LENGTH_BYTES);
    at += LENGTH_BYTES + session.length;
  }
  return bytes;
}

/** @throws {FrameError} unless `bytes` are exactly one table. */
export function decodeSessionTable(bytes: Uint8Array): SessionTable {
  requireBytes(bytes, TABLE_HEAD_BYTES);
  const sessions: SessionState[] = [];
  let at = TABLE_HEAD_BYTES;
  for (let left = u32At(bytes, 8); left > 0; left -= 1) {
    requireBytes(bytes, at + LENGTH_BYTES);
    const end = at + LENGTH_BYTES + u32At(bytes, at);
    requireBytes(bytes, end);
    sessions.push(decodeSession(bytes.subarray(at + LENGTH_BYTES, end)));
    at = end;
  }
  if (at !== bytes.length) throw new FrameError('bytes follow the sessions', at);
  return tableOf(numberAt(bytes, 0), sessions);
}

/** The table's time has a row of its own, under a number that is no session's. */
const TIME_KEY = 0;

/** What has changed since the last call, for a store that holds the rows from before. */
export function changedSessionRows(table: SessionTable): SessionRow[] {
  const rows = [timeRow(table)];
  for (const id of table.takeChanged()) {
    const session = table.get(id);
    rows.push({ key: keyOf(id), value: session && encodeSession(session) });
  }
  return rows;
}

/** Every row, for an empty store. */
export function allSessionRows(table: SessionTable): SessionRow[] {
  const sessions = [...table.sessions()];
  return [
    timeRow(table),
    ...sessions.map((session) => ({ key: keyOf(session.id), value: encodeSession(session) })),
  ];
}

/** @throws {FrameError} unless the rows are those of one table, in whatever order. */
export function sessionTableOfRows(rows: Iterable<SessionRow>): SessionTable {
  let timeMs = 0;
  const sessions: SessionState[] = [];
  for (const { key, value = NO_BYTES } of rows) {
    if (numberAt(key, 0) === TIME_KEY) timeMs = numberAt(value, 0);
    else sessions.push(decodeSession(value));
  }
  return tableOf(timeMs, sessions);
}

function tableOf(timeMs: number, sessions: SessionState[]): SessionTable {
  return new SessionTable(
    timeMs,
    sessions.sort((a, b) => a.lastUsedIndex - b.lastUsedIndex),
  );
}

function timeRow({ timeMs }: SessionTable): SessionRow {
  return { key: keyOf(TIME_KEY), value: keyOf(timeMs) };
}

function keyOf(id: number): Uint8Array {
  const key = new Uint8Array(8);
  putNumber(key, 0, id);
  return key;
}

function encodeSession(session: SessionState): Uint8Array {
  // Ascending, because the order in which answers came is no part of the state.
  const responses = [...session.responses].sort(([a], [b]) => a - b);
  const size = responses.reduce(
    (sum, [, response]) => sum + RESPONSE_HEAD_BYTES + (response?.length ?? 0),
    SESSION_HEAD_BYTES,
  );
  const bytes = new Uint8Array(size);
  const { id, timeoutMs, lastUsedIndex, lastUsedAtMs, firstOutstanding } = session;
  const head = [id, timeoutMs, lastUsedIndex, lastUsedAtMs, firstOutstanding];
  for (const [position, value] of head.entries()) putNumber(bytes, 8 * position, value);
  putU32(bytes, 40, responses.length);
  let at = SESSION_HEAD_BYTES;
  for (const [serial, response = NO_BYTES] of responses) {
    putNumber(bytes, at, serial);
    putU32(bytes, at + 8, response.length);
    bytes.set(response, at + RESPONSE_HEAD_BYTES);
    at += RESPONSE_HEAD_BYTES + response.length;
  }
  return bytes;
}

function decodeSession(bytes: Uint8Array): SessionState {
  requireBytes(bytes, SESSION_HEAD_BYTES);
  const responses = new Map<number, Uint8Array>();
  let at = SESSION_HEAD_BYTES;
  for (let left = u32At(bytes, 40); left > 0; left -= 1) {
    requireBytes(bytes, at + RESPONSE_HEAD_BYTES);
    const end = at + RESPONSE_HEAD_BYTES + u32At(bytes, at + 8);
    requireBytes(bytes, end);
    // A copy, which `slice` of a Buffer is not: what it came from may be a whole snapshot.
    const response = new Uint8Array(bytes.subarray(at + RESPONSE_HEAD_BYTES, end));
    responses.set(numberAt(bytes, at), response);
    at = end;
  }
  if (at !== bytes.length) throw new FrameError('bytes follow a session', at);
  return {
    id: numberAt(bytes, 0),
    timeoutMs: numberAt(bytes, 8),
    lastUsedIndex: numberAt(bytes, 16),
    lastUsedAtMs: numberAt(bytes, 24),
    firstOutstanding: numberAt(bytes, 32),
    responses,
  };
}

function requireBytes(bytes: Uint8Array, end: number): void {
  if (bytes.length < end) throw new FrameError('the sessions are cut off', bytes.length);
}
