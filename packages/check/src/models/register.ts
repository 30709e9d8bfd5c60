import { type Evidence, type Fact, factOf, readerOf, writerOf } from '../evidence.ts';
import type { Operation } from '../history.ts';
import type { Model } from '../model.ts';

export type RegisterInput =
  | { readonly kind: 'read' }
  | { readonly kind: 'write'; readonly value: number }
  /** Writes `value` if the register holds `expected`. */
  | { readonly kind: 'compareAndSet'; readonly expected: number; readonly value: number };

/** A read's value; whether a compareAndSet wrote; undefined for a write. */
export type RegisterOutput = number | boolean | undefined;

/** One number, 0 at first. */
export const registerModel: Model<number, RegisterInput, RegisterOutput> = {
  partitionOf: () => () => '',
  initial: () => 0,
  step(state, input) {
    switch (input.kind) {
      case 'read':
        return { state, output: state };
      case 'write':
        return { state: input.value, output: undefined };
      case 'compareAndSet':
        return state === input.expected
          ? { state: input.value, output: true }
          : { state, output: false };
    }
  },
  fingerprint: (state) => state,
  isSameOutput: Object.is,
  witness: {
    testimony: (operations) => operations.map(evidenceOf),
    factsAt: (state) => [holds(state)],
    isInitial: (fact) => fact === holds(0),
  },
};

const holds = (value: number): Fact => factOf('', String(value));

function evidenceOf(operation: Operation<RegisterInput, RegisterOutput>): Evidence {
  const { input } = operation;
  const output = operation.kind === 'completed' ? operation.output : undefined;
  switch (input.kind) {
    case 'read':
      return readerOf(output === undefined ? [] : [holds(output as number)]);
    case 'write':
      return writerOf([], [holds(input.value)]);
    case 'compareAndSet': {
      if (output === false) return { ...readerOf([]), isComplete: false };
      const made = [holds(input.value)];
      if (output === true) return writerOf([holds(input.expected)], made);
      return { ...writerOf([], made), isComplete: false };
    }
  }
}
