/**
 * From `changeMembership` to the moment at which the whole change is committed.
 *
 * A change is known by the entry that begins it, like a command; see placed-proposals.ts. What follows
 * that entry (the votes of those who had to catch up, the end of a joint configuration) is the business
 * of whoever leads, so losing the lead decides nothing.
 */

import {
  addressOf,
  type ChangeMode,
  type ChangeRefusal,
  type Configuration,
  type LogIndex,
  leadsTo,
  type Membership,
  type Milliseconds,
  membersOf,
  type NodeId,
  type Raft,
  type ServerAddress,
  type Term,
} from '@quorate/core';
import type { ChangeMembershipOptions, MembershipTarget, PeerAddress } from '../api.ts';
import { badOption, requireAddress, requireOneOf, requireWhole } from '../checks.ts';
import { RaftError } from '../errors.ts';
import { addressText } from '../peers/address.ts';
import { PendingCall } from './pending-call.ts';
import type { CallHost } from './proposals.ts';

interface Asked {
  readonly target: Membership;
  readonly addresses: readonly ServerAddress[];
  readonly mode: ChangeMode;
  /** Until then it may turn out that those who are needed do answer. */
  readonly patientUntil: Milliseconds;
  readonly call: PendingCall<void>;
}

interface Begun extends Asked {
  readonly index: LogIndex;
  readonly term: Term;
  /** Of the entry that begins it. */
  fate: 'open' | 'committed' | 'lost' | 'unknown';
}

/** What a leader that has just been elected refuses for a moment. */
const MAY_PASS: readonly ChangeRefusal[] = ['no-commit-in-this-term', 'would-lose-quorum'];

const MODES: readonly ChangeMode[] = ['when-caught-up', 'at-once', 'forced'];

export interface MembershipChangesOptions {
  readonly host: CallHost;
  /** Where members are reached of whom the log says nothing. */
  readonly atStart: Readonly<Record<number, PeerAddress>>;
  /** How long a server that is up may be silent: a new leader has heard nobody yet. */
  readonly patienceMs: Milliseconds;
  /** False for a group of a host: only hosts of `atStart` can be reached. */
  readonly takesAddresses: boolean;
}

export class MembershipChanges {
  readonly #host: CallHost;
  readonly #raft: Raft;
  readonly #atStart: MembershipChangesOptions['atStart'];
  readonly #patienceMs: Milliseconds;
  readonly #takesAddresses: boolean;
  #asked: Asked[] = [];
  #begun: Begun[] = [];
  /** Where the leader stood when it refused what may be asked again. */
  #refusedAt: LogIndex | undefined;

  constructor({ host, atStart, patienceMs, takesAddresses }: MembershipChangesOptions) {
    this.#host = host;
    this.#raft = host.raft;
    this.#atStart = atStart;
    this.#patienceMs = patienceMs;
    this.#takesAddresses = takesAddresses;
  }

  change(target: MembershipTarget, options: ChangeMembershipOptions): Promise<void> {
    const { addresses = {}, newVoters: mode = 'when-caught-up', signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const wanted = toMembership(target);
      const given = Object.entries(addresses).map(([id, address]) => {
        requireAddress(`server ${id}`, address);
        return { id: Number(id) as NodeId, address: addressText(address) };
      });
      requireOneOf('newVoters', mode, MODES);
      // Whoever does not lead may have a log that tells of other members.
      if (!this.#raft.isLeader) throw this.#host.notLeader();
      this.#requireWhereabouts(wanted, given);
      const call = new PendingCall<void>(resolve, reject, signal, false);
      const patientUntil = this.#host.now() + this.#patienceMs;
      this.#asked.push({ target: wanted, addresses: given, mode, patientUntil, call });
      this.#host.wake();
    });
  }

  /** Nothing was asked for that is not done. */
  get isIdle(): boolean {
    return this.#asked.length === 0 && this.#begun.length === 0;
  }

