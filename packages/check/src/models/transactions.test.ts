import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkLinearizability } from '../check.ts';
import { completed, dice, execute, isLegalOrder, pending } from '../histories.test.support.ts';
import type { History } from '../history.ts';
import type { Illegal, Verdict } from '../verdict.ts';
import { mixedTransactions, type TransactionMix, withBug } from './transactions.test.support.ts';
import {
  type TransactionalInput,
  type TransactionalOutput,
  transactionalModel,
} from './transactions.ts';

type TransactionalHistory = History<TransactionalInput, TransactionalOutput>;
type TransactionalVerdict = Verdict<TransactionalInput, TransactionalOutput>;

const check = (history: TransactionalHistory): TransactionalVerdict =>
  checkLinearizability(transactionalModel, history);

/** What one client sees. */
function answersOf(...inputs: TransactionalInput[]): TransactionalOutput[] {
  let state = transactionalModel.initial();
  return inputs.map((input) => {
    const step = transactionalModel.step(state, input);
    state = step.state;
    return step.output;
  });
}

describe('transactions', () => {
  const get = (key: string) => ({ kind: 'get', key }) as const;
  const put = (key: string, value: string) => ({ kind: 'put', key, value }) as const;

  test('two branches, ranges and deletes', () => {
    const swap = {
      kind: 'transaction',
      compares: [{ kind: 'value', key: 'a', relation: '=', value: '1' }],
      success: [put('a', '2'), get('a'), { kind: 'delete', key: 'b' }],
      failure: [get('b')],
    } as const;
    const range = { kind: 'range', from: 'a', to: 'c' } as const;
    const inputs = [swap, put('b', 'x'), put('a', '1'), range, swap, range, swap, get('c')];
    const [a1, a2, b] = [
      { key: 'a', value: '1' },
      { key: 'a', value: '2' },
      { key: 'b', value: 'x' },
    ];
    assert.deepEqual(answersOf(...inputs), [
      { succeeded: false, answers: [[]] },
      undefined,
      undefined,
      [a1, b],
      { succeeded: true, answers: [undefined, [a2], 1] },
      [a2],
      { succeeded: false, answers: [[]] },
      [],
    ]);
  });

  test('a key without a value fails every compare of values, as in etcd', () => {
    for (const relation of ['=', '!=', '<', '>'] as const) {
      const compares = [{ kind: 'value', key: 'a', relation, value: '' }] as const;
      const input = { kind: 'transaction', compares, success: [], failure: [] } as const;
      assert.deepEqual(transactionalModel.step([], input).output, {
        succeeded: false,
        answers: [],
      });
    }
  });

  test('half of a transaction seen is found out', () => {
    const both = {
      kind: 'transaction',
      compares: [],
      success: [put('a', '1'), put('b', '1')],
      failure: [],
    } as const;
    const history = [
      completed(1, 0, 9, both, { succeeded: true, answers: [undefined, undefined] }),
      completed(2, 1, 2, get('a'), [{ key: 'a', value: '1' }]),
      completed(2, 3, 4, get('b'), []),
    ];
    const verdict = check(history);
    assert.ok(verdict.kind === 'illegal');
    assert.equal(verdict.blocked, history[2]);
  });
});

function isExplained(verdict: TransactionalVerdict): boolean {
  if (verdict.kind !== 'linearizable') return false;
  return [...verdict.orders.values()].every((order) => isLegalOrder(transactionalModel, order));
}

interface Load extends TransactionMix {
  readonly seed: number;
  readonly clients: number;
  readonly operations: number;
  readonly lost: number;
}

function historyOf(load: Load, model = transactionalModel): TransactionalHistory {
  const random = dice(load.seed);
  return execute(model, { ...load, random, input: mixedTransactions(load) });
}

/** Nothing of what is under test: Wing and Gong's search, without knowledge of the model. */
function checkByTrial(history: TransactionalHistory): TransactionalVerdict {
  const { acts: _, ...plain } = transactionalModel;
  return checkLinearizability(plain, history, { maxSteps: 300_000 });
}

/** Some answers those of an empty service, some returns earlier. */
function spoiled(history: TransactionalHistory, random: () => number): TransactionalHistory {
  return history.map((operation) => {
    if (operation.kind === 'pending' || random() > 0.4) return operation;
    if (random() < 0.5) {
      const { output } = transactionalModel.step([], operation.input);
      return { ...operation, output };
    }
    const { calledAt, returnedAt } = operation;
    return { ...operation, returnedAt: calledAt + 0.3 * (returnedAt - calledAt) };
  });
}

