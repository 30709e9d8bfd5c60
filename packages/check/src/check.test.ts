import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkLinearizability } from './check.ts';
import { completed, dice, execute, isLegalOrder, pending } from './histories.test.support.ts';
import type { History } from './history.ts';
import { type KeyValueInput, type KeyValueOutput, keyValueModel } from './models/key-value.ts';
import { type RegisterInput, type RegisterOutput, registerModel } from './models/register.ts';

const READ = { kind: 'read' } as const;
const write = (value: number) => ({ kind: 'write', value }) as const;
const get = { kind: 'get', key: 'k' } as const;
const append = (value: string) => ({ kind: 'append', key: 'k', value }) as const;

const verdictOf = (history: History<RegisterInput, RegisterOutput>) =>
  checkLinearizability(registerModel, history).kind;

describe('histories known good', () => {
  test('no operations', () => {
    assert.equal(verdictOf([]), 'linearizable');
  });

  test('a read beside a write sees either value', () => {
    for (const seen of [0, 1]) {
      const history = [completed(1, 0, 10, write(1), undefined), completed(2, 1, 2, READ, seen)];
      assert.equal(verdictOf(history), 'linearizable', `a read of ${seen}`);
    }
  });

  test('two operations that touch at one moment may have been in either order', () => {
    const history = [completed(1, 0, 5, READ, 1), completed(2, 5, 6, write(1), undefined)];
    assert.equal(verdictOf(history), 'linearizable');
  });

  test('a pending write took effect long after its call', () => {
    const history = [
      pending(1, 0, write(7)),
      completed(2, 1, 2, READ, 0),
      completed(2, 50, 51, READ, 7),
    ];
    assert.equal(verdictOf(history), 'linearizable');
  });

  test('a pending write never took effect', () => {
    assert.equal(verdictOf([pending(1, 0, write(7)), completed(2, 5, 6, READ, 0)]), 'linearizable');
  });

  test('of two compare-and-sets beside each other one succeeds', () => {
    const swap = (value: number) => ({ kind: 'compareAndSet', expected: 0, value }) as const;
    const history = [completed(1, 0, 9, swap(1), true), completed(2, 1, 8, swap(2), false)];
    assert.equal(verdictOf(history), 'linearizable');
  });
});

describe('histories known bad', () => {
  test('a stale read: the value before a write that had returned', () => {
    const history = [completed(1, 0, 1, write(1), undefined), completed(2, 2, 3, READ, 0)];
    assert.equal(verdictOf(history), 'illegal');
  });

  test('a new value, then the old one again', () => {
    const history = [
      completed(1, 0, 10, write(1), undefined),
      completed(2, 1, 2, READ, 1),
      completed(3, 3, 4, READ, 0),
    ];
    assert.equal(verdictOf(history), 'illegal');
  });

  test('a value from nowhere', () => {
    assert.equal(verdictOf([completed(1, 0, 1, READ, 5)]), 'illegal');
  });

  test('a pending write seen before it was called', () => {
    assert.equal(verdictOf([completed(2, 0, 1, READ, 7), pending(1, 2, write(7))]), 'illegal');
  });

  test('a lost update: two compare-and-sets from the same value succeed', () => {
    const swap = (value: number) => ({ kind: 'compareAndSet', expected: 0, value }) as const;
    const history = [completed(1, 0, 9, swap(1), true), completed(2, 1, 8, swap(2), true)];
    assert.equal(verdictOf(history), 'illegal');
  });

  test('an append that was applied twice', () => {
    const history = [completed(1, 0, 1, append('x'), undefined), completed(1, 2, 3, get, 'xx')];
    assert.equal(checkLinearizability(keyValueModel, history).kind, 'illegal');
  });

  test('two servers that order the same appends differently', () => {
    const history = [
      completed(1, 0, 9, append('x'), undefined),
      completed(2, 0, 9, append('y'), undefined),
      completed(3, 10, 11, get, 'xy'),
      completed(4, 10, 11, get, 'yx'),
    ];
    assert.equal(checkLinearizability(keyValueModel, history).kind, 'illegal');
  });
});

describe('what a failure says', () => {
  test('the operation without a place, what came before it, and what was expected', () => {
    const calm = [completed(1, 0, 1, write(1), undefined), completed(1, 2, 3, READ, 1)];
    const beside = completed(1, 10, 20, write(2), undefined);
    const [fresh, stale] = [completed(2, 11, 12, READ, 2), completed(2, 13, 14, READ, 1)];
    const verdict = checkLinearizability(registerModel, [...calm, beside, fresh, stale]);
    assert.ok(verdict.kind === 'illegal');
    assert.equal(verdict.blocked, stale);
    assert.deepEqual(verdict.longestPrefix, [...calm, beside, fresh]);
    assert.deepEqual(verdict.candidates, [{ operation: stale, expected: 2 }]);
    // Whatever wrote them, and however often: 1, 2 and again 1 were read one after the other.
    assert.deepEqual(verdict.window, [calm[1], fresh, stale]);
    assert.ok(verdict.isMinimal);
  });

  test('only the partition at fault', () => {
    const other = completed(
      1,
      0,
      1,
      { kind: 'put', key: 'other', value: 'fine' } as const,
      undefined,
    );
    const wrong = completed(2, 0, 1, get, 'from nowhere');
    const verdict = checkLinearizability(keyValueModel, [other, wrong]);
    assert.ok(verdict.kind === 'illegal');
    assert.equal(verdict.partition, 'k');
    assert.deepEqual(verdict.window, [wrong]);
  });

  test('an operation that returned before its call is refused by name', () => {
    assert.throws(
      () => verdictOf([completed(3, 5, 4, READ, 0)]),
      /client 3 returned at 4.*call at 5/,
    );
  });

  test('a search that is too long ends undecided, at the same step each time', () => {
    const swaps = Array.from({ length: 12 }, (_, i) =>
      completed(i, 0, 9, { kind: 'compareAndSet', expected: 99, value: i } as const, false),
    );
    const writes = Array.from({ length: 12 }, (_, i) => completed(i, 0, 9, write(i), undefined));
    const reads = [completed(98, 10, 11, READ, 3), completed(98, 12, 13, READ, 4)];
    const verdict = checkLinearizability(registerModel, [...swaps, ...writes, ...reads], {
      maxSteps: 10,
    });
    assert.ok(verdict.kind === 'outOfBudget');
    assert.ok(verdict.steps >= 10 && verdict.steps < 50);
  });
});

