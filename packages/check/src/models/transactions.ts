import type { Model } from '../model.ts';
import { connectedKeys, type KeySpan } from '../partitions.ts';
import { holds, transactionActs } from './transactions-acts.ts';

/**
 * etcd's key-value service, without what spans all keys: revisions and versions are not modelled, so
 * that keys can be checked apart. "Was never written" (version = 0) is the compare `exists`.
 */
export type TransactionalInput = KeyOperation | Transaction;

export type KeyOperation =
  | { readonly kind: 'get'; readonly key: string }
  /** The keys from `from` up to and without `to`. */
  | { readonly kind: 'range'; readonly from: string; readonly to: string }
  | { readonly kind: 'put'; readonly key: string; readonly value: string }
  | { readonly kind: 'delete'; readonly key: string };

/** In one moment: if all `compares` hold, the operations of `success`, otherwise those of `failure`. */
export interface Transaction {
  readonly kind: 'transaction';
  readonly compares: readonly Compare[];
  readonly success: readonly KeyOperation[];
  readonly failure: readonly KeyOperation[];
}

export type Compare =
  /** A key that does not exist has no value: this fails whatever the relation is, as in etcd. */
  | {
      readonly kind: 'value';
      readonly key: string;
      readonly relation: '=' | '!=' | '<' | '>';
      readonly value: string;
    }
  | { readonly kind: 'exists'; readonly key: string; readonly expected: boolean };

export interface Item {
  readonly key: string;
  readonly value: string;
}

/** What get and range found, by key; how many keys a delete removed; undefined for a put. */
export type KeyAnswer = readonly Item[] | number | undefined;

export interface TransactionAnswer {
  readonly succeeded: boolean;
  /** Of each operation of the branch. */
  readonly answers: readonly KeyAnswer[];
}

export type TransactionalOutput = KeyAnswer | TransactionAnswer;

/** By key. */
export type Items = readonly Item[];

/** Keys with transactions over several of them. Keys that no operation joins are checked apart. */
export const transactionalModel: Model<Items, TransactionalInput, TransactionalOutput> = {
  partitionOf: (inputs) => connectedKeys(inputs, spansOf),
  initial: () => [],
  step(items, input) {
    if (input.kind !== 'transaction') return stepKey(items, input);
    const succeeded = input.compares.every((compare) =>
      holds(compare, items.find(({ key }) => key === compare.key)?.value),
    );
    let state = items;
    const answers = (succeeded ? input.success : input.failure).map((operation) => {
      const step = stepKey(state, operation);
      state = step.state;
      return step.output;
    });
    return { state, output: { succeeded, answers } };
  },
  fingerprint: (items) => JSON.stringify(items.flatMap(({ key, value }) => [key, value])),
  isSameOutput: (expected, observed) => textOf(expected) === textOf(observed),
  acts: transactionActs,
};

/** Whatever the order of the fields. */
function textOf(output: TransactionalOutput): string {
  if (typeof output !== 'object') return String(output);
  if (!('answers' in output)) return JSON.stringify(output.map(({ key, value }) => [key, value]));
  return JSON.stringify([output.succeeded, output.answers.map(textOf)]);
}

function stepKey(items: Items, operation: KeyOperation): { state: Items; output: KeyAnswer } {
  switch (operation.kind) {
    case 'get':
      return { state: items, output: items.filter(({ key }) => key === operation.key) };
    case 'range': {
      const { from, to } = operation;
      return { state: items, output: items.filter(({ key }) => from <= key && key < to) };
    }
    case 'put': {
      const { key, value } = operation;
      const before = items.filter((item) => item.key < key);
      const after = items.filter((item) => item.key > key);
      return { state: [...before, { key, value }, ...after], output: undefined };
    }
    case 'delete': {
      const state = items.filter(({ key }) => key !== operation.key);
      const removed = items.length - state.length;
      return { state: removed === 0 ? items : state, output: removed };
    }
  }
}

function spansOf(input: TransactionalInput): readonly KeySpan[] {
  if (input.kind === 'range') return [input];
  if (input.kind !== 'transaction') return [input.key];
  const { compares, success, failure } = input;
  return [...compares.map(({ key }) => key), ...[...success, ...failure].flatMap(spansOf)];
}
