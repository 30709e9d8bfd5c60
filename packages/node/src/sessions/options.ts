import type { SessionOptions } from '../api.ts';
import { requireOptions, requireType, requireWhole } from '../checks.ts';
import { fromJson, toJson } from '../json.ts';

/** LogCabin's. Long enough for a network that is mended by hand. */
export const DEFAULT_SESSION_TIMEOUT_MS = 3_600_000;
/** Dragonboat's. */
export const DEFAULT_MAX_SESSIONS = 4_096;

/** Of a timer of Node.js: with more it fires at once. */
export const LONGEST_TIMER_MS = 2_147_483_647;

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