describe('transactions in histories', () => {
  test('the same verdict as by trying every order, on a hundred and fifty histories', () => {
    const seen = { linearizable: 0, illegal: 0, outOfBudget: 0 };
    for (let seed = 1; seed <= 150; seed++) {
      const random = dice(seed);
      const load = {
        seed,
        clients: 2 + Math.floor(6 * random()),
        keys: 1 + Math.floor(4 * random()),
        values: random() < 0.3 ? Infinity : 1 + Math.floor(3 * random()),
        operations: 6 + Math.floor(11 * random()),
        lost: random() < 0.5 ? 0.25 : 0.05,
      };
      const history = historyOf(load);
      const given = random() < 0.1 ? history : spoiled(history, random);
      const [verdict, expected] = [check(given), checkByTrial(given)];
      assert.equal(verdict.kind, expected.kind, `seed ${seed}`);
      if (verdict.kind === 'linearizable') assert.ok(isExplained(verdict), `seed ${seed}`);
      if (verdict.kind === 'illegal' && expected.kind === 'illegal' && expected.isMinimal) {
        assert.equal(verdict.blocked, expected.blocked, `seed ${seed}`);
      }
      seen[verdict.kind] += 1;
    }
    assert.ok(Math.min(seen.linearizable, seen.illegal) > 40, JSON.stringify(seen));
  });

  test('orders that explain every answer, with many clients, lost answers and equal values', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const load = {
        seed,
        clients: 5 + (seed % 40),
        keys: 2 + (seed % 15),
        values: 1 + (seed % 3),
        operations: 20 + 3 * seed,
        lost: 0.1,
      };
      assert.ok(isExplained(check(historyOf(load))), `seed ${seed}`);
    }
  });

  test('what a lost transaction found may lie a hundred writes back', () => {
    const put = (at: number, key: string, value: string) =>
      completed(1, at, at + 1, { kind: 'put', key, value } as const, undefined);
    const lost = {
      kind: 'transaction',
      compares: [
        { kind: 'value', key: 'a', relation: '!=', value: 'z' },
        { kind: 'value', key: 'c', relation: '=', value: '1' },
      ],
      success: [{ kind: 'put', key: 'b', value: 'done' }],
      failure: [],
    } as const;
    const seen = [{ key: 'b', value: 'done' }];
    for (const [first, kind] of [
      ['y', 'linearizable'],
      ['z', 'illegal'],
    ] as const) {
      const verdict = check([
        pending(2, 0, lost),
        put(1, 'a', first),
        put(3, 'c', '1'),
        put(5, 'c', '2'),
        ...Array.from({ length: 100 }, (_, i) => put(7 + 2 * i, 'a', `${i}`)),
        completed(3, 300, 301, { kind: 'get', key: 'b' }, seen),
      ]);
      assert.equal(verdict.kind, kind, first);
      assert.equal(isExplained(verdict), kind === 'linearizable');
    }
  });

  for (const [operations, clients, keys, values, lost] of [
    [5000, 50, 100, 1, 0.05],
    [4000, 10, 30, 3, 0.05],
    [3000, 50, 20, Infinity, 0.02],
    [1000, 15, 5, 3, 0.05],
  ] as const) {
    test(`${operations} operations: ${clients} clients, ${keys} keys, ${values} values, ${lost} lost`, () => {
      const verdict = check(historyOf({ seed: 1, clients, keys, values, lost, operations }));
      assert.ok(isExplained(verdict), verdict.kind);
    });
  }

  for (const bug of ['stale read', 'lost update', 'dirty read', 'late write', 'twice'] as const) {
    test(`a service with a bug is found out: ${bug}`, () => {
      const load = { seed: 1, clients: 15, keys: 40, values: Infinity, lost: 0.02 };
      const operations = 1600;
      const service = withBug(bug, 0.5 * operations, 300);
      const verdict = check(historyOf({ ...load, operations }, service));
      assert.ok(verdict.kind === 'illegal', verdict.kind);
      assert.ok(verdict.isMinimal && verdict.window.length < 8, `${verdict.window.length}`);
      assert.ok(isLegalOrder(transactionalModel, seenUntil(verdict)));
      assert.ok(verdict.longestPrefix.length > 0.4 * operations);
    });
  }

  for (const bug of ['late write', 'dirty read'] as const) {
    test(`few answers explain it where a thousand operations wrote three values: ${bug}`, () => {
      const load = { seed: 2, clients: 10, keys: 20, values: 3, lost: 0.02, operations: 2000 };
      const verdict = check(historyOf(load, withBug(bug, 1000, 100)));
      assert.ok(verdict.kind === 'illegal', verdict.kind);
      assert.ok(verdict.window.length < 10, `${verdict.window.length}`);
    });
  }
});

/** What was answered later may have been answered otherwise. */
function seenUntil({
  longestPrefix,
  blocked,
}: Illegal<TransactionalInput, TransactionalOutput>): TransactionalHistory {
  return longestPrefix.map((operation) => {
    const { kind, client, calledAt, input } = operation;
    const isKnown = kind === 'pending' || operation.returnedAt < blocked.returnedAt;
    return isKnown ? operation : pending(client, calledAt, input);
  });
}
