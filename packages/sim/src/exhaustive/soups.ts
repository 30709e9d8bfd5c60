/**
 * The network, which forgets nothing: every message ever sent may arrive at any time, any number of
 * times, or never. So it is a set that grows; each set is kept once and has a number.
 */

import type { Automaton } from './automaton.ts';
import { contradiction } from './safety.ts';

interface Soup {
  /** Ascending. */
  readonly messages: readonly number[];
  /** By position of the receiver. */
  readonly inboxes: readonly (readonly number[])[];
  readonly renamed: (number | undefined)[];
}

export class Soups {
  readonly all: Soup[] = [];
  readonly #automaton: Automaton;
  readonly #size: number;
  readonly #byKey = new Map<string, number>();
  readonly #changed = new Map<string, number>();

  constructor(automaton: Automaton, size: number) {
    this.#automaton = automaton;
    this.#size = size;
    this.#intern([]);
  }

  /** `sent` joins; what its receivers can no longer heed leaves. `terms`: durable, by position. */
  after(soup: number, sent: readonly number[], terms: readonly number[]): number {
    const key = `${soup} ${sent} ${terms}`;
    let changed = this.#changed.get(key);
    if (changed === undefined) {
      const messages = [...new Set([...this.all[soup]!.messages, ...sent])];
      changed = this.#intern(messages.filter((message) => !this.#isDead(message, terms)));
      this.#changed.set(key, changed);
    }
    return changed;
  }

  /** Two things said, one of them in `sent`, that cannot both be. */
  contradiction(soup: number, sent: readonly number[]): string | undefined {
    for (const number of sent) {
      const message = this.#automaton.messageOf(number);
      for (const other of [...this.all[soup]!.messages, ...sent]) {
        const found = contradiction(message, this.#automaton.messageOf(other));
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
    const message = this.#automaton.messageOf(number);
    if (message.term >= terms[message.to - 1]!) return false;
    switch (message.kind) {
      case 'appendAccepted':
      case 'appendRejected':
      case 'preVoteReply':
        return true;
      case 'requestVoteReply':
        return !message.isGranted;
      default:
        return false;
    }
  }

  #intern(unsorted: number[]): number {
    const messages = unsorted.sort((a, b) => a - b);
    const key = String.fromCharCode(...messages);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const inboxes = Array.from({ length: this.#size }, (_, position) =>
      messages.filter((message) => this.#automaton.messageOf(message).to === position + 1),
    );
    this.#byKey.set(key, this.all.length);
    return this.all.push({ messages, inboxes, renamed: [] }) - 1;
  }
}
