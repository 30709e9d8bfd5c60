/**
 * Writes down a run as etcd-io/raft would have, so that its specification can follow. docs/tla.md
 * says what is written as something else, and why that is the same.
 *
 * Some lines can only be written when it is known what became of a message or a write, and belong
 * to an earlier moment. So a moment is a slot, in the order of what happened, and what it holds may
 * still change.
 */

import {
  type HardState,
  INDEX_ZERO,
  type InstallSnapshot,
  type LogIndex,
  type Message,
  type NodeId,
  type StepDownReason,
  type Term,
  type TraceEvent,
  type Write,
} from '@quorate/core';
import type { Server, ServerObserver } from '../server.ts';
import { type Line, type LineRole, NOBODY, printLine } from './line.ts';
import { messageLine, type ToldMessage } from './message-lines.ts';
import { SnapshotLines } from './snapshot-lines.ts';
import { TurnDisk } from './turn-disk.ts';
import { UntraceableError } from './untraceable.ts';

/** What happened at one server at one moment, as one line, none or several. */
export interface Slot {
  readonly server: NodeId;
  lines: readonly Line[];
}

/** What has been written of one server since it started. */
interface Told {
  /** The slot that no crash undoes any more: its start, or a Ready that is durable. */
  firm: number;
  /** Readys that are not known to be durable, oldest first. */
  readonly readies: { readonly hardState: HardState; readonly slot: number }[];
  /** Has anything been written since the last Ready? */
  isChanged: boolean;
  /** Has it said anything, since the last turn, that is no promise about its disk? */
  hasSpoken: boolean;
  /** Where it began to run, in each term. */
  readonly candidacies: Map<Term, Slot>;
  /** To itself, each on the way until its write is durable. */
  readonly ownMessages: Map<number, Message>;
  /** Of a leader: up to here its entries have been written. */
  lastIndex: LogIndex;
}

/** Steps down of its own will: the others follow from what was received. */
const VOLUNTARY: readonly StepDownReason[] = ['lost-election', 'lost-quorum'];
const INVOLUNTARY: readonly StepDownReason[] = [
  ...(['started', 'higher-term', 'leader-of-this-term', 'voted'] as const),
];

/** They move nothing that the specification knows of, as long as they bring no new term. */
const INVISIBLE: readonly Message['kind'][] = [
  ...(['timeoutNow', 'requestReadIndex', 'readIndexReply'] as const),
  ...(['forwardProposal', 'forwardReply'] as const),
];

const ROLES: Readonly<Record<'follower' | 'candidate' | 'leader', LineRole>> = {
  follower: 'StateFollower',
  candidate: 'StateCandidate',
  leader: 'StateLeader',
};

export class TraceWriter implements ServerObserver {
  readonly #slots: Slot[] = [];
  readonly #told = new Map<NodeId, Told>();
  readonly #snapshots = new SnapshotLines();
  /** How each request was sent, and where each message was received first. */
  readonly #sent = new Map<Message, { readonly slot: Slot; readonly line: Line }>();
  readonly #received = new Map<Message, Slot>();

  /** NDJSON, a line each. */
  print(): string[] {
    return this.#slots.flatMap(({ lines }) => lines).map((line, at) => printLine(line, at + 1));
  }

  /** Lines so far, more or less. */
  get size(): number {
    return this.#slots.length;
  }

