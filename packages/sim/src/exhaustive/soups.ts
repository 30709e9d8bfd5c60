/**
 * The network, which forgets nothing: every message ever sent may arrive at any time, any number of
 * times, or never. So it is a set that grows; each set is kept once and has a number.
 */

import type { Message } from '@quorate/core';
import type { Automaton } from './automaton.ts';
import { type Claim, claimOf, contradiction } from './safety.ts';

interface About {
  /** Position of the receiver. */
  readonly to: number;
  readonly term: number;
  readonly claim: Claim | undefined;
  readonly isAnswer: boolean;
}

export class Soups {
  readonly #automaton: Automaton;
  /** By number of the set: its messages, ascending, one character for each, which is small. */
  readonly #sets: string[] = [];
  readonly #numbers = new Map<string, number>();
  /** By number of the message. */
  readonly #known: About[] = [];

  constructor(automaton: Automaton) {
    this.#automaton = automaton;
    this.#intern([]);
  }

  /** What may arrive at the server at `position`. */
  inbox(soup: number, position: number): number[] {
    return this.#messagesOf(soup).filter((message) => this.#about(message).to === position);
  }

  /** `sent` joins; what its receivers can no longer heed leaves. `terms`: durable, by position. */
  after(soup: number, sent: readonly number[], terms: readonly number[]): number {
    const messages = this.#messagesOf(soup);
    const kept: number[] = [];
    for (const message of messages) if (!this.#isDead(message, terms)) kept.push(message);
    for (const message of sent) {
      if (!messages.includes(message) && !this.#isDead(message, terms)) kept.push(message);
    }
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

  /**
   * An answer of a term that its receiver has left for good, crashes included, is dropped on arrival
   * (§5.1). Votes given stay, as evidence.
   */
  #isDead(number: number, terms: readonly number[]): boolean {
    const { isAnswer, to, term } = this.#about(number);
    return isAnswer && term < terms[to]!;
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
  const { kind, term, to } = message;
  const isAnswer =
    kind === 'appendAccepted' ||
    kind === 'appendRejected' ||
    kind === 'preVoteReply' ||
    (kind === 'requestVoteReply' && !message.isGranted);
  return { to: to - 1, term, claim: claimOf(message), isAnswer };
}
