/**
 * Writes on their way to the disk, and the messages that wait for them.
 *
 * Hot: runs once a turn, never once an entry.
 *
 * A message that promises something about our disk is held until the newest write that was issued
 * before it, and so every earlier one, is durable.
 */

import { type Message, type Milliseconds, withOneMore } from '@quorate/core';

/**
 * Messages that may wait for a disk that hangs. Then the oldest are lost, as on a bad network: with
 * each heartbeat comes another acknowledgement, which says more.
 */
export const MAX_HELD_MESSAGES = 1_024;

interface Held {
  readonly sequence: number;
  readonly messages: readonly Message[];
}

const NOTHING: readonly Message[] = [];

export class WriteQueue {
  /** Oldest first. */
  #pending: { readonly sequence: number; readonly since: Milliseconds }[] = [];
  #held: Held[] = [];
  #heldCount = 0;

  issued(sequence: number, now: Milliseconds): void {
    this.#pending = withOneMore(this.#pending, { sequence, since: now });
  }

  /** Everything up to `sequence` is durable. Answers what may leave now. */
  durable(sequence: number): readonly Message[] {
    const pending = this.#pending;
    const held = this.#held;
    while (pending.length > 0 && (pending[0]?.sequence ?? 0) <= sequence) pending.shift();
    let messages = NOTHING;
    while (held.length > 0 && (held[0]?.sequence ?? 0) <= sequence) {
      const { messages: free } = held.shift() as Held;
      this.#heldCount -= free.length;
      messages = messages.length === 0 ? free : messages.concat(free);
    }
    return messages;
  }

  /** Answers what may leave at once: all of it when nothing is on its way to the disk. */
  hold(messages: readonly Message[]): readonly Message[] {
    const newest = this.#pending.at(-1);
    if (newest === undefined) return messages;
    if (messages.length === 0) return NOTHING;
    this.#held = withOneMore(this.#held, { sequence: newest.sequence, messages });
    this.#heldCount += messages.length;
    while (this.#heldCount > MAX_HELD_MESSAGES && this.#held.length > 1) {
      this.#heldCount -= this.#held.shift()?.messages.length ?? 0;
    }
    return NOTHING;
  }

  /** How long the disk has owed us an answer. 0 when it owes none. */
  ageOfOldest(now: Milliseconds): Milliseconds {
    const oldest = this.#pending[0];
    return oldest === undefined ? 0 : now - oldest.since;
  }
}
