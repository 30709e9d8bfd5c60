import type { Model } from '../model.ts';
import { appendEvidence, holds, learnAppends } from './key-value-appends.ts';

/** The key-value service of the MIT lab (4A, 4B). */
export type KeyValueInput =
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'put'; readonly key: string; readonly value: string }
  | { readonly kind: 'append'; readonly key: string; readonly value: string };

/**
 * What the key held when the operation took effect, '' if it was never written. A put or append
 * that gives nothing back has undefined, which fits everything.
 */
export type KeyValueOutput = string | undefined;

/** Strings under keys, each key checked apart. */
export const keyValueModel: Model<string, KeyValueInput, KeyValueOutput> = {
  partitionOf: () => (input) => input.key,
  initial: () => '',
  step(state, input) {
    switch (input.kind) {
      case 'get':
        return { state, output: state };
      case 'put':
        return { state: input.value, output: state };
      case 'append':
        return { state: state + input.value, output: state };
    }
  },
  fingerprint: (state) => state,
  isSameOutput: (expected, observed) => observed === undefined || expected === observed,
  learn: learnAppends,
  witness: {
    testimony: appendEvidence,
    factsAt: (state) => [holds(state)],
    isInitial: (fact) => fact === holds(''),
  },
};