  started(server: Server): void {
    const { disk, id } = server;
    if (!(disk instanceof TurnDisk)) throw new Error('a trace needs disks that write whole turns');
    disk.onDurable = (write) => this.#durable(server, write);
    const before = this.#told.get(id);
    if (before !== undefined) this.#undo(id, before, disk.durable.hardState);
    this.#told.set(id, {
      firm: this.#slots.length,
      readies: [],
      isChanged: false,
      hasSpoken: false,
      candidacies: new Map(),
      ownMessages: new Map(),
      lastIndex: INDEX_ZERO,
    });
    this.#tell(server, 'InitState');
    this.#of(server).isChanged = false;
  }

  /** What no Ready has made durable never happened: nothing of it has left the server. */
  #undo(id: NodeId, { firm, readies }: Told, stored: HardState): void {
    const last = readies.find(({ hardState }) => hardState === stored)?.slot ?? firm;
    for (const slot of this.#slots.slice(last + 1)) if (slot.server === id) slot.lines = [];
  }

  traced(server: Server, event: TraceEvent): void {
    switch (event.kind) {
      case 'becamePreCandidate':
        throw new UntraceableError('it asks for pre-votes');
      case 'configurationAppended':
        throw new UntraceableError('it changes the membership');
      case 'followerLostEntries':
        throw new UntraceableError('what was acknowledged is refused twice, and sent again');
      case 'becameFollower':
        if (VOLUNTARY.includes(event.reason)) this.#tell(server, 'BecomeFollower');
        else if (!INVOLUNTARY.includes(event.reason)) throw new UntraceableError(event.reason);
        break;
      case 'becameCandidate': {
        const slot = this.#tell(server, 'BecomeCandidate');
        this.#of(server).candidacies.set(event.term, slot);
        const { id: from, term } = server.status();
        this.#add(server, slot, {
          kind: 'requestVoteReply',
          from,
          to: from,
          term,
          isGranted: true,
        });
        break;
      }
      case 'becameLeader':
        this.#tell(server, 'BecomeLeader');
        this.#of(server).lastIndex = server.status().lastIndex;
        this.#snapshots.becameLeader(server.id);
        break;
      case 'appended':
        this.#tellAppended(server);
        break;
      case 'committed':
        if (server.status().role === 'leader') {
          this.#tellAppended(server);
          this.#tell(server, 'Commit');
          this.#snapshots.committed(server);
        }
        break;
      case 'voted':
        // The candidate was not listened to: nothing was received.
        if (event.verdict === 'leader-is-alive') this.#slots.at(-1)!.lines = [];
        break;
    }
  }

  received(server: Server, message: Message): void {
    this.#tellAppended(server);
    const told =
      message.kind === 'installSnapshot'
        ? this.#receivedSnapshot(server, message)
        : messageLine(message);
    if (told === undefined) {
      if (!INVISIBLE.includes(message.kind)) throw new UntraceableError(`it sends ${message.kind}`);
      if (message.term > server.status().term) {
        throw new UntraceableError(`a ${message.kind} brings the term ${message.term}`);
      }
      return;
    }
    if (message.kind !== 'installSnapshot' && this.#isRepeated(message)) {
      // A repeated request was sent twice, as far as the specification is concerned.
      const sent = this.#sent.get(message);
      // A repeated reply changes nothing.
      if (sent === undefined) return;
      sent.slot.lines = [...sent.slot.lines, sent.line];
    }
    this.#snapshots.received(server, message);
    this.#received.set(message, this.#tell(server, told.receiveEvent, told));
  }

  #isRepeated(message: Message): boolean {
    // What a crash has undone was never received.
    const first = this.#received.get(message);
    return first !== undefined && first.lines.length > 0;
  }

  #receivedSnapshot(server: Server, message: InstallSnapshot): ToldMessage {
    const { told, sender, slot } = this.#snapshots.asAppend(server, message);
    slot.lines = [...slot.lines, { ...sender, name: told.sendEvent, message: told.message }];
    return told;
  }

  /** Handed to the disk, with all that the server knows now. */
  wrote(server: Server, write: Write): void {
    const { id: from, role, term, lastIndex: matchIndex } = server.status();
    const told = this.#of(server);
    const { sequence, hardState, batches } = write;
    if (role === 'candidate' && hardState?.term === term && hardState.votedFor === from) {
      const message = { kind: 'requestVoteReply', from, to: from, term, isGranted: true } as const;
      told.ownMessages.set(sequence, message);
    }
    if (role === 'leader' && batches.length > 0) {
      this.#tellAppended(server);
      const message = {
        kind: 'appendAccepted',
        from,
        to: from,
        term,
        matchIndex,
        round: 0,
      } as const;
      this.#add(server, this.#newSlot(server), message);
      told.ownMessages.set(sequence, message);
    }
  }

  /** Now the server counts itself: as if it had heard of itself. */
  #durable(server: Server, { sequence, hardState }: Write): void {
    const told = this.#of(server);
    const done = told.readies.findIndex((ready) => ready.hardState === hardState);
    if (done >= 0) told.firm = told.readies.splice(0, done + 1).at(-1)!.slot;
    const message = told.ownMessages.get(sequence);
    if (message === undefined) return;
    told.ownMessages.delete(sequence);
    const { role, term } = server.status();
    const wanted = message.kind === 'requestVoteReply' ? 'candidate' : 'leader';
    if (role === wanted && term === message.term) this.received(server, message);
  }

  sent(server: Server, message: Message): void {
    const told = this.#of(server);
    switch (message.kind) {
      case 'requestVote': {
        // Left once the vote was durable, and belongs to when it was given.
        const slot = told.candidacies.get(message.term);
        if (slot !== undefined) this.#add(server, slot, message);
        break;
      }
      case 'appendEntries':
        this.#tellAppended(server);
        this.#add(server, this.#newSlot(server), message);
        break;
      case 'installSnapshot':
        this.#tellAppended(server);
        // Its line comes when it arrives; it leaves with the Ready of this turn.
        told.isChanged = true;
        this.#snapshots.sent(server, message, this.#newSlot(server), this.#stateOf(server, ''));
        break;
    }
    if (!isPromise(message)) told.hasSpoken = true;
  }

  applied(): void {}

  /** What a Ready does, a turn does: all is written, and what it says may leave. */
  turned(server: Server): void {
    this.#tellAppended(server);
    const told = this.#of(server);
    const disk = server.disk as TurnDisk;
    if (told.isChanged || disk.isTurnOpen) {
      const hardState = disk.endTurn(server.status().commitIndex);
      this.#tell(server, 'Ready');
      told.readies.push({ hardState, slot: this.#slots.length - 1 });
      told.isChanged = false;
    }
    // In the specification nothing leaves a server that is not durable.
    if (told.hasSpoken) disk.makeFirm();
    told.hasSpoken = false;
  }

  #tellAppended(server: Server): void {
    const { role, lastIndex } = server.status();
    const told = this.#of(server);
    if (role !== 'leader') return;
    for (; told.lastIndex < lastIndex; told.lastIndex++) this.#tell(server, 'Replicate');
  }

  #tell(server: Server, name: string, told?: ToldMessage): Slot {
    this.#of(server).isChanged = true;
    const slot = this.#newSlot(server);
    slot.lines = [{ ...this.#stateOf(server, name), message: told?.message }];
    return slot;
  }

  /** The line of a message that leaves, with the state of the moment that it belongs to. */
  #add(server: Server, slot: Slot, message: Message): void {
    const { sendEvent: name, message: told } = messageLine(message)!;
    const line = { ...(slot.lines[0] ?? this.#stateOf(server, name)), name, message: told };
    slot.lines = [...slot.lines, line];
    this.#sent.set(message, { slot, line });
    this.#of(server).isChanged = true;
  }

  #newSlot(server: Server): Slot {
    const slot = { server: server.id, lines: [] };
    this.#slots.push(slot);
    return slot;
  }

  #of(server: Server): Told {
    return this.#told.get(server.id)!;
  }

  #stateOf(server: Server, name: string): Line {
    const { id, role, term, votedFor, commitIndex, lastIndex, configuration } = server.status();
    if (role === 'preCandidate' || configuration.outgoing.length > 0) {
      throw new UntraceableError('it asks for pre-votes, or changes the membership');
    }
    return {
      name,
      nid: String(id),
      term,
      vote: votedFor === undefined ? NOBODY : String(votedFor),
      commit: commitIndex,
      role: ROLES[role],
      log: lastIndex,
      voters: configuration.voters.map(String),
      message: undefined,
      change: undefined,
    };
  }
}

/** Says that something is durable here (Figure 2). */
function isPromise(message: Message): boolean {
  if (message.kind === 'requestVoteReply') return message.isGranted;
  return message.kind === 'requestVote' || message.kind === 'appendAccepted';
}
