import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogIndex, Term } from '@quorate/core';
import { CommandSlab } from '@quorate/wire';
import { PendingCall } from './pending-call.ts';
import { PlacedProposals } from './placed-proposals.ts';

/** Waiting proposals, and what becomes of each by name. */
function setUp() {
  const outcomes: Record<string, unknown> = {};
  const onLost = (call: PendingCall<string>) => call.fail('lost');
  const placed = new PlacedProposals<string>(onLost, 0 as LogIndex);
  const place = (term: number, firstIndex: number, ...names: readonly string[]) => {
    const payload = CommandSlab.of(...names.map((name) => new TextEncoder().encode(name)));
    const settle = (name: string) => (outcome: unknown) => {
      outcomes[name] = outcome;
    };
    const calls = names.map(
      (name) => new PendingCall<string>(settle(name), settle(name), undefined, false),
    );
    placed.add({ firstIndex: firstIndex as LogIndex, term: term as Term, payload, calls });
  };
  const apply = (term: number, firstIndex: number, ...results: readonly string[]) => {
    const lastIndex = (firstIndex + results.length - 1) as LogIndex;
    const range = { firstIndex: firstIndex as LogIndex, lastIndex, term: term as Term };
    // Some other results stand before ours, as in a call with several batches.
    placed.applied(range, ['other', ...results], 1);
  };
  return { placed, outcomes, place, apply };
}

test('each proposal gets the result of its own entry, however the log is cut', () => {
  const { outcomes, place, apply } = setUp();
  place(1, 5, 'a', 'b', 'c');
  place(1, 8, 'd');
  apply(1, 4, 'r4', 'r5');
  assert.deepEqual(outcomes, { a: 'r5' });
  apply(1, 6, 'r6');
  apply(1, 7, 'r7', 'r8', 'r9');
  assert.deepEqual(outcomes, { a: 'r5', b: 'r6', c: 'r7', d: 'r8' });
});

test('an entry of another term at its index means that a proposal is lost', () => {
  const { outcomes, place, apply } = setUp();
  place(1, 5, 'a', 'b');
  apply(1, 5, 'r5');
  apply(2, 6, 'noop');
  assert.deepEqual(outcomes, { a: 'r5', b: 'lost' });
});

test('proposals of an earlier lead wait beside those of the present one', () => {
  const { outcomes, place, apply } = setUp();
  place(1, 5, 'old 5', 'old 6', 'old 7');
  place(3, 6, 'new 6');
  apply(1, 5, 'r5');
  assert.deepEqual(outcomes, { 'old 5': 'r5' });
  apply(3, 6, 'r6');
  assert.deepEqual(outcomes, { 'old 5': 'r5', 'old 6': 'lost', 'new 6': 'r6', 'old 7': 'lost' });
});

test('a later term before its index means too that a proposal is lost, whichever comes first', () => {
  const { placed, outcomes, place, apply } = setUp();
  place(1, 5, 'a');
  place(2, 4, 'b', 'c');
  apply(2, 3, 'noop');
  assert.deepEqual(outcomes, { a: 'lost' });
  place(1, 6, 'd');
  placed.skippedTo(placed.appliedIndex, () => new Error('unknown'));
  assert.deepEqual(outcomes, { a: 'lost', d: 'lost' });
  placed.skippedTo(4 as LogIndex, () => new Error('unknown'));
  placed.reachedTerm(3 as Term);
  assert.deepEqual(outcomes, { a: 'lost', d: 'lost', b: new Error('unknown'), c: 'lost' });
  assert.equal(placed.bytes, 0);
});

test('what a snapshot skips is failed, and what lies behind it waits on', () => {
  const { placed, outcomes, place, apply } = setUp();
  place(1, 5, 'a', 'b');
  placed.skippedTo(5 as LogIndex, () => new Error('unknown'));
  apply(1, 6, 'r6');
  assert.deepEqual(outcomes, { a: new Error('unknown'), b: 'r6' });
});
