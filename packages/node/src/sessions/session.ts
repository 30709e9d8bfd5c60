import type { SessionEntry } from '@quorate/wire';
import type { CallOptions } from '../api.ts';
import { commandProblem } from '../checks.ts';
import { RaftError } from '../errors.ts';
import { LONGEST_TIMER_MS } from './options.ts';
import type { SessionReply } from './portion.ts';

/** What a session needs of its node. */
export interface SessionHost<Result> {
  /** Replicates an entry, through the leader wherever that is. */
  propose(entry: SessionEntry, options: CallOptions): Promise<SessionReply>;
  /** Of what the replicas keep of it. */
  resultOf(kept: Uint8Array): Result;
  /** Resolves after the pause between two attempts; rejects when the signal fires. */
  pause(signal: AbortSignal | undefined): Promise<void>;
  readonly timeoutMs: number;
  /** Nothing more will come of this session. */
  ended(): void;
}

/** Commands of one session that may be open at a time: bounds what replicas keep for it. */
const MAX_OUTSTANDING = 1_024;
/** Looks for signs of life in one timeout. Two without any bring one, and three may then be lost. */
const RENEWALS = 6;

/**
 * A caller whose commands apply exactly once (§8, dissertation §6.3). Open it with
 * `RaftNode.openSession`, release it with `using` or `close`.
 *
 * A session is known to all servers and survives any of them but the process that holds this object;
 * a successor takes it up by `RaftNode.resumeSession`.
 */
export class Session<Result> implements Disposable {
  /** The cluster's name for it, never given twice. */
  readonly id: number;
  readonly #host: SessionHost<Result>;
  readonly #ending = new AbortController();
  readonly #renewal: NodeJS.Timeout;
  /** Whoever had it before may have proposed any command of it. */
  readonly #isResumed: boolean;
  /** Serial numbers whose answer is not known yet, ascending. */
  readonly #outstanding = new Map<number, Promise<unknown>>();
  #nextSerial: number;
  /** The cluster has answered since the last sign of life was due. */
  #hasHeard = true;
  #isRenewing = false;
  /** Why nothing is taken any more. */
  #end: RaftError | undefined;

  /** @internal Use `RaftNode.openSession` or `RaftNode.resumeSession`. */
  constructor(host: SessionHost<Result>, id: number, nextSerial: number, isResumed: boolean) {
    this.#host = host;
    this.#isResumed = isResumed;
    this.id = id;
    this.#nextSerial = nextSerial;
    const every = Math.min(Math.ceil(host.timeoutMs / RENEWALS), LONGEST_TIMER_MS);
    this.#renewal = setInterval(() => this.#renew(), every).unref();
  }

  /** The number of the next command: what `resumeSession` must be told to propose that one again. */
  get nextSerial(): number {
    return this.#nextSerial;
  }

