/**
 * From `read` to the moment at which local state may be read (ReadIndex, dissertation §6.4).
 *
 * All reads of one turn are one question to the core. A read changes nothing, so a question that is
 * dropped or not answered is simply asked again, for as long as the caller waits. Who accepts a state
 * that is somewhat old need not wait for an answer if the last one is young enough (staleness.ts).
 */

import type { LogIndex, Milliseconds, ReadResult } from '@quorate/core';
import type { ReadOptions } from '../api.ts';
import { badOption } from '../checks.ts';
import { RaftError } from '../errors.ts';
import { firstCallId } from './call-id.ts';
import { PendingCall } from './pending-call.ts';
import type { CallHost } from './proposals.ts';
import { between, type Moment, tooOld } from './staleness.ts';

type ReadCall = PendingCall<LogIndex>;

interface AskedReads {
  /** Nobody waits for a question that only keeps the proof of our state's age young. */
  readonly calls: readonly ReadCall[];
  readonly askedAt: Moment;
  readonly expiresAt: Milliseconds;
}

interface ConfirmedReads {
  readonly calls: readonly ReadCall[];
  readonly askedAt: Moment;
  readonly readIndex: LogIndex;
}

export interface ReadLimits {
  /** How long to wait before asking again when nobody could answer. */
  readonly retryDelayMs: Milliseconds;
  /** How long an answer may take. */
  readonly answerTimeoutMs: Milliseconds;
  /** Reads that may wait at once. */
  readonly maxPendingReads: number;
}

export class Reads {
  readonly #host: CallHost;
  readonly #limits: ReadLimits;
  #unasked: ReadCall[] = [];
  #askAt: Milliseconds = 0;
  /** Oldest first, and so the first to expire first. */
  readonly #asked = new Map<number, AskedReads>();
  /** Linearizable once their index is applied. */
  #confirmed: ConfirmedReads[] = [];
  /** All that wait. */
  #count = 0;
  #appliedIndex: LogIndex;
  #lastId = firstCallId();
  /** Everything that was committed then is in our state. */
  #provenAt: Moment | undefined;
  #isRefreshWanted = false;

  constructor(host: CallHost, limits: ReadLimits, appliedIndex: LogIndex) {
    this.#host = host;
    this.#limits = limits;
    this.#appliedIndex = appliedIndex;
  }

