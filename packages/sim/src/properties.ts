/**
 * The five properties of the paper's Figure 3, and what each server owes by Figure 2, watched from
 * the outside: by what servers send, store and apply, never by what the core believes of itself.
 */

import {
  type Batch,
  type HardState,
  type LogIndex,
  lastIndexOf,
  type Message,
  type NodeId,
  type RaftStatus,
  TERM_ZERO,
  type Term,
  type TraceEvent,
  type Write,
} from '@quorate/core';
import { ChangeRules } from './change-rules.ts';
import type { Disk } from './disk.ts';
import { EntryLedger } from './entry-ledger.ts';
import { LeasePromises } from './lease-promises.ts';
import type { Server, ServerObserver } from './server.ts';
import type { StoredLog } from './stored-log.ts';
import { expectOrderly, Transitions } from './transitions.ts';
import { PropertyViolation } from './violation.ts';

export class Properties implements ServerObserver {
  readonly #watch: (event: TraceEvent) => void;
  readonly #ledger = new EntryLedger();
  /** Who led each term. */
  readonly #leaders = new Map<Term, NodeId>();
  /** Durable votes, as `node@term`, across restarts. */
  readonly #votes = new Map<string, NodeId>();
  /** The term of each committed entry, whoever committed it first. Position 0 is unused. */
  readonly #committed: Term[] = [TERM_ZERO];
  /** The term in which each was first known to be committed: no earlier than it was. */
  readonly #knownIn: Term[] = [TERM_ZERO];
  readonly #running = new Map<NodeId, Server>();
  /** Of all servers that were ever started, running or not. */
  readonly #disks = new Map<NodeId, Disk>();
  readonly #transitions = new Transitions();
  readonly #leases = new LeasePromises();
  readonly #changes = new ChangeRules();
  readonly #last = new Map<NodeId, RaftStatus>();
  /** Who has become leader since its last turn, and of which term. */
  readonly #elected = new Map<NodeId, Term>();

  constructor(watch: (event: TraceEvent) => void = () => {}) {
    this.#watch = watch;
  }

