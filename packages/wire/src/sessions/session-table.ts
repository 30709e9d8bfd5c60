/**
 * Every client session of a cluster, the same on all replicas (dissertation §6.3): what was applied
 * for whom, so that a command that is proposed again is answered and not applied again.
 *
 * Pure, and a function of the log alone. Time is replicated too: it is the sum of what leaders say
 * they have led, so it never goes back, it stands still while nobody leads, and no clock of the world
 * is in it. What a table holds does not depend on how the log was cut into portions on its way here.
 */

import type { LogIndex } from '@quorate/core';
import type { SessionEntry } from './session-entry.ts';

export interface SessionState {
  /** The index at which it was opened: never given twice. */
  readonly id: number;
  readonly timeoutMs: number;
  lastUsedIndex: number;
  /** In replicated time. */
  lastUsedAtMs: number;
  firstOutstanding: number;
  /** By serial number. Undefined: being applied now. */
  readonly responses: Map<number, Uint8Array | undefined>;
}

/** What is to be done about an entry. */
export type SessionVerdict =
  /** New: apply it, then `complete`. */
  | {
      readonly kind: 'apply';
      readonly session: number;
      readonly serial: number;
      readonly command: Uint8Array;
    }
  /** Being applied already, by an entry before this one whose `complete` is due. */
  | { readonly kind: 'applying'; readonly session: number; readonly serial: number }
  /** Applied before. */
  | { readonly kind: 'applied'; readonly response: Uint8Array }
  /** A straggler: the client has said that it does not wait for this one any more. */
  | { readonly kind: 'forgotten' }
  | { readonly kind: 'opened'; readonly session: number }
  /** There is no such session, or no longer. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'done' };

const DONE: SessionVerdict = { kind: 'done' };
const EXPIRED: SessionVerdict = { kind: 'expired' };

/**
 * The most that one word of a leader moves time, as a part of the shortest timeout: a leader whose
 * clock has jumped cannot end a session that showed life a moment ago.
 */
const LARGEST_STEP = 1 / 4;

const NONE: ReadonlySet<number> = new Set();

export class SessionTable {
  /** Those that were idle longest first. */
  readonly #sessions = new Map<number, SessionState>();
  #timeMs: number;
  /** Undefined: none. Of thousands of tables most stay so. */
  #changed: Set<number> | undefined;
  /** Undefined: to be looked up. */
  #shortestTimeoutMs: number | undefined;

  /** @param sessions those that were idle longest first */
  constructor(timeMs = 0, sessions: Iterable<SessionState> = []) {
    this.#timeMs = timeMs;
    for (const session of sessions) this.#sessions.set(session.id, session);
  }

  get size(): number {
    return this.#sessions.size;
  }

  get timeMs(): number {
    return this.#timeMs;
  }

  /** Infinity when none is open. */
  get shortestTimeoutMs(): number {
    if (this.#shortestTimeoutMs === undefined) {
      let shortest = Infinity;
      for (const { timeoutMs } of this.#sessions.values()) shortest = Math.min(shortest, timeoutMs);
      this.#shortestTimeoutMs = shortest;
    }
    return this.#shortestTimeoutMs;
  }

  /** Those that were idle longest first. */
  sessions(): Iterable<SessionState> {
    return this.#sessions.values();
  }

  get(id: number): SessionState | undefined {
    return this.#sessions.get(id);
  }

  /** Ids of sessions that were changed, opened or ended since the last call. */
  takeChanged(): ReadonlySet<number> {
    const changed = this.#changed ?? NONE;
    this.#changed = undefined;
    return changed;
  }

  /** Takes the entry at `index`. Entries come in log order, each once. */
  apply(index: LogIndex, entry: SessionEntry): SessionVerdict {
    switch (entry.kind) {
      case 'open':
        return this.#open(index, entry.timeoutMs, entry.maxSessions);
      case 'command':
        return this.#begin(index, entry);
      case 'renew':
        return this.#use(index, entry) === undefined ? EXPIRED : DONE;
      case 'close':
        this.#end(entry.session);
        return DONE;
      case 'clock':
        this.#advance(entry.elapsedMs);
        return DONE;
    }
  }

  /** The answer to a command that `apply` said to apply. Kept until the client acknowledges it. */
  complete(session: number, serial: number, response: Uint8Array): void {
    // Entries behind the command may have acknowledged it or ended the session.
    const { responses } = this.#sessions.get(session) ?? {};
    if (responses?.has(serial)) responses.set(serial, response);
  }

  #open(index: LogIndex, timeoutMs: number, maxSessions: number): SessionVerdict {
    for (const id of this.#sessions.keys()) {
      if (this.#sessions.size < maxSessions) break;
      this.#end(id);
    }
    const id: number = index;
    this.#shortestTimeoutMs = undefined;
    this.#sessions.set(id, {
      id,
      timeoutMs,
      lastUsedIndex: index,
      lastUsedAtMs: this.#timeMs,
      firstOutstanding: 1,
      responses: new Map(),
    });
    this.#noteChange(id);
    return { kind: 'opened', session: id };
  }

  #begin(
    index: LogIndex,
    entry: Extract<SessionEntry, { readonly kind: 'command' }>,
  ): SessionVerdict {
    const state = this.#use(index, entry);
    if (state === undefined) return EXPIRED;
    const { session, serial, command } = entry;
    const { responses } = state;
    if (serial < state.firstOutstanding) return { kind: 'forgotten' };
    if (responses.has(serial)) {
      const response = responses.get(serial);
      if (response === undefined) return { kind: 'applying', session, serial };
      return { kind: 'applied', response };
    }
    responses.set(serial, undefined);
    return { kind: 'apply', session, serial, command };
  }

  /** A sign of life, which moves the session behind all others. */
  #use(
    index: LogIndex,
    { session, firstOutstanding }: { readonly session: number; readonly firstOutstanding: number },
  ): SessionState | undefined {
    const state = this.#sessions.get(session);
    if (state === undefined) return undefined;
    this.#sessions.delete(session);
    this.#sessions.set(session, state);
    this.#noteChange(session);
    state.lastUsedIndex = index;
    state.lastUsedAtMs = this.#timeMs;
    if (firstOutstanding > state.firstOutstanding) {
      state.firstOutstanding = firstOutstanding;
      for (const serial of state.responses.keys()) {
        if (serial < firstOutstanding) state.responses.delete(serial);
      }
    }
    return state;
  }

  #advance(elapsedMs: number): void {
    if (this.#sessions.size === 0) return;
    const largest = Math.max(1, Math.floor(this.shortestTimeoutMs * LARGEST_STEP));
    this.#timeMs += Math.min(elapsedMs, largest);
    for (const { id, lastUsedAtMs, timeoutMs } of this.#sessions.values()) {
      if (this.#timeMs - lastUsedAtMs > timeoutMs) this.#end(id);
    }
  }

  #end(id: number): void {
    if (!this.#sessions.delete(id)) return;
    this.#noteChange(id);
    this.#shortestTimeoutMs = undefined;
  }

  #noteChange(id: number): void {
    this.#changed ??= new Set();
    this.#changed.add(id);
  }
}