  read({ signal, maxStalenessMs, ifOlder = 'ask' }: ReadOptions): Promise<LogIndex> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const problem = problemOf(maxStalenessMs, ifOlder);
    if (problem !== undefined) return Promise.reject(problem);
    if (maxStalenessMs !== undefined) {
      const age = this.#provenAt === undefined ? Infinity : between(this.#provenAt, this.#moment());
      // Asked early enough, so that under steady reading nobody has to wait.
      if (age > maxStalenessMs / 2) this.#refresh();
      if (age <= maxStalenessMs) return Promise.resolve(this.#appliedIndex);
      if (ifOlder === 'fail') return Promise.reject(tooOld(age, maxStalenessMs));
    }
    if (this.#count >= this.#limits.maxPendingReads) {
      const reason = `${this.#count} reads wait already (maxPendingReads)`;
      const error = new RaftError('RAFT_READ_DROPPED', `${reason}; back off, then retry`);
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      this.#count += 1;
      this.#unasked.push(new PendingCall(resolve, reject, signal, true));
      this.#host.wake();
    });
  }

  /** Puts what waits to the core, as one question. */
  ask(now: Milliseconds): void {
    if (this.#asked.size > 0) this.#takeBackExpired(now);
    if (now < this.#askAt) return;
    const isRefresh = this.#isRefreshWanted && this.#asked.size === 0;
    this.#isRefreshWanted = false;
    if (this.#unasked.length === 0 && !isRefresh) return;
    const calls = this.#unasked.filter((call) => !call.isAbandoned);
    this.#count -= this.#unasked.length - calls.length;
    this.#unasked = [];
    if (calls.length === 0 && !isRefresh) return;
    const id = ++this.#lastId;
    const askedAt = this.#moment();
    this.#asked.set(id, { calls, askedAt, expiresAt: now + this.#limits.answerTimeoutMs });
    this.#host.raft.step({ kind: 'readRequested', id }, now);
  }

  /** Nothing is asked, or is to be. */
  get isIdle(): boolean {
    return this.#unasked.length === 0 && this.#asked.size === 0 && !this.#isRefreshWanted;
  }

  /** When `ask` must run again though nothing else happens. */
  get nextDeadline(): Milliseconds {
    const expiry = this.#asked.size === 0 ? Infinity : this.#firstExpiry();
    return this.#unasked.length > 0 ? Math.min(expiry, this.#askAt) : expiry;
  }

  #firstExpiry(): Milliseconds {
    const [oldest] = this.#asked.values();
    return oldest?.expiresAt ?? Infinity;
  }

  leaderChanged(): void {
    this.#askAt = 0;
  }

  answered(result: ReadResult, now: Milliseconds): void {
    const asked = this.#asked.get(result.id);
    if (asked === undefined) return;
    this.#asked.delete(result.id);
    if (result.kind === 'ready') {
      this.#confirm({ ...asked, readIndex: result.readIndex });
    } else {
      this.#unasked.push(...asked.calls);
      this.#askAt = now + this.#limits.retryDelayMs;
    }
  }

  applied(index: LogIndex): void {
    this.#appliedIndex = index;
    if (this.#confirmed.length === 0) return;
    const confirmed = this.#confirmed;
    this.#confirmed = [];
    for (const reads of confirmed) this.#confirm(reads);
  }

  /** The node ends. */
  close(reason: Error): void {
    const asked = [...this.#asked.values(), ...this.#confirmed].flatMap(({ calls }) => calls);
    for (const call of [...this.#unasked, ...asked]) call.fail(reason);
    this.#unasked = [];
    this.#asked.clear();
    this.#confirmed = [];
  }

  #confirm(reads: ConfirmedReads): void {
    if (reads.readIndex > this.#appliedIndex) {
      this.#confirmed.push(reads);
      return;
    }
    this.#count -= reads.calls.length;
    const { askedAt, calls } = reads;
    if (askedAt.monotonic > (this.#provenAt?.monotonic ?? -Infinity)) this.#provenAt = askedAt;
    for (const call of calls) call.succeed(reads.readIndex);
  }

  #refresh(): void {
    // One that is under way, or waits for the state machine, does as well.
    if (this.#asked.size > 0 || this.#confirmed.length > 0) return;
    this.#isRefreshWanted = true;
    this.#host.wake();
  }

  #moment(): Moment {
    return { monotonic: this.#host.now(), wall: this.#host.wallTime() };
  }

  /** Their question or its answer was lost. */
  #takeBackExpired(now: Milliseconds): void {
    for (const [id, { calls, expiresAt }] of this.#asked) {
      if (now < expiresAt) break;
      this.#asked.delete(id);
      this.#unasked.push(...calls);
    }
  }
}

const IF_OLDER = ['ask', 'fail'];

function problemOf(maxStalenessMs: unknown, ifOlder: unknown): RaftError | undefined {
  if (!IF_OLDER.includes(ifOlder as string)) {
    return badOption(`ifOlder is ${ifOlder}`, `say one of ${IF_OLDER.join(', ')}`);
  }
  if (maxStalenessMs === undefined) {
    if (ifOlder === 'ask') return undefined;
    return badOption("ifOlder is 'fail', and nothing says older than what", 'give maxStalenessMs');
  }
  if (typeof maxStalenessMs === 'number' && maxStalenessMs >= 0) return undefined;
  return badOption(`maxStalenessMs is ${maxStalenessMs}`, 'give milliseconds, 0 or more');
}
