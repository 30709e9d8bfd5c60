/**
 * One server of a small world: the real core and the disk below it, with nothing left to chance.
 *
 * What it does follows from the disk it started on and from what has happened since, in order; so a
 * state needs no copy, and is made again by letting the same things happen.
 */

import { type Batch, type Message, type NodeId, nextIndex, type Write } from '@quorate/core';
import type { StoredLog } from '../stored-log.ts';
import { entryNames, NumberedCommands } from './commands.ts';
import { type Happening, wordsOf } from './happening.ts';
import { agedOf, ageOf, type Marks, roundOf } from './rounds.ts';
import {
  type Core,
  coreOptions,
  ELECTION_TIMEOUT_MS,
  HEARTBEAT_MS,
  idsOf,
  type World,
} from './world.ts';

/** A read may be served here by whoever has applied so far. */
export interface Answer {
  readonly id: number;
  readonly readIndex: number;
}

/** What follows at once from a happening. */
export interface Consequences {
  readonly messages: readonly Message[];
  readonly answers: readonly Answer[];
}

interface PendingWrite {
  readonly write: Write;
  /** Promises that wait for it, by their words: to say one twice is to say it once. */
  readonly promises: Map<string, Message>;
}

export class Host {
  readonly id: NodeId;
  readonly #world: World;
  readonly #core: Core;
  readonly durable: StoredLog;
  /** What the disk will hold when all writes are done. */
  readonly latest: StoredLog;
  readonly pending: PendingWrite[] = [];
  #sent: Message[] = [];
  #answers: Answer[] = [];
  #now = 0;

