/**
 * From `transferLeadership` to the moment at which the other server leads (dissertation §3.10).
 *
 * The core gives up after an election timeout, so nobody waits for longer unless the lead is lost
 * meanwhile and nobody is known to have it.
 */

import type { Milliseconds, NodeId, Raft, Term, TransferRefusal } from '@quorate/core';
import type { CallOptions } from '../api.ts';
import { RaftError } from '../errors.ts';
import { PendingCall } from './pending-call.ts';
import type { CallHost } from './proposals.ts';

interface Asked {
  readonly to: NodeId | undefined;
  readonly call: PendingCall<NodeId>;
}

interface Begun {
  readonly to: NodeId;
  readonly term: Term;
  readonly call: PendingCall<NodeId>;
}

export class LeadershipTransfers {
  readonly #host: CallHost;
  readonly #raft: Raft;
  #asked: Asked[] = [];
  #begun: Begun[] = [];

  constructor(host: CallHost) {
    this.#host = host;
    this.#raft = host.raft;
  }

  transfer(to: number | undefined, { signal }: CallOptions): Promise<NodeId> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const call = new PendingCall<NodeId>(resolve, reject, signal, false);
      this.#asked.push({ to: to as NodeId | undefined, call });
      this.#host.wake();
    });
  }

  /** Nothing was asked for that is not done. */
  get isIdle(): boolean {
    return this.#asked.length === 0 && this.#begun.length === 0;
  }

  /** First thing in a turn: what was asked for is put to the core. */
  place(now: Milliseconds): void {
    if (this.#asked.length === 0) return;
    const asked = this.#asked;
    this.#asked = [];
    for (const { to, call } of asked) {
      if (call.isAbandoned) continue;
      const answer = this.#raft.transferLeadership(to, now);
      if (answer.kind === 'begun') {
        this.#begun.push({ to: answer.to, term: this.#raft.term, call });
      } else if (answer.reason === 'leads-already') {
        call.succeed(to as NodeId);
      } else {
        call.fail(this.#refusal(answer.reason, to));
      }
    }
  }

  /** Last thing in a turn: what has become of those that are under way? */
  look(): void {
    if (this.#begun.length === 0) return;
    this.#begun = this.#begun.filter((transfer) => !this.#settle(transfer));
  }

  /** The node ends. */
  close(reason: RaftError): void {
    for (const { call } of [...this.#asked, ...this.#begun]) call.fail(reason);
    this.#asked = [];
    this.#begun = [];
  }

  /** Answers true when the caller has been told, or has gone. */
  #settle({ to, term, call }: Begun): boolean {
    const { isLeader, leaderId, transferTarget } = this.#raft;
    if (isLeader) {
      if (this.#raft.term === term && transferTarget === to) return call.isAbandoned;
      call.fail(failed(`server ${to} did not take the lead; this server leads on`));
    } else if (leaderId === to) {
      call.succeed(to);
    } else if (leaderId === undefined) {
      return call.isAbandoned;
    } else {
      call.fail(failed(`server ${leaderId} has taken the lead in the place of server ${to}`));
    }
    return true;
  }

  #refusal(reason: Exclude<TransferRefusal, 'leads-already'>, to: number | undefined): RaftError {
    switch (reason) {
      case 'not-leader':
        return this.#host.notLeader();
      case 'not-a-voter': {
        const remedy = 'name a voter, or nobody';
        return new RaftError('RAFT_BAD_OPTION', `server ${to} is not a voter; ${remedy}`);
      }
      case 'nobody-follows':
        return failed('no other voter answers and holds all that is committed');
    }
  }
}

function failed(problem: string): RaftError {
  const remedy = 'look in status() for voters that are active and hold the log, and try again';
  return new RaftError('RAFT_TRANSFER_FAILED', `${problem}; ${remedy}`);
}
