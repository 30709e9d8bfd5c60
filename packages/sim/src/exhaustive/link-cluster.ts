/** Servers whose links are open or cut, each way, in virtual time: no losses besides, no crashes. */

import {
  configurationOf,
  type Effects,
  emptyStoredState,
  INDEX_ZERO,
  type Input,
  lastIndexOf,
  type Milliseconds,
  NO_LOG_READER,
  type NodeId,
  Raft,
  type RaftOptions,
  type Random,
  seededRandom,
} from '@quorate/core';
import { EventQueue } from '../event-queue.ts';
import { NumberedCommands } from './commands.ts';
import type { Links } from './links.ts';

/** Between these a message travels, in milliseconds. */
const LATENCY_MS = [1, 10] as const;
const WRITE_MS = 1;

interface Member {
  readonly raft: Raft;
  /** When it is to be told that time has passed. */
  wakesAt: Milliseconds;
}

export class LinkCluster {
  now: Milliseconds = 0;
  links: Links;
  readonly members: readonly Member[];
  readonly #random: Random;
  readonly #queue = new EventQueue();
  #sequence = 0;

  /** @param first Position of the server whose first election timeout is the shortest. */
  constructor(size: number, links: Links, options: RaftOptions, seed: number, first?: number) {
    this.links = links;
    this.#random = seededRandom(seed);
    const ids = Array.from({ length: size }, (_, position) => position + 1);
    this.members = ids.map((id, position) => ({
      raft: new Raft({
        id: id as NodeId,
        stored: emptyStoredState(configurationOf(ids)),
        appliedIndex: INDEX_ZERO,
        now: 0,
        random: this.#randomOf(position, first),
        reader: NO_LOG_READER,
        options,
      }),
      wakesAt: Infinity,
    }));
    for (const member of this.members) this.#collect(member);
  }

  /** The server that leads in the highest term. */
  get leader(): Raft | undefined {
    let leader: Raft | undefined;
    for (const { raft } of this.members) {
      if (raft.isLeader && raft.term > (leader?.term ?? 0)) leader = raft;
    }
    return leader;
  }

  propose(position: number): void {
    const member = this.members[position]!;
    member.raft.propose(new NumberedCommands([0]), this.now);
    this.#collect(member);
  }

  runUntil(end: Milliseconds): void {
    this.#at(end, () => {});
    while (this.now < end) {
      const event = this.#queue.pop()!;
      this.now = event.at;
      event.action?.();
    }
  }

  /** The first draw decides who leads first; the others are spread as usual. */
  #randomOf(position: number, first: number | undefined): Random {
    let isFirst = first !== undefined;
    return () => {
      if (!isFirst) return this.#random();
      isFirst = false;
      return position === first ? 0 : 0.9;
    };
  }

  #step(member: Member, input: Input): void {
    member.raft.step(input, this.now);
    this.#collect(member);
  }

  #collect(member: Member): void {
    for (;;) {
      const effects = member.raft.takeEffects(this.now);
      if (effects === undefined) break;
      this.#carryOut(member, effects);
    }
    const { nextDeadline } = member.raft;
    if (nextDeadline >= member.wakesAt || nextDeadline === Infinity) return;
    member.wakesAt = nextDeadline;
    this.#at(nextDeadline, () => {
      if (member.wakesAt !== nextDeadline) return;
      member.wakesAt = Infinity;
      this.#step(member, { kind: 'timePassed' });
    });
  }

  #carryOut(member: Member, { messages, write, messagesAfterWrite, committed }: Effects): void {
    for (const message of messages) this.#send(message);
    // Every write takes the same time, so a promise leaves behind those that came before it.
    if (write !== undefined || messagesAfterWrite.length > 0) {
      this.#at(this.now + WRITE_MS, () => {
        for (const message of messagesAfterWrite) this.#send(message);
        if (write !== undefined) this.#step(member, { kind: 'written', sequence: write.sequence });
      });
    }
    const last = committed.at(-1);
    if (last !== undefined) {
      member.raft.step({ kind: 'applied', index: lastIndexOf(last) }, this.now);
    }
  }

  #send(message: Effects['messages'][number]): void {
    const [shortest, longest] = LATENCY_MS;
    const latency = shortest + this.#random() * (longest - shortest);
    const { from, to } = message;
    this.#at(this.now + latency, () => {
      if (!this.links.isOpen(from - 1, to - 1)) return;
      this.#step(this.members[to - 1]!, { kind: 'received', message });
    });
  }

  #at(at: Milliseconds, action: () => void): void {
    this.#queue.push({ at, sequence: this.#sequence++, action });
  }
}
