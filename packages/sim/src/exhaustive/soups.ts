/**
 * The network, which forgets nothing: every message ever sent may arrive at any time, any number of
 * times, or never. So it is a set that grows; each set is kept once and has a number.
 */

import type { Message } from '@quorate/core';
import type { Automaton } from './automaton.ts';
import { type Claim, claimOf, contradiction } from './safety.ts';

interface Soup {
  /** Ascending. */
  readonly messages: readonly number[];
  /** By position of the receiver. */
  readonly inboxes: readonly (readonly number[])[];
  readonly renamed: (number | undefined)[];
}

interface About {
  /** Position of the receiver. */
  readonly to: number;
  readonly term: number;
  readonly claim: Claim | undefined;
  /** Position of the receiver of what may be forgotten with its term. */
  readonly answersTo: number | undefined;
}

export class Soups {
  readonly all: Soup[] = [];
  readonly #automaton: Automaton;
  readonly #size: number;
  readonly #byKey = new Map<string, number>();
  /** By number of the message. */
  readonly #known: About[] = [];

  constructor(automaton: Automaton, size: number) {
    this.#automaton = automaton;
    this.#size = size;
    this.#intern([]);
  }

  /** `sent` joins; what its receivers can no longer heed leaves. `terms`: durable, by position. */
  after(soup: number, sent: readonly number[], terms: readonly number[]): number {
    const { messages } = this.all[soup]!;
    const added = sent.filter((message) => !messages.includes(message));
    const kept = [...messages, ...added].filter((message) => !this.#isDead(message, terms));
    return kept.length === messages.length && added.length === 0 ? soup : this.#intern(kept);
  }

  /** Two things said, one of them in `sent`, that cannot both be. */
  contradiction(soup: number, sent: readonly number[]): string | undefined {
    for (const number of sent) {
      const { claim } = this.#about(number);
      if (claim === undefined) continue;
      for (const other of [...this.all[soup]!.messages, ...sent]) {
        const found = contradiction(claim, this.#about(other).claim);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  renamed(soup: number, permutation: number): number {
    const { messages, renamed } = this.all[soup]!;
    let image = renamed[permutation];
    if (image === undefined) {
      const rename = (message: number) => this.#automaton.renamedHappening(message, permutation);
      image = this.#intern(messages.map(rename));
      renamed[permutation] = image;
    }
    return image;
  }

  /**
   * An answer of a term that its receiver has left for good, crashes included, is dropped on arrival
   * (§5.1). Votes given stay, as evidence.
   */
  #isDead(number: number, terms: readonly number[]): boolean {
    const { answersTo, term } = this.#about(number);
    return answersTo !== undefined && term < terms[answersTo]!;
  }

  #about(number: number): About {
    this.#known[number] ??= aboutOf(this.#automaton.messageOf(number));
    return this.#known[number];
  }

  #intern(unsorted: number[]): number {
    const messages = unsorted.sort((a, b) => a - b);
    const key = String.fromCharCode(...messages);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const inboxes = Array.from({ length: this.#size }, (_, position) =>
      messages.filter((message) => this.#about(message).to === position),
    );
    this.#byKey.set(key, this.all.length);
    return this.all.push({ messages, inboxes, renamed: [] }) - 1;
  }
}

function aboutOf(message: Message): About {
  const { kind, term } = message;
  const to = message.to - 1;
  const isAnswer =
    kind === 'appendAccepted' ||
    kind === 'appendRejected' ||
    kind === 'preVoteReply' ||
    (kind === 'requestVoteReply' && !message.isGranted);
  return { to, term, claim: claimOf(message), answersTo: isAnswer ? to : undefined };
}
