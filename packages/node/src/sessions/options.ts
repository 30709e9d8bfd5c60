import type { SessionOptions } from '../api.ts';

/** LogCabin's. Long enough for a network that is mended by hand. */
export const DEFAULT_SESSION_TIMEOUT_MS = 3_600_000;
/** Dragonboat's. */
export const DEFAULT_MAX_SESSIONS = 4_096;

export type ResolvedSessionOptions<Result> = Required<SessionOptions<Result>>;

export function resolveSessionOptions<Result>(
  options: SessionOptions<Result> = {},
): ResolvedSessionOptions<Result> {
  return {
    timeoutMs: DEFAULT_SESSION_TIMEOUT_MS,
    maxSessions: DEFAULT_MAX_SESSIONS,
    encodeResult: toJson,
    decodeResult: fromJson,
    ...options,
  };
}

/** Without a result there are no bytes: JSON has no word for that. */
const toJson = (result: unknown): Uint8Array =>
  new TextEncoder().encode(result === undefined ? '' : JSON.stringify(result));

function fromJson<Result>(bytes: Uint8Array): Result {
  const text = new TextDecoder().decode(bytes);
  return (text === '' ? undefined : JSON.parse(text)) as Result;
}
