/**
 * Proposals that stand somewhere in the log, until the log says what became of them.
 *
 * Hot: runs once a batch, and settles one promise a command.
 *
 * A proposal is known by (index, term). Whoever applies that index in that term has its result; an
 * entry of another term at that index means that the command is lost for good, because a committed
 * index never changes (§5.4.3). So does an entry of a later term before that index, since terms in a log
 * only grow: a new leader's log may be shorter, and stay so while nobody proposes. Losing the lead
 * decides nothing: the entry may still be committed by the next leader, and mostly is.
 */

import { type LogIndex, largerIndex, TERM_ZERO, type Term } from '@quorate/core';
import type { CommandSlab } from '@quorate/wire';
import { CALL_OVERHEAD_BYTES, type PendingCall } from './pending-call.ts';

/** Commands of one payload, and who waits for each. Undefined: nobody. */
export interface PlacedGroup<Result> {
  readonly firstIndex: LogIndex;
  readonly term: Term;
  readonly payload: CommandSlab;
  readonly calls: readonly (PendingCall<Result> | undefined)[];
}

/** Consecutive entries of one term that were applied. */
export interface AppliedRange {
  readonly firstIndex: LogIndex;
  readonly lastIndex: LogIndex;
  readonly term: Term;
}

/** The command at position `at` of the payload will never be applied. */
export type OnLost<Result> = (call: PendingCall<Result>, payload: CommandSlab, at: number) => void;

export class PlacedProposals<Result> {
  /** Ascending by first index. They overlap only after a lost lead. */
  #groups: PlacedGroup<Result>[] = [];
  #bytes = 0;
  #appliedIndex: LogIndex;
  /** The newest of all that is applied, as far as was seen. */
  #appliedTerm = TERM_ZERO;
  readonly #onLost: OnLost<Result>;

  constructor(onLost: OnLost<Result>, appliedIndex: LogIndex) {
    this.#onLost = onLost;
    this.#appliedIndex = appliedIndex;
  }

  get appliedIndex(): LogIndex {
    return this.#appliedIndex;
  }

  get appliedTerm(): Term {
    return this.#appliedTerm;
  }

  /** Held for those who wait: their commands, and what the waiting costs. */
  get bytes(): number {
    return this.#bytes;
  }

  add(group: PlacedGroup<Result>): void {
    this.#bytes += costOf(group);
    const groups = this.#groups;
    let at = groups.length;
    while (at > 0 && (groups[at - 1] as PlacedGroup<Result>).firstIndex > group.firstIndex) at -= 1;
    if (at === groups.length) groups.push(group);
    else groups.splice(at, 0, group);
  }

  /** @param results Holds the result of the entry at `firstIndex` at position `resultsFrom`. */
  applied(range: AppliedRange, results: readonly Result[], resultsFrom: number): void {
    this.#appliedIndex = range.lastIndex;
    let isAnyDone = false;
    for (const { firstIndex, term, payload, calls } of this.#groups) {
      if (firstIndex > range.lastIndex) break;
      const end = firstIndex + calls.length - 1;
      const first = Math.max(range.firstIndex, firstIndex);
      const last = Math.min(range.lastIndex, end);
      for (let index = first; index <= last; index++) {
        const call = calls[index - firstIndex];
        if (call === undefined) continue;
        if (term !== range.term) this.#onLost(call, payload, index - firstIndex);
        else call.succeed(results[resultsFrom + index - range.firstIndex] as Result);
      }
      if (end <= range.lastIndex) isAnyDone = true;
    }
    if (isAnyDone) this.#forgetThrough(range.lastIndex);
    this.reachedTerm(range.term);
  }

  /** Something of this term is applied. */
  reachedTerm(term: Term): void {
    if (term <= this.#appliedTerm) return;
    this.#appliedTerm = term;
    this.#loseOvertaken();
  }

  /** The state jumped to a snapshot of `index`: what became of the proposals up to it is unknown. */
  skippedTo(index: LogIndex, error: () => Error): void {
    this.#appliedIndex = largerIndex(this.#appliedIndex, index);
    for (const { firstIndex, calls } of this.#groups) {
      for (const [at, call] of calls.entries()) {
        if (firstIndex + at <= index) call?.fail(error());
      }
    }
    this.#forgetThrough(index);
    this.#loseOvertaken();
  }

  /** What is not applied yet and of an older term will never be. */
  #loseOvertaken(): void {
    const overtaken = this.#groups.filter(({ term }) => term < this.#appliedTerm);
    if (overtaken.length === 0) return;
    this.#groups = this.#groups.filter(({ term }) => term >= this.#appliedTerm);
    for (const group of overtaken) this.#bytes -= costOf(group);
    for (const { firstIndex, payload, calls } of overtaken) {
      for (const [at, call] of calls.entries()) {
        if (firstIndex + at > this.#appliedIndex && call) this.#onLost(call, payload, at);
      }
    }
  }

  #forgetThrough(index: LogIndex): void {
    const isOpen = ({ firstIndex, calls }: PlacedGroup<Result>) =>
      firstIndex + calls.length - 1 > index;
    for (const group of this.#groups) if (!isOpen(group)) this.#bytes -= costOf(group);
    this.#groups = this.#groups.filter(isOpen);
  }
}

function costOf<Result>({ payload, calls }: PlacedGroup<Result>): number {
  return payload.byteLength + calls.length * CALL_OVERHEAD_BYTES;
}
