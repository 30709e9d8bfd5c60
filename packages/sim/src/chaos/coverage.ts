/**
 * What a run really reached: each kind of action, of refusal, of mishap and of decision, counted by
 * name. What no run reaches is not tested, whatever the number of runs.
 */

import type { TraceEvent } from '@quorate/core';

export class Coverage {
  readonly #counts = new Map<string, number>();

  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  traced(event: TraceEvent): void {
    this.count(nameOf(event));
  }
}

/** An event's kind and, where it says by which rule, that rule. */
export function nameOf(event: TraceEvent): string {
  switch (event.kind) {
    case 'becameFollower':
      return `becameFollower: ${event.reason}`;
    case 'voted':
      return `${event.isPreVote ? 'preVoted' : 'voted'}: ${event.verdict}`;
    default:
      return event.kind;
  }
}