  constructor(world: World, id: NodeId, stored: StoredLog) {
    this.id = id;
    this.#world = world;
    this.durable = stored.copy();
    this.latest = stored.copy();
    const appliedIndex = stored.snapshot.index;
    this.#core = world.makeCore({
      id,
      stored: stored.toStoredState(),
      appliedIndex,
      now: 0,
      // In the middle: a leader counts as dead before its followers' deadlines come.
      random: () => 0.5,
      reader: {
        read: (from, through, maxBytes) => this.durable.read(from, through, maxBytes),
      },
      options: coreOptions(world),
    });
    this.#collect();
  }

  get status() {
    return this.#core.status();
  }

  /** What it compares the rounds of answers with, if it leads. */
  get marks(): Marks {
    if (this.status.role !== 'leader') return [];
    return idsOf(this.#world).map((id) => this.#core.roundMarks(id));
  }

  /** Not for a crash: see `restarted`. */
  meet(happening: Happening): Consequences {
    switch (happening.kind) {
      case 'deliver':
        this.#core.step({ kind: 'received', message: this.#heard(happening.message) }, this.#now);
        break;
      case 'deadline':
        this.#now =
          this.status.role === 'leader' ? this.#now + HEARTBEAT_MS : this.#core.nextDeadline;
        this.#core.step({ kind: 'timePassed' }, this.#now);
        break;
      case 'silence':
        this.#now = Math.min(this.#now + ELECTION_TIMEOUT_MS, this.#core.nextDeadline - 1);
        this.#core.step({ kind: 'timePassed' }, this.#now);
        break;
      case 'noQuorum':
        this.#now += ELECTION_TIMEOUT_MS;
        this.#core.step({ kind: 'timePassed' }, this.#now);
        break;
      case 'propose':
        this.#core.propose(new NumberedCommands([happening.command]), this.#now);
        break;
      case 'change': {
        // Whoever does not answer: the walk asks what is safe, not what is wise.
        const target = { voters: happening.voters, learners: [] };
        this.#core.changeMembership(target, this.#now, 'forced');
        break;
      }
      case 'read':
        this.#core.step({ kind: 'readRequested', id: happening.id }, this.#now);
        break;
      case 'written':
        this.#finishWrite();
        break;
      case 'crash':
        throw new Error('a crash ends this server: use restarted');
    }
    this.#collect();
    const messages = this.#sent.map((message) => this.#said(message));
    const answers = this.#answers;
    this.#sent = [];
    this.#answers = [];
    return { messages, answers };
  }

  /** The server that finds on this disk what a crash leaves. */
  restarted(survivingWrites: number): Host {
    const disk = this.durable.copy();
    for (const { write } of this.pending.slice(0, survivingWrites)) disk.apply(write, undefined);
    if (this.#world.forgetsVotes) disk.hardState = { ...disk.hardState, votedFor: undefined };
    return new Host(this.#world, this.id, disk);
  }

  /** Equal keys: the same happenings have the same consequences. */
  get key(): string {
    const pending = this.pending.map(({ write, promises }) => {
      const { term, votedFor, commitIndex } = write.hardState ?? this.durable.hardState;
      const waiting = [...promises.keys()].sort();
      return `${term}/${votedFor}/${commitIndex} at ${write.batches[0]?.firstIndex} ${entryNames(write.batches)} ${waiting}`;
    });
    const { term, votedFor, commitIndex } = this.durable.hardState;
    const disk = `${term}/${votedFor}/${commitIndex} ${entryNames(this.durable.batches)}`;
    const log = entryNames(this.latest.batches);
    const marks = this.#world.isReduced ? '' : JSON.stringify(this.marks);
    return `${this.#core.fingerprint()} | ${log} | ${disk} | ${pending.join('; ')} | ${marks}`;
  }

  /** With a round in place of its age. */
  #heard(message: Message): Message {
    if (!this.#world.isReduced || message.kind === 'appendEntries') return message;
    const aged = agedOf(message, this.#world);
    const marks = this.#core.roundMarks(message.from);
    if (aged === undefined || marks === undefined) return message;
    return { ...aged, round: roundOf(aged.round, marks) };
  }

  /** With its age in place of a round. A follower repeats the age. */
  #said(message: Message): Message {
    if (!this.#world.isReduced) return message;
    const aged = agedOf(message, this.#world);
    if (aged === undefined && message.kind === 'appendAccepted') return { ...message, round: 0 };
    if (aged?.kind !== 'appendEntries') return message;
    return { ...aged, round: ageOf(aged.round, this.#core.roundMarks(aged.to)) };
  }

  #collect(): void {
    for (;;) {
      const effects = this.#core.takeEffects(this.#now);
      if (effects === undefined) {
        if (this.#world.disk === 'slow' || this.pending.length === 0) return;
        this.#finishWrite();
        continue;
      }
      this.#sent.push(...effects.messages);
      for (const read of effects.reads) if (read.kind === 'ready') this.#answers.push(read);
      if (effects.write !== undefined) {
        this.latest.apply(effects.write, undefined);
        this.pending.push({ write: effects.write, promises: new Map() });
      }
      const last = this.pending.at(-1);
      if (last === undefined) this.#sent.push(...effects.messagesAfterWrite);
      else {
        for (const promise of effects.messagesAfterWrite) this.#addTo(last, this.#said(promise));
      }
      this.#apply(effects.committed);
    }
  }

  #finishWrite(): void {
    const { write, promises } = this.pending.shift()!;
    this.durable.apply(write, undefined);
    this.#sent.push(...promises.values());
    this.#core.step({ kind: 'written', sequence: write.sequence }, this.#now);
  }

  #apply(committed: readonly Batch[]): void {
    const [first] = committed;
    if (first === undefined) return;
    const names = entryNames(committed);
    const at = first.firstIndex - 1;
    const logged = entryNames(this.latest.batches).slice(at, at + names.length);
    if (this.status.appliedIndex !== at || `${names}` !== `${logged}`) {
      throw new Error(`server ${this.id} applies ${names} after ${at}; its log has ${logged}`);
    }
    let index = this.status.appliedIndex;
    for (const _ of names) index = nextIndex(index);
    this.#core.step({ kind: 'applied', index }, this.#now);
  }

  #addTo({ promises }: PendingWrite, promise: Message): void {
    const { disk, isReduced } = this.#world;
    if (disk === 'slow' && isReduced && agedOf(promise, this.#world) !== undefined) {
      throw new Error(`a ${promise.kind} that waits for a disk would not grow older`);
    }
    promises.set(`${promise.to} ${wordsOf({ kind: 'deliver', message: promise })}`, promise);
  }
}
