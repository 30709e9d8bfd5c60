/**
 * Commands that this server passes to whoever leads.
 *
 * They wait while nobody is known to lead; all that wait in one turn travel as one payload. What
 * surely was not appended is sent again, for as long as the caller waits. What may have been
 * appended without our hearing of it is not: its outcome is unknown, and only the caller knows
 * whether a second application does harm (§8).
 */

import type { ForwardResult, Milliseconds, Raft, Term } from '@quorate/core';
import { type CommandSlab, CommandSlabBuilder } from '@quorate/wire';
import { RaftError } from '../errors.ts';
import { firstCallId } from './call-id.ts';
import { CALL_OVERHEAD_BYTES, type PendingCall } from './pending-call.ts';
import type { PlacedGroup } from './placed-proposals.ts';

/** Commands in one forwarded payload, at least one: well below any frame limit. */
const MAX_PAYLOAD_BYTES = 1_048_576;

interface Waiting<Result> {
  readonly call: PendingCall<Result>;
  /** Kept as it is: a copy, or memory that nobody changes. */
  readonly command: Uint8Array;
  /** An entry of a session: it travels with its like. */
  readonly isOfSessions: boolean;
}

interface Sent<Result> {
  readonly calls: readonly PendingCall<Result>[];
  readonly payload: CommandSlab;
  readonly term: Term;
  readonly expiresAt: Milliseconds;
}

export interface ForwardingLimits {
  /** Bytes of commands that may wait for a leader or for its answer, each call counted in. */
  readonly maxWaitingBytes: number;
  /** How long to wait before asking again after a refusal. */
  readonly retryDelayMs: Milliseconds;
  /** How long a leader may take to answer; it need not commit for that. */
  readonly answerTimeoutMs: Milliseconds;
}

export class Forwarding<Result> {
  readonly #raft: Raft;
  readonly #limits: ForwardingLimits;
  #waiting: Waiting<Result>[] = [];
  #waitingBytes = 0;
  #sentBytes = 0;
  #retryAt: Milliseconds = 0;
  /** Oldest first, and so the first to expire first. */
  readonly #sent = new Map<number, Sent<Result>>();
  #lastId = firstCallId();

  constructor(raft: Raft, limits: ForwardingLimits) {
    this.#raft = raft;
    this.#limits = limits;
  }

  add(waiting: Waiting<Result>): void {
    const { call, command } = waiting;
    const bytes = command.length + CALL_OVERHEAD_BYTES;
    if (this.bytes + bytes > this.#limits.maxWaitingBytes) {
      const reason = `${this.bytes} bytes of commands wait for a leader`;
      call.fail(new RaftError('RAFT_PROPOSAL_DROPPED', `${reason}; back off, then retry`));
      return;
    }
    this.#waitingBytes += bytes;
    this.#waiting.push(waiting);
  }

  /** Held for those who wait. */
  get bytes(): number {
    return this.#waitingBytes + this.#sentBytes;
  }

  /** Who leads has changed: no reason to wait any longer. */
  retryNow(): void {
    this.#retryAt = 0;
  }

  /** When `place` must run again though nothing else happens. */
  get nextDeadline(): Milliseconds {
    if (this.bytes === 0) return Infinity;
    const expiry = this.#sent.size === 0 ? Infinity : this.#firstExpiry();
    const isRetryDue = this.#waiting.length > 0 && this.#raft.leaderId !== undefined;
    return isRetryDue ? Math.min(expiry, this.#retryAt) : expiry;
  }

  #firstExpiry(): Milliseconds {
    const [oldest] = this.#sent.values();
    return oldest?.expiresAt ?? Infinity;
  }

  /** Everything that waits, for a server that has become the leader itself. */
  takeWaiting(): readonly Waiting<Result>[] {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return taken;
  }

  /** Sends what waits, if there is a leader to send it to. */
  place(now: Milliseconds): void {
    if (this.bytes === 0) return;
    if (this.#sent.size > 0) this.#giveUp(now);
    if (this.#waiting.length === 0 || now < this.#retryAt) return;
    if (this.#raft.leaderId === undefined) return;

    const waiting = this.takeWaiting();
    this.#sendAll(waiting, false, now);
    this.#sendAll(waiting, true, now);
  }

  /** The answer, which may come from ourselves. Answers what now stands in the log. */
  answered(result: ForwardResult, now: Milliseconds): PlacedGroup<Result> | undefined {
    if (result.kind === 'refused') {
      this.notSent(result.id, now);
      return undefined;
    }
    const sent = this.#takeSent(result.id);
    if (sent === undefined) return undefined;
    const { firstIndex, term } = result;
    return { firstIndex, term, payload: sent.payload, calls: sent.calls };
  }

  /** Surely appended nowhere: it waits again. */
  notSent(id: number, now: Milliseconds): void {
    const sent = this.#takeSent(id);
    if (sent === undefined) return;
    this.#retryAt = now + this.#limits.retryDelayMs;
    let at = 0;
    for (const command of sent.payload) {
      const call = sent.calls[at++];
      if (call === undefined || call.isAbandoned) continue;
      this.add({ call, command, isOfSessions: sent.payload.isOfSessions });
    }
  }

  failAll(unplaced: () => Error, unknown: () => Error): void {
    for (const { call } of this.takeWaiting()) call.fail(unplaced());
    for (const id of this.#sent.keys()) {
      for (const call of this.#takeSent(id)?.calls ?? []) call.fail(unknown());
    }
  }

  #sendAll(waiting: readonly Waiting<Result>[], isOfSessions: boolean, now: Milliseconds): void {
    const builder = new CommandSlabBuilder();
    let calls: PendingCall<Result>[] = [];
    for (const next of waiting) {
      if (next.call.isAbandoned || next.isOfSessions !== isOfSessions) continue;
      builder.append(next.command);
      calls.push(next.call);
      if (builder.byteLength < MAX_PAYLOAD_BYTES) continue;
      this.#send(builder.seal(isOfSessions), calls, now);
      calls = [];
    }
    if (calls.length > 0) this.#send(builder.seal(isOfSessions), calls, now);
  }

  #send(payload: CommandSlab, calls: readonly PendingCall<Result>[], now: Milliseconds): void {
    const id = ++this.#lastId;
    const expiresAt = now + this.#limits.answerTimeoutMs;
    this.#sentBytes += costOf(payload, calls);
    this.#sent.set(id, { calls, payload, term: this.#raft.term, expiresAt });
    this.#raft.step({ kind: 'forwardRequested', id, payload }, now);
  }

  #takeSent(id: number): Sent<Result> | undefined {
    const sent = this.#sent.get(id);
    if (sent === undefined) return undefined;
    this.#sent.delete(id);
    this.#sentBytes -= costOf(sent.payload, sent.calls);
    return sent;
  }

  /** A leader that is gone, or too slow, may have appended it all the same. */
  #giveUp(now: Milliseconds): void {
    for (const [id, { calls, term, expiresAt }] of this.#sent) {
      if (term === this.#raft.term && now < expiresAt) break;
      this.#takeSent(id);
      for (const call of calls) {
        const reason = 'the leader did not say whether it took the command';
        const remedy = 'look whether it took effect before you retry';
        call.fail(new RaftError('RAFT_OUTCOME_UNKNOWN', `${reason}; ${remedy}`));
      }
    }
  }
}

const costOf = (payload: CommandSlab, calls: readonly unknown[]): number =>
  payload.byteLength + calls.length * CALL_OVERHEAD_BYTES;
