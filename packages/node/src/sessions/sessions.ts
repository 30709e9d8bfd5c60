/** The client sessions of one node: those that were opened here, and the time of all while it leads. */

import { setTimeout as wait } from 'node:timers/promises';
import { encodeSessionEntry, type SessionEntry } from '@quorate/wire';
import type { CallOptions } from '../api.ts';
import { RaftError } from '../errors.ts';
import { now, type Runtime } from '../runtime.ts';
import type { StateMachine } from '../state-machine.ts';
import { keepResult, keptResult } from './kept-result.ts';
import type { ResolvedSessionOptions } from './options.ts';
import type { SessionReply } from './portion.ts';
import { Session, type SessionHost } from './session.ts';
import { SessionClock } from './session-clock.ts';
import { SessionMachine } from './session-machine.ts';

/** The machine as the runtime is to see it: with the sessions in front, if it can have any. */
export function serveSessions<Result>(
  machine: StateMachine<Result>,
  options: ResolvedSessionOptions<Result>,
): StateMachine<Result> {
  if (!SessionMachine.canServe(machine)) return machine;
  // What it answers besides results goes to `Sessions` alone.
  const keep = (result: Result) => keepResult((of) => options.encodeResult(of), result);
  const sessions = new SessionMachine(machine, keep);
  return sessions as StateMachine<unknown> as StateMachine<Result>;
}

export class Sessions<Result> {
  readonly #runtime: Runtime<Result>;
  readonly #options: ResolvedSessionOptions<Result>;
  readonly #clock: SessionClock;
  readonly #open = new Set<Session<Result>>();
  readonly #retryDelayMs: number;
  /** Why nothing is proposed any more. */
  #end: RaftError | undefined;

  constructor(
    runtime: Runtime<Result>,
    machine: SessionMachine<unknown>,
    options: ResolvedSessionOptions<Result>,
    retryDelayMs: number,
  ) {
    this.#runtime = runtime;
    this.#options = options;
    this.#retryDelayMs = retryDelayMs;
    this.#clock = new SessionClock({
      now,
      isLeader: () => runtime.raft.isLeader,
      table: () => machine.table,
      say: (elapsedMs) => this.#say(elapsedMs),
    });
    machine.onChange = this.#clock.check;
    runtime.onLeadership(this.#clock.check);
    runtime.membership.listen(() => {
      const { removal } = runtime.membership;
      if (removal !== undefined) this.stop(removal);
    });
  }

  async open({ signal }: CallOptions): Promise<Session<Result>> {
    const { timeoutMs, maxSessions } = this.#options;
    for (;;) {
      try {
        const entry = { kind: 'open', timeoutMs, maxSessions } as const;
        const reply = await this.#propose(entry, signal === undefined ? {} : { signal });
        if (reply.kind !== 'opened') throw new TypeError(`open was answered with ${reply.kind}`);
        return this.#sessionOf(reply.session, 1, false);
      } catch (error) {
        if (signal?.aborted || !(error instanceof RaftError)) throw error;
        // A session that was opened without our hearing of it expires.
        if (error.code !== 'RAFT_OUTCOME_UNKNOWN') throw error;
      }
    }
  }

  resume(id: number, nextSerial: number): Session<Result> {
    return this.#sessionOf(id, nextSerial, true);
  }

  /** The node ends, or was removed. */
  stop(reason: RaftError): void {
    this.#end = reason;
    this.#clock.stop();
    for (const session of this.#open) session.stop(reason);
  }

  #sessionOf(id: number, nextSerial: number, isResumed: boolean): Session<Result> {
    const ended = () => this.#open.delete(session);
    const host = { ...this.#host, ended };
    const session: Session<Result> = new Session(host, id, nextSerial, isResumed);
    this.#open.add(session);
    return session;
  }

  get #host(): Omit<SessionHost<Result>, 'ended'> {
    return {
      propose: (entry, options) => this.#propose(entry, options),
      resultOf: (kept) => keptResult((bytes) => this.#options.decodeResult(bytes), kept),
      pause: (signal) => this.#pause(signal),
      timeoutMs: this.#options.timeoutMs,
    };
  }

  #propose(entry: SessionEntry, options: CallOptions): Promise<SessionReply> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    const bytes = encodeSessionEntry(entry);
    const reply: Promise<unknown> = this.#runtime.proposals.propose(
      bytes,
      { ...options, forward: true },
      true,
    );
    return reply as Promise<SessionReply>;
  }

  async #pause(signal: AbortSignal | undefined): Promise<void> {
    await wait(this.#retryDelayMs, undefined, signal && { signal }).catch(() => {});
    signal?.throwIfAborted();
  }

  #say(elapsedMs: number): boolean {
    try {
      const word = encodeSessionEntry({ kind: 'clock', elapsedMs });
      return this.#runtime.proposals.start(word, true).isLeader;
    } catch (error) {
      // Time stands still while the log is full.
      if (error instanceof RaftError) return false;
      throw error;
    }
  }
}
