/** What clients saw must have an explanation. What has none can be drawn. */

import {
  checkLinearizability,
  type History,
  type KeyValueInput,
  type KeyValueOutput,
  keyValueModel,
  renderTimeline,
  type Verdict,
} from '@quorate/check';
import { PropertyViolation } from './violation.ts';

type Seen = History<KeyValueInput, KeyValueOutput>;
type Unexplained = Exclude<Verdict<KeyValueInput, KeyValueOutput>, { kind: 'linearizable' }>;

export class NotLinearizable extends PropertyViolation {
  readonly #seen: Seen;
  readonly #verdict: Unexplained;

  constructor(seen: Seen, verdict: Unexplained) {
    super('linearizable', evidenceOf(verdict));
    this.#seen = seen;
    this.#verdict = verdict;
  }

  /** One HTML page: the answers that contradict each other, and what overlaps them. */
  timeline(): string {
    return renderTimeline(this.#seen, this.#verdict);
  }
}

/**
 * @param maxSteps The checker's budget. @default its own
 * @throws {NotLinearizable} unless some order of the operations is found that explains every answer.
 */
export function expectLinearizable(seen: Seen, maxSteps?: number): void {
  const options = maxSteps === undefined ? {} : { maxSteps };
  const verdict = checkLinearizability(keyValueModel, seen, options);
  if (verdict.kind !== 'linearizable') throw new NotLinearizable(seen, verdict);
}

/** The page that shows why a run failed. Undefined if it failed for something that is no matter of answers. */
export function timelineOf(failure: unknown): string | undefined {
  for (let cause = failure; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof NotLinearizable) return cause.timeline();
  }
  return undefined;
}

function evidenceOf(verdict: Unexplained): string {
  const { partition } = verdict;
  if (verdict.kind === 'outOfBudget') {
    return `undecided: key ${partition} after ${verdict.steps} steps`;
  }
  const window = verdict.window.map((operation) => JSON.stringify(operation)).join('\n  ');
  return `these contradict each other:\n  ${window}`;
}
