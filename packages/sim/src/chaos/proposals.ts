/** Commands on their way into the log, and what comes of each of them. */

import type { LogIndex, Term } from '@quorate/core';
import type { CommandSlab } from '@quorate/wire';
import type { Outcome } from '../scenario/action.ts';
import type { Server } from '../server.ts';
import type { RecordOfApplied, Reply } from './record-of-applied.ts';

const DONE: Outcome = { kind: 'done' };

/** `lost`: another entry stands where it stood, or it was never taken. It has no effect, ever. */
export type Fate = Reply | { readonly kind: 'lost' };

const LOST: Fate = { kind: 'lost' };

/** Told of each command by its position, at most once: often nobody ever hears. */
export type OnFate = (position: number, fate: Fate) => void;

export class Proposals {
  readonly #record: RecordOfApplied;
  readonly #note: (what: string) => void;
  readonly #newId: () => number;

  /** @param newId Numbers that are new for ever. */
  constructor(record: RecordOfApplied, note: (what: string) => void, newId: () => number) {
    this.#record = record;
    this.#note = note;
    this.#newId = newId;
  }

  /** To this server's own log. @param begin Called when they have been taken. */
  propose(server: Server, payload: CommandSlab, begin: () => OnFate): Outcome {
    const wasAtRest = server.isAtRest;
    const proposed = server.propose(payload);
    if (proposed.kind === 'refused') {
      this.#note(`proposal refused: ${proposed.reason}`);
      return proposed;
    }
    if (wasAtRest) this.#note('woken by a proposal');
    this.#follow(server, payload, proposed, begin());
    return DONE;
  }

  /** To whoever this server takes for the leader. */
  forward(server: Server, payload: CommandSlab, begin: () => OnFate): Outcome {
    const onFate = begin();
    if (server.isAtRest) this.#note('woken by a forwarded proposal');
    server.forward(this.#newId(), payload, (result) => {
      this.#note(`forwarded: ${result.kind}`);
      if (result.kind === 'appended') this.#follow(server, payload, result, onFate);
      else for (let at = 0; at < payload.count; at++) onFate(at, LOST);
    });
    return DONE;
  }

  /** Answers once the server has applied what stands at these indexes. */
  #follow(
    server: Server,
    { count }: CommandSlab,
    { firstIndex, term }: { readonly firstIndex: LogIndex; readonly term: Term },
    onFate: OnFate,
  ): void {
    for (let position = 0; position < count; position++) {
      const index = (firstIndex + position) as LogIndex;
      server.whenApplied(index, () => {
        const entry = this.#record.at(index);
        if (entry?.term === term) onFate(position, entry.reply);
        else {
          this.#note('proposal overwritten');
          onFate(position, LOST);
        }
      });
    }
  }
}