  /** The highest index that some server has known to be committed. */
  get committedIndex(): LogIndex {
    return (this.#committed.length - 1) as LogIndex;
  }

  started(server: Server): void {
    const { id } = server;
    const status = server.status();
    const { hardState, base, batches } = server.disk.durable;
    this.#atLeast('termNeverFalls', id, status.term, hardState.term);
    this.#ledger.recordAll(id, batches, base.term);
    this.#running.set(id, server);
    this.#disks.set(id, server.disk);
    this.#changes.started(id);
    this.#last.set(id, status);
    this.#elected.delete(id);
    this.#recordVote(id, hardState);
  }

  crashed(server: Server): void {
    this.#running.delete(server.id);
    this.#recordVote(server.id, server.disk.durable.hardState);
  }

  traced(server: Server, event: TraceEvent): void {
    this.#watch(event);
    this.#transitions.traced(server.id, event);
    if (event.kind === 'becameLeader') this.#becameLeader(server, event.term);
    if (event.kind === 'committed') this.#expectQuorum(server, event.index);
    this.#changes.traced(server, event);
  }

  received(server: Server, message: Message): void {
    this.#leases.received(server, message);
  }

  wrote(server: Server, write: Write): void {
    const first = write.batches[0];
    if (first === undefined) return;
    const committed = this.#last.get(server.id)?.commitIndex ?? 0;
    if (first.firstIndex <= committed) {
      throw new PropertyViolation(
        'committedIsImmutable',
        `server ${server.id} overwrites entry ${first.firstIndex}, committed up to ${committed}`,
      );
    }
    const { snapshot } = write;
    const isAfterSnapshot = snapshot !== undefined && snapshot.index === first.firstIndex - 1;
    const previousTerm = isAfterSnapshot
      ? snapshot.term
      : server.disk.latest.termAt((first.firstIndex - 1) as LogIndex);
    this.#ledger.recordAll(server.id, write.batches, previousTerm);
  }

  sent(server: Server, message: Message, isPromise: boolean): void {
    if (isPromise) this.#recordVote(server.id, server.disk.durable.hardState);
    this.#leases.sent(server, message);
    switch (message.kind) {
      case 'requestVoteReply':
        if (message.isGranted) this.#expectDurableVote(server, message.term, message.to);
        break;
      case 'appendAccepted':
        this.#expectDurableLog(server, message.term, message.matchIndex);
        break;
    }
  }

  applied(server: Server, batch: Batch): void {
    const expected = server.appliedIndex + 1;
    if (batch.firstIndex !== expected) {
      throw new PropertyViolation(
        'stateMachineSafety',
        `server ${server.id} applies ${batch.firstIndex} after ${server.appliedIndex}`,
      );
    }
    this.#expectApplicable(server, batch);
    this.#ledger.expectKnown(server.id, batch);
    for (let index = batch.firstIndex; index <= lastIndexOf(batch); index++) {
      this.#expectCommitted(server.id, index, batch.term);
    }
  }

  turned(server: Server): void {
    const { id } = server;
    const before = this.#last.get(id);
    const after = server.status();
    this.#last.set(id, after);
    expectOrderly(id, after);
    this.#changes.turned(server, after);
    if (before !== undefined) {
      this.#atLeast('termNeverFalls', id, after.term, before.term);
      this.#atLeast('commitNeverFalls', id, after.commitIndex, before.commitIndex);
      this.#commits(server, before.commitIndex, after);
    }
    const elected = this.#elected.get(id);
    if (elected === undefined) return;
    this.#elected.delete(id);
    // Whoever finds much waiting may lose the lead in the turn in which it wins it.
    if (after.role === 'leader' && after.term === elected) this.#expectComplete(server, 1);
  }

  /** Election Safety: at most one leader in a term (§5.2). */
  #becameLeader(server: Server, term: Term): void {
    const known = this.#leaders.get(term);
    if (known !== undefined) {
      throw new PropertyViolation(
        'electionSafety',
        `servers ${known} and ${server.id} were both elected in term ${term}`,
      );
    }
    this.#leaders.set(term, server.id);
    this.#elected.set(server.id, term);
    this.#expectDurableVote(server, term, server.id);
  }

