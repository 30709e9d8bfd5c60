/**
 * What a session writes into the log (dissertation §6.3), in bytes. Such entries stand in batches of
 * a kind of their own, so that commands without a session carry not one byte for it.
 *
 *     0  u8   kind: 1 open, 2 command, 3 renew, 4 close, 5 clock
 *     1  …    the kind's numbers, 8 bytes each; behind those of a command its bytes
 */

import { numberAt, putNumber } from '../bytes.ts';
import { FrameError } from '../errors.ts';

export type SessionEntry =
  /** Answered with the new session's id. */
  | {
      readonly kind: 'open';
      /** Replicated time without a sign of life after which the session ends. At least 1. */
      readonly timeoutMs: number;
      /** When so many are open, those that were idle longest make room. At least 1. */
      readonly maxSessions: number;
    }
  | {
      readonly kind: 'command';
      readonly session: number;
      /** 1, 2, 3 … within the session. A repetition has the same. */
      readonly serial: number;
      /** Every answer below is known to the client and can be forgotten. At most `serial`. */
      readonly firstOutstanding: number;
      readonly command: Uint8Array;
    }
  /** A sign of life. */
  | { readonly kind: 'renew'; readonly session: number; readonly firstOutstanding: number }
  | { readonly kind: 'close'; readonly session: number }
  /** A leader says how long it has led since it last said so. */
  | { readonly kind: 'clock'; readonly elapsedMs: number };

const OPEN = 1;
const COMMAND = 2;
const RENEW = 3;
const CLOSE = 4;
const CLOCK = 5;
const NUMBER_BYTES = 8;

/** What a session puts in front of a command. */
export const SESSION_COMMAND_OVERHEAD_BYTES = 1 + 3 * NUMBER_BYTES;

export function encodeSessionEntry(entry: SessionEntry): Uint8Array {
  switch (entry.kind) {
    case 'open':
      return numbers(OPEN, [entry.timeoutMs, entry.maxSessions]);
    case 'command': {
      const { session, serial, firstOutstanding, command } = entry;
      return numbers(COMMAND, [session, serial, firstOutstanding], command);
    }
    case 'renew':
      return numbers(RENEW, [entry.session, entry.firstOutstanding]);
    case 'close':
      return numbers(CLOSE, [entry.session]);
    case 'clock':
      return numbers(CLOCK, [entry.elapsedMs]);
  }
}

/** @throws {FrameError} unless `bytes` are exactly one well-formed entry. A command is a view. */
export function decodeSessionEntry(bytes: Uint8Array): SessionEntry {
  switch (bytes[0]) {
    case OPEN: {
      const [timeoutMs, maxSessions] = numbersOf(bytes, 2) as [number, number];
      if (timeoutMs === 0 || maxSessions === 0) throw new FrameError('a session of nothing', 1);
      return { kind: 'open', timeoutMs, maxSessions };
    }
    case COMMAND: {
      const end = SESSION_COMMAND_OVERHEAD_BYTES;
      const head = bytes.subarray(0, end);
      const [session, serial, firstOutstanding] = numbersOf(head, 3) as [number, number, number];
      if (firstOutstanding === 0 || firstOutstanding > serial) {
        throw new FrameError(`command ${serial} acknowledges all before ${firstOutstanding}`, 17);
      }
      const command = bytes.subarray(end);
      return { kind: 'command', session, serial, firstOutstanding, command };
    }
    case RENEW: {
      const [session, firstOutstanding] = numbersOf(bytes, 2) as [number, number];
      return { kind: 'renew', session, firstOutstanding };
    }
    case CLOSE:
      return { kind: 'close', session: numbersOf(bytes, 1)[0]! };
    case CLOCK:
      return { kind: 'clock', elapsedMs: numbersOf(bytes, 1)[0]! };
    default:
      throw new FrameError(`unknown entry of a session, of kind ${bytes[0]}`, 0);
  }
}

function numbers(
  kind: number,
  values: readonly number[],
  rest: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const bytes = new Uint8Array(1 + NUMBER_BYTES * values.length + rest.length);
  bytes[0] = kind;
  for (const [at, value] of values.entries()) putNumber(bytes, 1 + NUMBER_BYTES * at, value);
  bytes.set(rest, 1 + NUMBER_BYTES * values.length);
  return bytes;
}

function numbersOf(bytes: Uint8Array, count: number): number[] {
  if (bytes.length !== 1 + NUMBER_BYTES * count) {
    throw new FrameError(`a session's entry of kind ${bytes[0]} in ${bytes.length} bytes`, 0);
  }
  return Array.from({ length: count }, (_, at) => numberAt(bytes, 1 + NUMBER_BYTES * at));
}