  /** When `place` must run again though nothing else happens. */
  get nextDeadline(): Milliseconds {
    if (this.#asked.length === 0) return Infinity;
    return Math.min(...this.#asked.map(({ patientUntil }) => patientUntil));
  }

  /** First thing in a turn: what was asked for is put to the core. */
  place(now: Milliseconds): void {
    if (this.#asked.length === 0) return;
    const asked = this.#asked;
    this.#asked = [];
    this.#refusedAt = undefined;
    for (const change of asked) if (!change.call.isAbandoned) this.#place(change, now);
  }

  /** Last thing in a turn: what has become of those that are under way? */
  look(): void {
    const { isLeader, commitIndex } = this.#raft;
    const hasMoved = this.#refusedAt !== undefined && commitIndex !== this.#refusedAt;
    if (this.#asked.length > 0 && (hasMoved || !isLeader)) this.#host.wake();
    if (this.#begun.length === 0) return;
    this.#begun = this.#begun.filter((change) => !change.call.isAbandoned && !this.#settle(change));
  }

  /** The node ends, or takes part no longer. */
  close(reason: RaftError): void {
    for (const { call } of this.#asked) call.fail(reason);
    for (const { call } of this.#begun) {
      call.fail(
        outcomeUnknown('this server ended or left before it saw what became of it', reason),
      );
    }
    this.#asked = [];
    this.#begun = [];
  }

  #place(change: Asked, now: Milliseconds): void {
    const { target, addresses, mode, call } = change;
    const raft = this.#raft;
    const { configuration, index } = raft.membership;
    if (!raft.isLeader) {
      call.fail(this.#host.notLeader());
    } else if (leadsTo(configuration, target, addresses)) {
      // It is so already, or will be when what is under way is done.
      this.#begun.push({ ...change, index, term: raft.term, fate: 'committed' });
    } else {
      const known = this.#withKnown(configuration, target, addresses);
      const answer = raft.changeMembership(target, now, mode, known);
      if (answer.kind === 'appended') {
        this.#begun.push({ ...change, ...answer, fate: 'open' });
      } else if (MAY_PASS.includes(answer.reason) && now < change.patientUntil) {
        this.#refusedAt = raft.commitIndex;
        this.#asked.push(change);
      } else {
        call.fail(refusal(answer.reason));
      }
    }
  }

  /** Answers true when the caller has been told. */
  #settle(change: Begun): boolean {
    const { configuration, isCommitted } = this.#raft.membership;
    const { target, addresses, call } = change;
    if (change.fate === 'open') change.fate = this.#fateOf(change);
    if (change.fate === 'open') return false;
    if (change.fate === 'lost') {
      call.fail(lost());
      return true;
    }
    if (!isCommitted) return false;
    if (leadsTo(configuration, target, addresses)) {
      if (configuration.outgoing.length > 0 || configuration.next !== undefined) return false;
      call.succeed();
    } else if (change.fate === 'committed') {
      call.fail(superseded());
    } else {
      call.fail(outcomeUnknown('what became of the change was not seen here'));
    }
    return true;
  }

  #fateOf({ index, term }: Begun): Begun['fate'] {
    if (this.#raft.commitIndex < index) return 'open';
    const there = this.#raft.termAt(index);
    // Gone, with a snapshot in its place: only the configuration itself tells.
    if (there === undefined) return 'unknown';
    return there === term ? 'committed' : 'lost';
  }

  /** Every server that hears of newcomers shall know where all of them are, and they too. */
  #withKnown(
    configuration: Configuration,
    target: Membership,
    given: readonly ServerAddress[],
  ): readonly ServerAddress[] {
    const everybody = new Set([
      ...membersOf(configuration),
      ...membersOf({ ...configuration, ...target }),
    ]);
    const isMissing = (id: NodeId) =>
      addressOf(configuration, id) === undefined && !given.some((server) => server.id === id);
    const known = [...everybody].filter(isMissing).flatMap((id) => {
      const address = this.#atStart[id];
      return address === undefined ? [] : [{ id, address: addressText(address) }];
    });
    return [...given, ...known];
  }

  #requireWhereabouts({ voters, learners }: Membership, given: readonly ServerAddress[]): void {
    const everybody = [...voters, ...learners];
    const { configuration } = this.#raft.membership;
    if (everybody.some((id) => configuration.removed.includes(id))) throw refusal('id-was-removed');
    if (!this.#takesAddresses && given.length > 0) {
      throw badOption('a group is reached where its hosts are', 'leave addresses out');
    }
    const known = new Set([...membersOf(configuration), ...given.map(({ id }) => id)]);
    const lost = everybody.find((id) => !known.has(id) && this.#atStart[id] === undefined);
    if (lost !== undefined) {
      const remedy = this.#takesAddresses ? 'give it in addresses' : 'name hosts that are in peers';
      throw badOption(`no address of server ${lost} is known`, remedy);
    }
    const stranger = given.find(({ id }) => !everybody.includes(id));
    if (stranger === undefined) return;
    const problem = `there is an address of server ${stranger.id}, which takes no part`;
    throw badOption(problem, 'leave it out');
  }
}

/** @throws {RaftError} `RAFT_BAD_OPTION` */
function toMembership(target: MembershipTarget): Membership {
  const { voters, learners = [] } = target;
  if (!Array.isArray(voters) || !Array.isArray(learners)) {
    throw badOption(
      'no members are named',
      'give { voters: [1, 2, 3] }, and learners if there are any',
    );
  }
  for (const id of [...voters, ...learners]) requireWhole('a server id', id, 1);
  if (voters.length === 0) throw badOption('no voters are named', 'name at least one');
  const both = voters.find((id) => learners.includes(id));
  if (both !== undefined)
    throw badOption(`server ${both} is a voter and a learner`, 'name it once');
  return { voters, learners };
}

function refusal(reason: ChangeRefusal): RaftError {
  switch (reason) {
    case 'change-under-way': {
      const remedy = 'wait until status() shows it committed, then try again';
      return new RaftError('RAFT_CHANGE_UNDER_WAY', `another change is under way; ${remedy}`);
    }
    case 'transferring': {
      const remedy = 'it is done or given up within an election timeout: try again then';
      return new RaftError('RAFT_TRANSFER_UNDER_WAY', `the lead is being handed over; ${remedy}`);
    }
    case 'id-was-removed': {
      const problem = 'a server that was removed comes back: its old disk could vote a second time';
      return new RaftError(
        'RAFT_ID_REMOVED',
        `${problem}; add it under a new id, with an empty disk`,
      );
    }
    case 'no-commit-in-this-term': {
      const problem = 'this leader has not been able to commit anything yet: too few voters answer';
      return new RaftError('RAFT_QUORUM_AT_RISK', `${problem}; start them, then try again`);
    }
    case 'would-lose-quorum': {
      const problem = 'of the new voters too few answer now, and hold the log, to commit anything';
      const remedy =
        "start them, let them learn first (newVoters: 'when-caught-up'), or say 'forced'";
      return new RaftError('RAFT_QUORUM_AT_RISK', `${problem}; ${remedy}`);
    }
    case 'not-leader':
    case 'no-voters':
    case 'voter-and-learner':
    case 'nothing-to-change':
      // Found before the core was asked.
      return badOption(`the core refuses the change: ${reason}`, 'correct it');
  }
}

function lost(): RaftError {
  const problem = 'another entry was committed in its place, so this change never will be';
  return new RaftError('RAFT_PROPOSAL_LOST', `${problem}; ask for it again`);
}

function superseded(): RaftError {
  const problem = 'the membership was changed to something else before or since this was done';
  return new RaftError('RAFT_CHANGE_SUPERSEDED', `${problem}; look at status() and decide anew`);
}

function outcomeUnknown(reason: string, cause?: RaftError): RaftError {
  const remedy = 'look at status(), or ask for the same again: what is so already is no change';
  return new RaftError('RAFT_OUTCOME_UNKNOWN', `${reason}; ${remedy}`, { cause });
}