  /** What a leader commits is on the disks of a quorum: of two, during a change of membership (§5.3, §6). */
  #expectQuorum(leader: Server, index: LogIndex): void {
    const { role, term: leads, configuration } = leader.status();
    if (role !== 'leader') return;
    const term = leader.disk.latest.termAt(index);
    const isStored = (id: NodeId) => {
      const stored = this.#disks.get(id)?.durable;
      if (stored === undefined) return false;
      return stored.snapshot.index >= index || stored.termAt(index) === term;
    };
    for (const voters of [configuration.voters, configuration.outgoing]) {
      const count = voters.filter(isStored).length;
      if (voters.length === 0 || 2 * count > voters.length) continue;
      throw new PropertyViolation(
        'commitNeedsQuorum',
        `server ${leader.id} commits entry ${index} in term ${leads}; ${count} of ${voters} store it`,
      );
    }
  }

  /** What a server knows to be committed since its last turn. */
  #commits(server: Server, from: LogIndex, status: RaftStatus): void {
    const firstNew = this.#committed.length;
    for (let index = from + 1; index <= status.commitIndex; index++) {
      const term = server.disk.latest.termAt(index as LogIndex);
      // A snapshot stands for it, or for entries before it that nobody here saw committed.
      if (term === undefined || index > this.#committed.length) continue;
      if (index === this.#committed.length) {
        this.#committed.push(term);
        this.#knownIn.push(status.term);
      }
      this.#expectCommitted(server.id, index, term);
    }
    if (this.#committed.length === firstNew) return;
    // An old leader may learn late what is committed; the newer leaders must have had it.
    for (const other of this.#running.values()) {
      const { role, term } = this.#last.get(other.id)!;
      if (role === 'leader' && term > status.term) this.#expectComplete(other, firstNew);
    }
  }

  /** Leader Completeness: a leader has what earlier terms committed (§5.4). */
  #expectComplete(leader: Server, firstIndex: number): void {
    const { term: leads } = leader.status();
    const { latest } = leader.disk;
    const from = Math.max(firstIndex, latest.snapshot.index + 1);
    for (let index = from; index < this.#committed.length; index++) {
      // Who wins an old term late need not have what a later term has committed since.
      if (this.#knownIn[index]! >= leads) continue;
      const term = latest.termAt(index as LogIndex);
      if (term === this.#committed[index]) continue;
      throw new PropertyViolation(
        'leaderCompleteness',
        `server ${leader.id} leads term ${leads} without entry ${index} of term ${this.#committed[index]}`,
      );
    }
  }

  /** State Machine Safety: nobody has another entry there (§5.4.3). */
  #expectCommitted(id: NodeId, index: number, term: Term): void {
    if (this.#committed[index] === term) return;
    throw new PropertyViolation(
      'stateMachineSafety',
      `server ${id} has entry ${index} of term ${term} as committed, ` +
        `others have it of term ${this.#committed[index]}`,
    );
  }

  /** One vote in a term, across restarts: by what is on the disk (§5.2). */
  #recordVote(id: NodeId, hardState: HardState): void {
    const { term, votedFor } = hardState;
    if (votedFor === undefined) return;
    const vote = `${id}@${term}`;
    const known = this.#votes.get(vote) ?? votedFor;
    this.#votes.set(vote, known);
    if (known === votedFor) return;
    throw new PropertyViolation(
      'oneVotePerTerm',
      `server ${id} voted for ${known} and for ${votedFor} in term ${term}`,
    );
  }

  #expectDurableVote(server: Server, term: Term, candidate: NodeId): void {
    this.#recordVote(server.id, { ...server.disk.durable.hardState, term, votedFor: candidate });
    const { hardState } = server.disk.durable;
    if (hardState.term > term) return;
    if (hardState.term === term && hardState.votedFor === candidate) return;
    throw new PropertyViolation(
      'voteIsDurable',
      `server ${server.id} gives its vote of term ${term} to ${candidate}; its disk has ` +
        `term ${hardState.term}, vote ${hardState.votedFor}`,
    );
  }

  /** Whether a disk has at `index` what the leader of `term` has, as far as that is still to be seen. */
  #isOfLeader(term: Term, index: LogIndex, durable: StoredLog): boolean {
    const stored = durable.termAt(index);
    const leader = this.#running.get(this.#leaders.get(term) ?? (0 as NodeId));
    if (stored === undefined || leader?.status().term !== term) return stored !== undefined;
    const own = leader.disk.latest.termAt(index);
    return own === undefined || own === stored;
  }

  /** A state machine is given only what its own disk holds: what it does cannot be undone. */
  #expectApplicable({ id, disk }: Server, batch: Batch): void {
    const last = lastIndexOf(batch);
    const { durable } = disk;
    if (last <= durable.snapshot.index || durable.termAt(last) === batch.term) return;
    throw new PropertyViolation(
      'appliedIsDurable',
      `server ${id} applies entry ${last} of term ${batch.term}; its disk ends at ${durable.lastIndex}`,
    );
  }

  #expectDurableLog(server: Server, term: Term, matchIndex: LogIndex): void {
    const { durable } = server.disk;
    const { hardState, lastIndex, snapshot } = durable;
    if (hardState.term > term) return;
    const isStored = snapshot.index >= matchIndex || this.#isOfLeader(term, matchIndex, durable);
    if (hardState.term === term && isStored) return;
    throw new PropertyViolation(
      'acceptanceIsDurable',
      `server ${server.id} accepts up to ${matchIndex} in term ${term}; its disk has ` +
        `entry ${lastIndex}, snapshot ${snapshot.index}, term ${hardState.term}`,
    );
  }

  #atLeast(property: 'termNeverFalls' | 'commitNeverFalls', id: NodeId, now: number, was: number) {
    if (now >= was) return;
    throw new PropertyViolation(property, `server ${id} went from ${was} back to ${now}`);
  }
}