  /**
   * Replicates a command and resolves with the state machine's result. Proposes again, through
   * elections, lost answers and restarts of other servers, until it knows; the command is applied
   * once, however often it was proposed. Commands that are open at the same time may be applied in any
   * order. The bytes are copied before the call returns.
   *
   * Waits as long as this server is cut off from the others: give a signal.
   *
   * @throws {RaftError} `RAFT_SESSION_EXPIRED` — `details.outcome` says whether the command may have
   *   been applied (`unknown`, as always in a session that was resumed) or was `not applied`. Open another
   *   session.
   * @throws {RaftError} `RAFT_PROPOSAL_DROPPED`, `RAFT_COMMAND_TOO_LARGE`, `RAFT_DISK_FULL`,
   *   `RAFT_CLOSED` — nothing was proposed. In a session that was resumed only `RAFT_COMMAND_TOO_LARGE`, and
   *   `RAFT_PROPOSAL_DROPPED` for want of numbers: it goes on trying.
   * @throws {RaftError} `RAFT_REMOVED` — nothing was proposed: resume the session at another server.
   * @throws {RaftError} `RAFT_OUTCOME_UNKNOWN` — this node ended or was removed meanwhile.
   * @throws {RaftError} `RAFT_RESULT_NOT_KEPT` — it was applied, but `sessions.encodeResult` made no bytes of
   *   the result.
   * @throws `signal.reason` when the signal fires first: the command was applied once or not at all.
   */
  propose(command: Uint8Array, { signal }: CallOptions = {}): Promise<Result> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const problem = commandProblem(command);
    if (problem !== undefined) return Promise.reject(problem);
    if (this.#nextSerial - this.#firstOutstanding >= MAX_OUTSTANDING) {
      const reason = `${MAX_OUTSTANDING} commands of this session are open, or behind one that is`;
      const remedy = 'back off, then retry';
      return Promise.reject(new RaftError('RAFT_PROPOSAL_DROPPED', `${reason}; ${remedy}`));
    }
    const serial = this.#nextSerial;
    this.#nextSerial += 1;
    // In the list before the first attempt says which numbers are outstanding.
    this.#outstanding.set(serial, Promise.resolve());
    const answer = this.#answerOf(serial, new Uint8Array(command), signal).finally(() =>
      this.#outstanding.delete(serial),
    );
    const settled = answer.catch(() => {});
    this.#outstanding.set(serial, settled);
    return answer;
  }

  /**
   * Ends the session when its open commands are answered, so that the cluster can forget it. To drop
   * the object instead is no harm: the session ends after its timeout.
   *
   * @throws `signal.reason`
   */
  async close({ signal }: CallOptions = {}): Promise<void> {
    if (this.#end !== undefined) return;
    this.#finish(new RaftError('RAFT_CLOSED', 'the session was closed; open another one'));
    const answered = Promise.all(this.#outstanding.values());
    await (signal === undefined ? answered : Promise.race([answered, fired(signal)]));
    try {
      await this.#untilTaken(() => ({ kind: 'close', session: this.id }), signal);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      // It will expire.
      if (!(error instanceof RaftError)) throw error;
    }
  }

  /** Closes without waiting, since a server that is cut off must come to its end too. */
  [Symbol.dispose](): void {
    void this.close();
  }

  /** @internal The node ends or was removed: no more signs of life. Open commands hear it from the node. */
  stop(reason: RaftError): void {
    this.#finish(this.#end ?? reason);
  }

  get #firstOutstanding(): number {
    const [first = this.#nextSerial] = this.#outstanding.keys();
    return first;
  }

  async #answerOf(
    serial: number,
    command: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    const session = this.id;
    const { reply, isRepeated } = await this.#untilTaken(
      () => {
        const firstOutstanding = this.#firstOutstanding;
        return { kind: 'command', session, serial, firstOutstanding, command };
      },
      signal,
      this.#isResumed,
    );
    if (reply.kind === 'applied') return this.#host.resultOf(reply.response);
    if (reply.kind === 'expired') throw this.#expire(isRepeated ? 'unknown' : 'not applied');
    const what = `command ${serial} of session ${session} was answered before`;
    const remedy =
      'its result is forgotten, and it is not applied again; resume with a later number';
    throw new RaftError('RAFT_OUTCOME_UNKNOWN', `${what}; ${remedy}`);
  }

  /**
   * Proposes an entry until one attempt is answered. `isRepeated`: another one may count as well.
   *
   * @param wasProposed there may have been an attempt before
   */
  async #untilTaken(
    entryNow: () => SessionEntry,
    signal: AbortSignal | undefined,
    wasProposed = false,
  ): Promise<{ readonly reply: SessionReply; readonly isRepeated: boolean }> {
    for (let isRepeated = wasProposed; ; isRepeated = true) {
      try {
        const reply = await this.#host.propose(entryNow(), signal === undefined ? {} : { signal });
        this.#hasHeard = true;
        return { reply, isRepeated };
      } catch (error) {
        if (signal?.aborted || !(error instanceof RaftError)) throw error;
        if (error.code === 'RAFT_OUTCOME_UNKNOWN') continue;
        if (!isRepeated || error.code === 'RAFT_COMMAND_TOO_LARGE') throw error;
        if (error.code === 'RAFT_CLOSED' || error.code === 'RAFT_REMOVED')
          throw endedMeanwhile(error);
        // Refused now, which says nothing about the attempt before.
        await this.#host.pause(signal);
      }
    }
  }

  /** A sign of life, unless a command has been one. */
  #renew(): void {
    if (this.#hasHeard) {
      this.#hasHeard = false;
      return;
    }
    // While nobody leads one sign is enough: more would wait beside it, without end.
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    const entry = { session: this.id, firstOutstanding: this.#firstOutstanding };
    const { signal } = this.#ending;
    const renewed = this.#host.propose({ kind: 'renew', ...entry }, { signal }).then(
      (reply) => {
        if (reply.kind === 'expired') this.#expire('not applied');
      },
      // The next one is due soon.
      () => {},
    );
    void renewed.then(() => {
      this.#isRenewing = false;
    });
  }

  #expire(outcome: 'unknown' | 'not applied'): RaftError {
    const sessionId = this.id;
    const error = (details: 'unknown' | 'not applied') => {
      const what =
        details === 'unknown'
          ? 'an earlier attempt may have been applied: look, then open another session'
          : 'nothing more was proposed: open another session';
      return new RaftError('RAFT_SESSION_EXPIRED', `session ${sessionId} has ended; ${what}`, {
        details: { sessionId, outcome: details },
      });
    };
    this.#finish(error(this.#isResumed ? 'unknown' : 'not applied'));
    return error(outcome);
  }

  #finish(end: RaftError): void {
    this.#end ??= end;
    clearInterval(this.#renewal);
    this.#ending.abort(end);
    this.#host.ended();
  }
}

function fired(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function endedMeanwhile(cause: RaftError): RaftError {
  const remedy = 'resume the session, here or at another server, and propose the same number again';
  const message = `this server ended or was removed meanwhile; ${remedy}`;
  return new RaftError('RAFT_OUTCOME_UNKNOWN', message, { cause });
}
