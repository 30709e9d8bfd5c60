import { type Evidence, type Fact, factOf, readerOf, UNKNOWN, writerOf } from '../evidence.ts';
import type { Operation } from '../history.ts';
import type { Model } from '../model.ts';
import { learnQueue, UNSEEN } from './queue-bounds.ts';
import {
  emptyQueue,
  type QueueState,
  queueFingerprint,
  withLast,
  withoutFirst,
} from './queue-state.ts';

export type QueueInput =
  | { readonly kind: 'enqueue'; readonly queue: string; readonly value: string }
  | { readonly kind: 'dequeue'; readonly queue: string };

/** The value taken out, undefined if the queue was empty; undefined for an enqueue. */
export type QueueOutput = string | undefined;

/** Named queues, first in, first out. Values that are put in once each teach the most. */
export const queueModel: Model<QueueState, QueueInput, QueueOutput> = {
  partitionOf: () => (input) => input.queue,
  initial: emptyQueue,
  step(state, input) {
    if (input.kind === 'enqueue') return { state: withLast(state, input.value), output: undefined };
    const taken = withoutFirst(state);
    return taken === undefined
      ? { state, output: undefined }
      : { state: taken.state, output: taken.value };
  },
  fingerprint: queueFingerprint,
  isSameOutput: (expected, observed) => observed === UNSEEN || expected === observed,
  learn: learnQueue,
  witness: {
    testimony: (operations) => operations.map(evidenceOf),
    factsAt: (state, { kind }) => (kind === 'dequeue' ? firstFact(state) : []),
    isInitial: () => false,
  },
};

/** Ends when the value is taken, which whoever saw it taken must do. */
const enqueued = (value: string): Fact => factOf(value, 'enqueued');

function firstFact(state: QueueState): readonly Fact[] {
  const first = withoutFirst(state);
  return first === undefined ? [] : [enqueued(first.value)];
}

function evidenceOf(operation: Operation<QueueInput, QueueOutput>): Evidence {
  const { input } = operation;
  if (input.kind === 'enqueue') {
    return { ...writerOf([], [enqueued(input.value)]), isComplete: false };
  }
  if (operation.kind === 'pending' || operation.output === UNSEEN) return UNKNOWN;
  if (operation.output === undefined) return { ...readerOf([]), isComplete: false };
  return { ...writerOf([enqueued(operation.output)], []), isComplete: false };
}