describe('many clients that overwrite one key', () => {
  const overwrites = (operations: number) =>
    execute(registerModel, {
      clients: 15,
      operations,
      random: dice(1),
      input: (random, serial): RegisterInput => (random() < 0.3 ? READ : write(serial + 1)),
      lost: 0.01,
    });

  test('ten thousand operations stay within twenty steps each', () => {
    const verdict = checkLinearizability(registerModel, overwrites(10_000), { maxSteps: 200_000 });
    assert.ok(verdict.kind === 'linearizable');
    assert.ok(isLegalOrder(registerModel, verdict.orders.get('')!));
  });

  test('a stale read among three thousand is found, and explained by few operations', () => {
    const history = [...overwrites(3000)];
    const isRead = ({ kind, input }: (typeof history)[number]) =>
      kind === 'completed' && input.kind === 'read';
    const index = history.findIndex((operation, i) => i > 2000 && isRead(operation));
    const old = history.findLast(
      ({ kind, input }, i) => i < index - 60 && kind === 'completed' && input.kind === 'write',
    );
    const victim = history[index]!;
    assert.ok(victim.kind === 'completed' && old?.input.kind === 'write');
    const stale = { ...victim, output: old.input.value };
    history[index] = stale;
    const verdict = checkLinearizability(registerModel, history);
    assert.ok(verdict.kind === 'illegal');
    assert.equal(verdict.blocked, stale);
    assert.ok(verdict.isMinimal && verdict.window.length === 3);
    assert.ok(isLegalOrder(registerModel, verdict.longestPrefix));
  });
});

describe('real executions', () => {
  /** Half appends, a few puts, as the lab's clients do it. */
  const keyValueInput =
    (keys: number) =>
    (random: () => number, serial: number): KeyValueInput => {
      const key = `key ${Math.floor(keys * random())}`;
      const roll = random();
      if (roll < 0.4) return { kind: 'get', key };
      return { kind: roll < 0.9 ? 'append' : 'put', key, value: `(${serial})` };
    };

  /** Without what a client would not be told. */
  const asSeen = (history: History<KeyValueInput, KeyValueOutput>) =>
    history.map((operation) =>
      operation.kind === 'completed' && operation.input.kind !== 'get'
        ? { ...operation, output: undefined }
        : operation,
    );

  function lastAnsweredGet(history: History<KeyValueInput, KeyValueOutput>): number {
    return history.findLastIndex(({ kind, input }) => kind === 'completed' && input.kind === 'get');
  }

  for (const [clients, keys] of [
    [3, 1],
    [5, 3],
    [15, 15],
  ] as const) {
    test(`${clients} clients on ${keys} keys: accepted, and refused with one answer changed`, () => {
      for (let seed = 1; seed <= 20; seed++) {
        const random = dice(seed);
        const options = {
          clients,
          operations: 200,
          random,
          input: keyValueInput(keys),
          lost: 0.02,
        };
        const history = asSeen(execute(keyValueModel, options));
        const verdict = checkLinearizability(keyValueModel, history);
        assert.ok(verdict.kind === 'linearizable', `seed ${seed}`);
        for (const order of verdict.orders.values()) assert.ok(isLegalOrder(keyValueModel, order));

        const changed = [...history];
        const index = lastAnsweredGet(history);
        const victim = changed[index]!;
        assert.ok(victim.kind === 'completed');
        changed[index] = { ...victim, output: `${victim.output}(-1)` };
        const refused = checkLinearizability(keyValueModel, changed);
        assert.equal(refused.kind, 'illegal', `seed ${seed}`);
      }
    });
  }

  test('fifty appends beside each other and one get at the end are decided in few steps', () => {
    const appends = Array.from({ length: 50 }, (_, i) =>
      completed(i, i % 7, 10, append(`[${i}]`), undefined),
    );
    const order = [...appends].sort((a, b) => (a.input.value < b.input.value ? -1 : 1));
    const seen = order.map(({ input }) => input.value).join('');
    const verdict = checkLinearizability(keyValueModel, [
      ...appends,
      completed(99, 20, 21, get, seen),
    ]);
    assert.ok(verdict.kind === 'linearizable');
    assert.deepEqual(verdict.orders.get('k')?.slice(0, 50), order);
    assert.ok(verdict.steps < 3000, `${verdict.steps} steps`);
  });

  test('ten thousand operations stay within fifty steps each', () => {
    const random = dice(1);
    const options = {
      clients: 15,
      operations: 10_000,
      random,
      input: keyValueInput(15),
      lost: 0.002,
    };
    const history = asSeen(execute(keyValueModel, options));
    const verdict = checkLinearizability(keyValueModel, history, { maxSteps: 500_000 });
    assert.equal(verdict.kind, 'linearizable');
  });
});
