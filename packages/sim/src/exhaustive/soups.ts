/**
 * The network, which forgets nothing: every message ever sent may arrive at any time, any number of
 * times, or never. So it is a set that grows; each set is kept once and has a number.
 */

import type { Message } from '@quorate/core';
import type { Automaton } from './automaton.ts';
import { type Aging, agedOf, isLate, linkOf } from './rounds.ts';
import { type Claim, claimOf, contradiction } from './safety.ts';
import type { World } from './world.ts';

interface About {
  /** Position of the receiver. */
  readonly to: number;
  readonly term: number;
  readonly claim: Claim | undefined;
  readonly answer: Answer;
}

/** Who can heed it, if it is an answer. */
type Answer = 'to-candidate-or-leader' | 'to-anybody-in-term' | 'no';

export class Soups {
  readonly #automaton: Automaton;
  readonly #world: World;
  /** By number of the set: its messages, ascending, one character for each, which is small. */
  readonly #sets: string[] = [];
  readonly #numbers = new Map<string, number>();
  /** By number of the message. */
  readonly #known: About[] = [];

  constructor(automaton: Automaton, world: World) {
    this.#automaton = automaton;
    this.#world = world;
    this.#intern([]);
  }

  /** What may arrive at the server at `position`. */
  inbox(soup: number, position: number): number[] {
    return this.#messagesOf(soup).filter((message) => this.#about(message).to === position);
  }

  /**
   * `sent` joins, what was said before grows older, and what can matter no more leaves.
   *
   * @param servers By position, as they are now.
   */
  after(
    soup: number,
    sent: readonly number[],
    servers: readonly number[],
    aging: Aging | undefined,
  ): number {
    if (!this.#world.isReduced)
      return this.#intern([...new Set([...this.#messagesOf(soup), ...sent])]);
    const messages = new Set(sent);
    for (const message of this.#messagesOf(soup)) messages.add(this.#aged(message, aging));
    const kept: number[] = [];
    for (const message of messages) if (!this.#isDead(message, servers)) kept.push(message);
    return this.#intern(kept);
  }

  /** Two things said, one of them in `sent`, that cannot both be. */
  contradiction(soup: number, sent: readonly number[]): string | undefined {
    for (const number of sent) {
      const { claim } = this.#about(number);
      if (claim === undefined) continue;
      for (const other of [...this.#messagesOf(soup), ...sent]) {
        const found = contradiction(claim, this.#about(other).claim);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  renamed(soup: number, permutation: number): number {
    const messages = this.#messagesOf(soup);
    for (let at = 0; at < messages.length; at++) {
      messages[at] = this.#automaton.renamedHappening(messages[at]!, permutation);
    }
    return this.#intern(messages);
  }

  #aged(number: number, aging: Aging | undefined): number {
    if (aging === undefined) return number;
    const message = agedOf(this.#automaton.messageOf(number), this.#world);
    if (message?.term !== aging.term) return number;
    const { leader, follower } = linkOf(message);
    if (leader !== aging.leader) return number;
    const round = aging.ages[follower]![message.round] ?? message.round;
    return this.#automaton.numberOf({ kind: 'deliver', message: { ...message, round } });
  }

  /**
   * Nobody can heed it any more (§5.1). What it answers was asked by a candidate or leader of its term, and
   * who has ceased to be that never runs in this term again; answers to pre-votes count as long as the
   * term does. Votes given stay, as evidence.
   */
  #isDead(number: number, servers: readonly number[]): boolean {
    const { answer, to, term } = this.#about(number);
    const { status, durableTerm } = this.#automaton.locals[servers[to]!]!;
    if (answer === 'no' || term > durableTerm) return false;
    const isRunning =
      status.term === term && (status.role === 'candidate' || status.role === 'leader');
    const isHeeded = answer === 'to-anybody-in-term' ? term === durableTerm : isRunning;
    return (!isHeeded || this.#isLate(number, servers)) && this.#changesNothing(number, servers);
  }

  #isLate(number: number, servers: readonly number[]): boolean {
    const message = agedOf(this.#automaton.messageOf(number), this.#world);
    if (message?.kind !== 'appendRejected') return false;
    const { leader, follower } = linkOf(message);
    const marks = this.#automaton.locals[servers[leader]!]!.marks[follower];
    return marks !== undefined && isLate(message.round, marks);
  }

  /** What leaves arrives once more, so that the core has its say; a violation is left for the walk to find. */
  #changesNothing(number: number, servers: readonly number[]): boolean {
    const local = servers[this.#about(number).to]!;
    const { next, sent, answers, violation } = this.#automaton.step(local, number);
    const isSilent = sent.length === 0 && answers.length === 0;
    if (next === local && isSilent) return violation === undefined;
    const message = JSON.stringify(this.#automaton.messageOf(number));
    throw new Error(`this should change nothing any more: ${message}`);
  }

  #about(number: number): About {
    this.#known[number] ??= aboutOf(this.#automaton.messageOf(number));
    return this.#known[number];
  }

  #messagesOf(soup: number): number[] {
    const set = this.#sets[soup]!;
    const messages: number[] = [];
    for (let at = 0; at < set.length; at++) messages.push(set.charCodeAt(at));
    return messages;
  }

  #intern(messages: number[]): number {
    const set = String.fromCharCode(...messages.sort((a, b) => a - b));
    const known = this.#numbers.get(set);
    if (known !== undefined) return known;
    this.#numbers.set(set, this.#sets.length);
    return this.#sets.push(set) - 1;
  }
}

function aboutOf(message: Message): About {
  const { term, to } = message;
  return { to: to - 1, term, claim: claimOf(message), answer: answerOf(message) };
}

function answerOf(message: Message): Answer {
  switch (message.kind) {
    case 'appendAccepted':
    case 'appendRejected':
      return 'to-candidate-or-leader';
    case 'requestVoteReply':
      return message.isGranted ? 'no' : 'to-candidate-or-leader';
    case 'preVoteReply':
      return 'to-anybody-in-term';
    default:
      return 'no';
  }
}
