import { type Evidence, type Fact, factOf, readerOf, UNKNOWN, writerOf } from '../evidence.ts';
import type { Operation } from '../history.ts';
import type { Model } from '../model.ts';

export type QueueInput =
  | { readonly kind: 'enqueue'; readonly queue: string; readonly value: string }
  | { readonly kind: 'dequeue'; readonly queue: string };

/** The value taken out, undefined if the queue was empty; undefined for an enqueue. */
export type QueueOutput = string | undefined;

/** Named queues, first in, first out. */
export const queueModel: Model<readonly string[], QueueInput, QueueOutput> = {
  partitionOf: () => (input) => input.queue,
  initial: () => [],
  step(values, input) {
    if (input.kind === 'enqueue') return { state: [...values, input.value], output: undefined };
    return { state: values.slice(1), output: values[0] };
  },
  fingerprint: (values) => JSON.stringify(values),
  isSameOutput: Object.is,
  witness: {
    testimony: (operations) => operations.map(evidenceOf),
    factsAt: () => [],
    isInitial: () => false,
  },
};

/** Facts that never end: each is about a value of its own. */
const enqueued = (value: string): Fact => factOf(value, 'enqueued');

function evidenceOf(operation: Operation<QueueInput, QueueOutput>): Evidence {
  const { input } = operation;
  if (input.kind === 'enqueue') {
    return { ...writerOf([], [enqueued(input.value)]), isComplete: false };
  }
  if (operation.kind === 'pending') return UNKNOWN;
  if (operation.output === undefined) return { ...readerOf([]), isComplete: false };
  return { ...writerOf([enqueued(operation.output)], []), isComplete: false };
}
