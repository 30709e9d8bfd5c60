/** Clients that use the whole of the transactional model, and services that do it wrong. */

import type { Model } from '../model.ts';
import {
  type Compare,
  type Items,
  type KeyOperation,
  type TransactionalInput,
  type TransactionalOutput,
  transactionalModel,
} from './transactions.ts';

export interface TransactionMix {
  readonly keys: number;
  /** How many there are to write; infinite: each occurs once. */
  readonly values: number;
}

/** Gets, puts, deletes, and every other operation a transaction over one to four keys. */
export function mixedTransactions({ keys, values }: TransactionMix) {
  return (random: () => number, serial: number): TransactionalInput => {
    const roll = (sides: number) => Math.floor(sides * random());
    const key = () => `key ${String(roll(keys)).padStart(2, '0')}`;
    const value = (part: number) =>
      values === Infinity ? `${serial}.${part}` : `value ${roll(values)}`;
    /** A value that may be there. */
    const guess = () =>
      values === Infinity ? `${Math.max(0, serial - 1 - roll(2 * keys))}.0` : value(0);
    const write = (key: string, part: number): KeyOperation =>
      random() < 0.25 ? { kind: 'delete', key } : { kind: 'put', key, value: value(part) };
    const compare = (key: string): Compare => {
      if (random() < 0.4) return { kind: 'exists', key, expected: random() < 0.6 };
      const relation = (['=', '=', '=', '!=', '<', '>'] as const)[roll(6)]!;
      return { kind: 'value', key, relation, value: guess() };
    };
    const kind = random();
    if (kind < 0.25) return { kind: 'get', key: key() };
    if (kind < 0.5) return write(key(), 0);
    const touched = Array.from({ length: 1 + roll(4) }, key);
    return {
      kind: 'transaction',
      compares: touched.filter(() => random() < 0.5).map(compare),
      success: touched.map((key, part) =>
        random() < 0.7 ? write(key, part) : { kind: 'get', key },
      ),
      failure: touched
        .slice(0, 2)
        .map((key, part) => (random() < 0.6 ? { kind: 'get', key } : write(key, 5 + part))),
    };
  };
}

export type Bug = 'stale read' | 'lost update' | 'dirty read' | 'late write' | 'twice';

type TransactionalModel = Model<Items, TransactionalInput, TransactionalOutput>;

/**
 * The model with a fault at the first occasion after each `every` steps from the step `from` on. What is late
 * or repeated comes a hundred steps after its time.
 */
export function withBug(bug: Bug, from: number, every: number): TransactionalModel {
  const { step, ...rest } = transactionalModel;
  const past: Items[] = [];
  const due = new Map<number, TransactionalInput>();
  let nextFault = from;
  const faulty = (state: Items, input: TransactionalInput) => {
    const right = step(state, input);
    if (past.length < nextFault) return right;
    const happened = faultOf(bug, state, input, past[past.length - 100]!);
    if (happened === undefined) return right;
    nextFault += every;
    if (bug === 'late write' || bug === 'twice') due.set(past.length + 100, input);
    return happened;
  };
  return {
    ...rest,
    step(state, input) {
      const late = due.get(past.length);
      const happened = faulty(late === undefined ? state : step(state, late).state, input);
      past.push(happened.state);
      return happened;
    },
  };
}

/** Undefined if this input is no occasion for it. */
function faultOf(
  bug: Bug,
  state: Items,
  input: TransactionalInput,
  old: Items,
): { readonly state: Items; readonly output: TransactionalOutput } | undefined {
  const right = transactionalModel.step(state, input);
  switch (bug) {
    case 'stale read':
      if (input.kind !== 'get') return undefined;
      return { state, output: transactionalModel.step(old, input).output };
    case 'lost update':
    case 'late write':
      return input.kind === 'put' ? { state, output: right.output } : undefined;
    case 'twice':
      return input.kind === 'put' ? right : undefined;
    case 'dirty read': {
      if (input.kind !== 'transaction') return undefined;
      const { succeeded } = right.output as { readonly succeeded: boolean };
      if (succeeded) return undefined;
      const [wrong, ...others] = input.success;
      if (wrong?.kind !== 'put' || others.length > 0) return undefined;
      return { state: transactionalModel.step(right.state, wrong).state, output: right.output };
    }
  }
}
