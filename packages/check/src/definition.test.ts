import { describe, test } from 'node:test';
import fc from 'fast-check';
import { agreesWithDefinition, smallHistories } from './definition.test.support.ts';
import { type KeyValueInput, type KeyValueOutput, keyValueModel } from './models/key-value.ts';
import { type LockInput, lockModel } from './models/lock.ts';
import { type QueueInput, type QueueOutput, queueModel } from './models/queue.ts';
import { type RegisterInput, type RegisterOutput, registerModel } from './models/register.ts';
import {
  type Compare,
  type KeyOperation,
  type TransactionalInput,
  type TransactionalOutput,
  transactionalModel,
} from './models/transactions.ts';

const READ = { kind: 'read' } as const;
const write = (value: number) => ({ kind: 'write', value }) as const;
const get = { kind: 'get', key: 'k' } as const;
const append = (value: string) => ({ kind: 'append', key: 'k', value }) as const;
const put = (value: string) => ({ kind: 'put', key: 'k', value }) as const;

describe('against the definition', () => {
  test('registers', () => {
    const value = fc.integer({ min: 0, max: 2 });
    const input: fc.Arbitrary<RegisterInput> = fc.oneof(
      fc.constant(READ),
      value.map(write),
      fc.record({ kind: fc.constant('compareAndSet' as const), expected: value, value }),
    );
    const outputOf = (input: RegisterInput): fc.Arbitrary<RegisterOutput> => {
      if (input.kind === 'read') return value;
      return input.kind === 'write' ? fc.constant(undefined) : fc.boolean();
    };
    agreesWithDefinition(registerModel, smallHistories(input, outputOf));
  });

  test('appends, with values that are hard to tell apart and ones that are not', () => {
    const value = fc.constantFrom('a', 'b', 'ab', 'c');
    const input: fc.Arbitrary<KeyValueInput> = fc.oneof(
      fc.constant(get),
      value.map(append),
      value.map(put),
    );
    const text = fc.array(value, { maxLength: 3 }).map((parts) => parts.join(''));
    const outputOf = ({ kind }: KeyValueInput): fc.Arbitrary<KeyValueOutput> =>
      kind === 'get' ? text : fc.constant(undefined);
    agreesWithDefinition(keyValueModel, smallHistories(input, outputOf));
  });

  test('locks', () => {
    const input: fc.Arbitrary<LockInput> = fc.record({
      kind: fc.constantFrom('acquire' as const, 'release' as const),
      lock: fc.constant('l'),
      owner: fc.integer({ min: 1, max: 2 }),
    });
    agreesWithDefinition(
      lockModel,
      smallHistories(input, () => fc.boolean()),
    );
  });

  test('queues', () => {
    const value = fc.constantFrom('a', 'b');
    const input: fc.Arbitrary<QueueInput> = fc.oneof(
      value.map((value) => ({ kind: 'enqueue' as const, queue: 'q', value })),
      fc.constant({ kind: 'dequeue' as const, queue: 'q' }),
    );
    const outputOf = ({ kind }: QueueInput): fc.Arbitrary<QueueOutput> =>
      kind === 'enqueue' ? fc.constant(undefined) : fc.option(value, { nil: undefined });
    agreesWithDefinition(queueModel, smallHistories(input, outputOf));
  });

  test('queues of values that differ', () => {
    const input = fc.constantFrom<QueueInput>(
      { kind: 'enqueue', queue: 'q', value: '' },
      { kind: 'dequeue', queue: 'q' },
    );
    const outputOf = ({ kind }: QueueInput): fc.Arbitrary<QueueOutput> =>
      kind === 'enqueue' ? fc.constant(undefined) : fc.constantFrom('a', 'b', 'c', undefined);
    const histories = smallHistories(input, outputOf).map((history) => {
      let values = 0;
      return history.map((operation) => {
        const { input } = operation;
        if (input.kind === 'dequeue') return operation;
        return { ...operation, input: { ...input, value: 'abcdef'.charAt(values++) } };
      });
    });
    agreesWithDefinition(queueModel, histories);
  });

  test('transactions', () => {
    const key = fc.constantFrom('k', 'l');
    const value = fc.constantFrom('a', 'b');
    const operation: fc.Arbitrary<KeyOperation> = fc.oneof(
      fc.record({ kind: fc.constant('get' as const), key }),
      fc.record({ kind: fc.constant('put' as const), key, value }),
      fc.record({ kind: fc.constant('delete' as const), key }),
      fc.constant({ kind: 'range' as const, from: 'a', to: 'z' }),
    );
    const compare: fc.Arbitrary<Compare> = fc.oneof(
      fc.record({ kind: fc.constant('exists' as const), key, expected: fc.boolean() }),
      fc.record({
        kind: fc.constant('value' as const),
        key,
        relation: fc.constantFrom('=' as const, '!=' as const),
        value,
      }),
    );
    const input: fc.Arbitrary<TransactionalInput> = fc.oneof(
      operation,
      fc.record({
        kind: fc.constant('transaction' as const),
        compares: fc.array(compare, { maxLength: 2 }),
        success: fc.array(operation, { maxLength: 2 }),
        failure: fc.array(operation, { maxLength: 1 }),
      }),
    );
    /** Answers that some state could give, or half of the histories would be senseless. */
    const outputOf = (input: TransactionalInput): fc.Arbitrary<TransactionalOutput> =>
      fc
        .subarray(['k', 'l'])
        .chain((keys) => fc.tuple(...keys.map((key) => value.map((value) => ({ key, value })))))
        .map((items) => transactionalModel.step(items, input).output);
    agreesWithDefinition(transactionalModel, smallHistories(input, outputOf));
  });
});
