import type { SessionOptions } from '../api.ts';
import { requireOptions, requireType, requireWhole } from '../checks.ts';

/** LogCabin's. Long enough for a network that is mended by hand. */
export const DEFAULT_SESSION_TIMEOUT_MS = 3_600_000;
/** Dragonboat's. */
export const DEFAULT_MAX_SESSIONS = 4_096;

export type ResolvedSessionOptions<Result> = Required<SessionOptions<Result>>;

const DEFAULTS: ResolvedSessionOptions<unknown> = {
  timeoutMs: DEFAULT_SESSION_TIMEOUT_MS,
  maxSessions: DEFAULT_MAX_SESSIONS,
  encodeResult: toJson,
  decodeResult: fromJson,
};

/** @throws {RaftError} `RAFT_BAD_OPTION` */
export function resolveSessionOptions<Result>(
  options: SessionOptions<Result> = {},
): ResolvedSessionOptions<Result> {
  requireOptions('sessions', options, DEFAULTS);
  const defaults = DEFAULTS as ResolvedSessionOptions<Result>;
  const {
    timeoutMs = defaults.timeoutMs,
    maxSessions = defaults.maxSessions,
    encodeResult = defaults.encodeResult,
    decodeResult = defaults.decodeResult,
  } = options;
  requireWhole('sessions.timeoutMs', timeoutMs, 1);
  requireWhole('sessions.maxSessions', maxSessions, 1);
  requireType('sessions.encodeResult', encodeResult, 'function');
  requireType('sessions.decodeResult', decodeResult, 'function');
  return { timeoutMs, maxSessions, encodeResult, decodeResult };
}

/** Without a result there are no bytes: JSON has no word for that. */
function toJson(result: unknown): Uint8Array {
  return new TextEncoder().encode(result === undefined ? '' : JSON.stringify(result));
}

function fromJson<Result>(bytes: Uint8Array): Result {
  const text = new TextDecoder().decode(bytes);
  return (text === '' ? undefined : JSON.parse(text)) as Result;
}
