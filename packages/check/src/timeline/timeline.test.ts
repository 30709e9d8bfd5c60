import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkLinearizability } from '../check.ts';
import { completed, dice, execute, pending } from '../histories.test.support.ts';
import type { Operation } from '../history.ts';
import { type KeyValueInput, type KeyValueOutput, keyValueModel } from '../models/key-value.ts';
import { describeOperation } from './describe.ts';
import { renderTimeline } from './render.ts';

const get = (key: string): KeyValueInput => ({ kind: 'get', key });
const put = (key: string, value: string): KeyValueInput => ({ kind: 'put', key, value });

const HISTORY: readonly Operation<KeyValueInput, KeyValueOutput>[] = [
  completed(1, 0, 3, put('k', 'old'), undefined),
  completed(2, 5, 9, put('k', 'new'), undefined),
  pending(3, 4, put('k', '<script>"&')),
  completed(4, 0, 1, put('other', 'calm'), undefined),
  completed(1, 10, 12, get('k'), 'old'),
];

const pageOf = (history: readonly Operation<KeyValueInput, KeyValueOutput>[]): string =>
  renderTimeline(history, checkLinearizability(keyValueModel, history));

const count = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length;

test('transactions are written without the punctuation of JSON', () => {
  const input = {
    kind: 'transaction',
    compares: [{ kind: 'exists', key: 'a', expected: true }],
    success: [
      { kind: 'put', key: 'a', value: '1' },
      { kind: 'get', key: 'b' },
    ],
    failure: [],
  };
  const output = { succeeded: true, answers: [undefined, [{ key: 'b', value: '2' }]] };
  assert.equal(
    describeOperation(completed(1, 0, 1, input, output)),
    'transaction compares [exists a true] success [put a 1, get b] failure [] → ' +
      'succeeded true, answers [ok, [b=2]]',
  );
});

describe('the timeline', () => {
  const page = pageOf(HISTORY);

  test('marks the operation without a place, with what it answered and should have', () => {
    assert.equal(count(page, /<g class="blocked window" id="window-\d">/g), 1);
    assert.match(page, />answered &quot;old&quot;, expected &quot;new&quot;</);
  });

  test('leads from each answer of the window to its place in the picture', () => {
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, name]) => name);
    assert.equal(links.length, 3);
    for (const name of links) assert.equal(count(page, new RegExp(`id="${name}"`, 'g')), 1);
  });

  test('numbers the order that was found, outlines the window, leaves pending ones open', () => {
    assert.equal(count(page, /<g class="placed window" id="window-\d">/g), 2);
    assert.equal(count(page, /<g class="open pending">/g), 1);
    assert.match(page, />1: put k /);
  });

  test('has one row for each client of the partition, and folds the other partition', () => {
    // On both sides of the picture.
    const names = [...page.matchAll(/>(client \d)<\/text>/g)].map(([, name]) => name);
    assert.deepEqual([...new Set(names)], ['client 1', 'client 2', 'client 3']);
    assert.match(page, /Not in the picture: 1 operation<[\s\S]*put other calm/);
  });

  test('needs nothing from elsewhere, and runs nothing that clients wrote', () => {
    assert.doesNotMatch(page, /<script|https?:|src=|href="[^#]|@import/);
    assert.match(page, /&lt;script>&quot;&amp;/);
  });

  test('of ten thousand operations it draws a window', () => {
    const history = [
      ...execute(keyValueModel, {
        clients: 15,
        operations: 10_000,
        random: dice(1),
        input: (random, serial) => {
          const key = `key ${Math.floor(15 * random())}`;
          return random() < 0.4 ? get(key) : put(key, `${serial}`);
        },
        lost: 0.002,
      }),
    ];
    const index = history.findLastIndex(
      ({ kind, input }) => kind === 'completed' && input.kind === 'get',
    );
    const victim = history[index]!;
    assert.ok(victim.kind === 'completed');
    history[index] = { ...victim, output: 'from nowhere' };
    const page = pageOf(history);
    assert.ok(count(page, /<g class=/g) <= 150);
    assert.equal(count(page, /<tr><td>/g) + count(page, /<g class=/g), 10_000);
    assert.match(page, /from nowhere/);
  });

  test('a window that is not minimal is drawn where it ends', () => {
    const history = Array.from({ length: 300 }, (_, i) =>
      completed(1, 2 * i, 2 * i + 1, put('k', `${i}`), undefined),
    );
    const blocked = completed(1, 1000, 1001, get('k'), 'from nowhere');
    const page = renderTimeline([...history, blocked], {
      kind: 'illegal',
      steps: 0,
      partition: 'k',
      blocked,
      longestPrefix: history,
      candidates: [{ operation: blocked, expected: '299' }],
      window: [...history, blocked],
      isMinimal: false,
    });
    assert.equal(count(page, /<g class="(placed|blocked) window/g), 150);
    assert.match(page, /from nowhere&quot;, expected &quot;299/);
  });

  test('a history without fault is drawn with its order', () => {
    const page = pageOf(HISTORY.slice(0, 4));
    assert.match(page, /<h1>Linearizable<\/h1>/);
    assert.equal(count(page, /<g class="placed/g), 3);
  });
});
