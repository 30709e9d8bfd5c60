/**
 * Servers for this package's tests: the real core, driven by hand, with a disk that obeys.
 *
 * Tests only; not exported.
 */

import { configurationOf } from './configuration/configuration.ts';
import type { Effects, Write } from './effects.ts';
import { type Batch, commandBatch, lastIndexOf, type Payload } from './entry.ts';
import type { Input, Proposed } from './inputs.ts';
import type { LogReader } from './log/log-reader.ts';
import type { Message } from './messages.ts';
import type { RaftOptions } from './options.ts';
import { Raft } from './raft.ts';
import { seededRandom } from './random.ts';
import type { StoredState, TermStart } from './stored.ts';
import type { TraceEvent } from './trace.ts';
import type { LogIndex, NodeId, Term } from './types.ts';

/** Commands that are only counted. */
export const payloadOf = (count: number, bytesEach = 8): Payload => ({
  count,
  byteLength: count * bytesEach,
  slice: (from, to) => payloadOf(to - from, bytesEach),
});

export const batchOf = (term: number, firstIndex: number, count = 1): Batch =>
  commandBatch(term as Term, firstIndex as LogIndex, payloadOf(count));

/** A log as its terms: `[1, 1, 2]` has entries 1 and 2 of term 1, and entry 3 of term 2. */
export function storedLog(
  voters: readonly number[],
  terms: readonly number[],
  hardState: { term: number; votedFor?: number; commitIndex?: number } = {
    term: terms.at(-1) ?? 0,
  },
): StoredState {
  const starts: TermStart[] = [];
  for (const [position, term] of terms.entries()) {
    if (starts.at(-1)?.term === term) continue;
    starts.push({ term: term as Term, firstIndex: (position + 1) as LogIndex });
  }
  const zero = { index: 0 as LogIndex, term: 0 as Term };
  return {
    hardState: {
      term: hardState.term as Term,
      votedFor: hardState.votedFor as NodeId | undefined,
      commitIndex: (hardState.commitIndex ?? 0) as LogIndex,
    },
    snapshot: { ...zero, configuration: configurationOf(voters) },
    base: zero,
    lastIndex: terms.length as LogIndex,
    terms: starts,
    configurations: [],
  };
}

/** Reads back a log that is known by its terms. */
const readerOf = (terms: readonly number[]): LogReader => ({
  read: (from, through) => {
    const batches: Batch[] = [];
    for (let index = from as number; index <= through; index += 1) {
      batches.push(batchOf(terms[index - 1]!, index));
    }
    return batches;
  },
});

/** One server whose effects are collected until the test looks at them. */
export class Server {
  readonly raft: Raft;
  readonly trace: TraceEvent[] = [];
  /** Writes the disk has not finished, oldest first. */
  readonly writes: Write[] = [];
  readonly sent: Message[] = [];
  readonly committed: Batch[] = [];
  readonly reads: Effects['reads'][number][] = [];
  readonly forwarded: Effects['forwarded'][number][] = [];
  readonly restored: NonNullable<Effects['restore']>[] = [];
  readonly #waiting: { readonly sequence: number; readonly messages: readonly Message[] }[] = [];
  #lastSequence = 0;
  now = 0;

  constructor(
    id: number,
    voters: readonly number[],
    terms: readonly number[] = [],
    hardState?: { term: number; votedFor?: number; commitIndex?: number },
    options: RaftOptions = {},
  ) {
    this.raft = new Raft({
      id: id as NodeId,
      stored: storedLog(voters, terms, hardState),
      appliedIndex: 0 as LogIndex,
      now: 0,
      random: seededRandom(id),
      reader: readerOf(terms),
      options: { noopOnElection: false, ...options },
      trace: (event) => this.trace.push(event),
    });
  }

  /** Steps an input and collects what follows; the disk does not move. */
  step(input: Input): void {
    this.raft.step(input, this.now);
    this.collect();
  }

  receive(message: Omit<Message, 'to'> & { kind: Message['kind'] }): void {
    const to = this.raft.status().id;
    this.step({ kind: 'received', message: { ...message, to } as Message });
  }

  propose(count = 1): Proposed {
    const proposed = this.raft.propose(payloadOf(count), this.now);
    this.collect();
    return proposed;
  }

  /** Lets the time pass up to the next deadline and acts on it. */
  passDeadline(): void {
    this.now = this.raft.nextDeadline;
    this.step({ kind: 'timePassed' });
  }

  /** The disk finishes its oldest `count` writes. */
  finishWrites(count = this.writes.length): void {
    for (const write of this.writes.splice(0, count)) {
      while (this.#waiting[0] !== undefined && this.#waiting[0].sequence <= write.sequence) {
        this.sent.push(...this.#waiting.shift()!.messages);
      }
      this.raft.step({ kind: 'written', sequence: write.sequence }, this.now);
    }
    this.collect();
  }

  collect(): void {
    for (;;) {
      const effects = this.raft.takeEffects(this.now);
      if (effects === undefined) return;
      this.sent.push(...effects.messages);
      if (effects.write !== undefined) {
        this.writes.push(effects.write);
        this.#lastSequence = effects.write.sequence;
      }
      if (this.writes.length === 0) this.sent.push(...effects.messagesAfterWrite);
      else
        this.#waiting.push({ sequence: this.#lastSequence, messages: effects.messagesAfterWrite });
      if (effects.restore !== undefined) {
        this.restored.push(effects.restore);
        this.raft.step({ kind: 'applied', index: effects.restore.index }, this.now);
      }
      this.committed.push(...effects.committed);
      const last = effects.committed.at(-1);
      if (last !== undefined) {
        this.raft.step({ kind: 'applied', index: lastIndexOf(last) }, this.now);
      }
      this.reads.push(...effects.reads);
      this.forwarded.push(...effects.forwarded);
    }
  }

  /** Takes what was sent since the last call. */
  takeSent(): Message[] {
    return this.sent.splice(0);
  }

  /** Makes this server leader of the next term, with the votes it needs from `voters`. */
  elect(...voters: number[]): this {
    this.passDeadline();
    const preVote = this.sent.find((message) => message.kind === 'requestPreVote');
    if (preVote !== undefined) {
      for (const from of voters) {
        this.receive({ kind: 'preVoteReply', from, term: preVote.term, isGranted: true } as never);
      }
    }
    this.finishWrites();
    for (const from of voters) {
      this.receive({
        kind: 'requestVoteReply',
        from,
        term: this.raft.term,
        isGranted: true,
      } as never);
    }
    return this;
  }

  get terms(): number[] {
    return this.trace.filter((event) => event.kind === 'becameLeader').map((event) => event.term);
  }
}

/** Delivers everything between servers, and lets every disk finish, until nothing moves. */
export function settle(servers: readonly Server[], isCut = (_: Message): boolean => false): void {
  for (let moved = true; moved; ) {
    moved = false;
    for (const server of servers) {
      if (server.writes.length > 0) {
        moved = true;
        server.finishWrites();
      }
      for (const message of server.takeSent()) {
        const to = servers.find(({ raft }) => raft.status().id === message.to);
        if (to === undefined || isCut(message)) continue;
        moved = true;
        to.now = Math.max(to.now, server.now);
        to.step({ kind: 'received', message });
      }
    }
  }
}
