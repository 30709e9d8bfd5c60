/**
 * One call of `apply` with sessions in it: which commands the machine gets to see, and how its
 * results and the table's verdicts become one answer for each entry.
 */

import { indexAfter, type LogIndex, nextIndex, previousIndex, type Term } from '@quorate/core';
import type { SessionTable, SessionVerdict } from '@quorate/wire';
import type { CommittedCommands } from '../state-machine.ts';

/** What a session hears of its entry. */
export type SessionReply =
  | { readonly kind: 'applied'; readonly response: Uint8Array }
  | Exclude<SessionVerdict, { readonly kind: 'apply' | 'applying' | 'applied' }>;

type Slot =
  /** As many results of the machine, as they are. */
  | { readonly kind: 'results'; readonly from: number; readonly count: number }
  | {
      readonly kind: 'fresh';
      readonly at: number;
      readonly session: number;
      readonly serial: number;
    }
  /** The answer of a command further up. */
  | { readonly kind: 'repeated'; readonly key: string }
  | { readonly kind: 'reply'; readonly reply: SessionReply };

/** Commands of sessions that follow one another in the log. */
class Run implements CommittedCommands {
  readonly firstIndex: LogIndex;
  readonly term: Term;
  readonly #commands: Uint8Array[] = [];

  constructor(firstIndex: LogIndex, term: Term) {
    this.firstIndex = firstIndex;
    this.term = term;
  }

  get count(): number {
    return this.#commands.length;
  }

  get lastIndex(): LogIndex {
    return previousIndex(indexAfter(this.firstIndex, this.count));
  }

  push(command: Uint8Array): void {
    this.#commands.push(command);
  }

  [Symbol.iterator](): Iterator<Uint8Array> {
    return this.#commands[Symbol.iterator]();
  }
}

const keyOf = (session: number, serial: number): string => `${session}/${serial}`;

export class Portion<Result> {
  readonly batches: CommittedCommands[] = [];
  readonly #encodeResult: (result: Result) => Uint8Array;
  readonly #slots: Slot[] = [];
  /** Of the commands that are applied in this portion. */
  readonly #responses = new Map<string, Uint8Array>();
  #results: readonly Result[] = [];
  #commands = 0;
  #run: Run | undefined;
  #last: { readonly index: LogIndex; readonly term: Term } | undefined;

  constructor(encodeResult: (result: Result) => Uint8Array) {
    this.#encodeResult = encodeResult;
  }

  /** Commands without a session. */
  addBatch(batch: CommittedCommands): void {
    const { count, lastIndex, term } = batch;
    this.batches.push(batch);
    this.#slots.push({ kind: 'results', from: this.#commands, count });
    this.#commands += count;
    this.#run = undefined;
    this.#last = { index: lastIndex, term };
  }

  add(index: LogIndex, term: Term, verdict: SessionVerdict): void {
    this.#last = { index, term };
    if (verdict.kind === 'apply') {
      const { session, serial, command } = verdict;
      this.#runAt(index, term).push(command);
      this.#slots.push({ kind: 'fresh', at: this.#commands, session, serial });
      this.#commands += 1;
      return;
    }
    this.#run = undefined;
    if (verdict.kind === 'applying') {
      this.#slots.push({ kind: 'repeated', key: keyOf(verdict.session, verdict.serial) });
    } else {
      this.#slots.push({ kind: 'reply', reply: verdict });
    }
  }

  /** The batches for a machine that saves where it stands: the last one ends where the portion does. */
  batchesToEnd(): readonly CommittedCommands[] {
    const last = this.#last;
    const reached = this.batches.at(-1)?.lastIndex;
    if (last === undefined || reached === last.index) return this.batches;
    const firstIndex = reached === undefined ? last.index : nextIndex(reached);
    const { index: lastIndex, term } = last;
    const nothing: readonly Uint8Array[] = [];
    const end = { firstIndex, lastIndex, term, count: 0 };
    return [...this.batches, { ...end, [Symbol.iterator]: () => nothing[Symbol.iterator]() }];
  }

  /** The machine has applied `batches`: the table learns the answers. */
  complete(results: readonly Result[], table: SessionTable): void {
    if (results.length !== this.#commands) {
      const counts = `${results.length} results for ${this.#commands} commands`;
      throw new RangeError(`apply answered ${counts}`);
    }
    this.#results = results;
    for (const slot of this.#slots) {
      if (slot.kind !== 'fresh') continue;
      const { session, serial, at } = slot;
      const response = this.#encodeResult(results[at] as Result);
      this.#responses.set(keyOf(session, serial), response);
      table.complete(session, serial, response);
    }
  }

  /** One for each entry, in log order. */
  replies(): readonly (Result | SessionReply)[] {
    const replies: (Result | SessionReply)[] = [];
    for (const slot of this.#slots) {
      if (slot.kind === 'results') {
        replies.push(...this.#results.slice(slot.from, slot.from + slot.count));
      } else if (slot.kind === 'reply') {
        replies.push(slot.reply);
      } else {
        const key = slot.kind === 'fresh' ? keyOf(slot.session, slot.serial) : slot.key;
        replies.push({ kind: 'applied', response: this.#responses.get(key) as Uint8Array });
      }
    }
    return replies;
  }

  #runAt(index: LogIndex, term: Term): Run {
    const open = this.#run;
    if (open !== undefined && open.lastIndex === previousIndex(index) && open.term === term) {
      return open;
    }
    const run = new Run(index, term);
    this.batches.push(run);
    this.#run = run;
    return run;
  }
}
