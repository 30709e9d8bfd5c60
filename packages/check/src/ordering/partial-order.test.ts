import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dice } from '../histories.test.support.ts';
import { PartialOrder, type Span } from './partial-order.ts';

interface Pair {
  readonly before: number;
  readonly after: number;
}

/** Is there a circle of these and the clock's order? By the closure of both. */
function hasCircle(spans: readonly Span[], pairs: readonly Pair[]): boolean {
  const isBefore = spans.map((a) => spans.map((b) => a.to < b.from));
  for (const { before, after } of pairs) isBefore[before]![after] = true;
  for (const via of spans.keys()) {
    for (const a of spans.keys()) {
      for (const b of spans.keys()) {
        if (isBefore[a]![via] && isBefore[via]![b]) isBefore[a]![b] = true;
      }
    }
  }
  return spans.some((_, item) => isBefore[item]![item]);
}

function randomSpans(random: () => number): readonly Span[] {
  const starts = Array.from({ length: 8 }, () => Math.floor(20 * random())).sort((a, b) => a - b);
  return starts.map((from) => ({
    from,
    to: random() < 0.1 ? 99 : from + Math.floor(9 * random()),
  }));
}

test('refuses what contradicts edges and clock, says which, and forgets what is taken away', () => {
  const random = dice(3);
  const seen = { accepted: 0, refused: 0 };
  for (let i = 0; i < 1000; i++) {
    const spans = randomSpans(random);
    const order = new PartialOrder(spans);
    const pairs: Pair[] = [];
    const takeBack = () => {
      const { before, after } = pairs.pop()!;
      order.remove(before, after);
    };
    for (let step = 0; step < 30; step++) {
      if (pairs.length > 0 && random() < 0.3) takeBack();
      const before = Math.floor(8 * random());
      const after = (before + 1 + Math.floor(7 * random())) % 8;
      pairs.push({ before, after });
      // The literal says which pair it was; clauses hold opposites.
      const clause = order.add(before, after, 2 * (pairs.length - 1));
      seen[clause === undefined ? 'accepted' : 'refused'] += 1;
      assert.equal(clause !== undefined, hasCircle(spans, pairs), `history ${i}, step ${step}`);
      if (clause === undefined) continue;
      assert.ok(
        hasCircle(
          spans,
          clause.map((literal) => pairs[(literal - 1) / 2]!),
        ),
      );
      takeBack();
    }
    const sorted = order.sorted();
    const places = sorted.map((_, item) => sorted.indexOf(item));
    for (const { before, after } of pairs) assert.ok(places[before]! < places[after]!);
    for (const a of spans.keys()) {
      for (const b of spans.keys()) {
        if (spans[a]!.to < spans[b]!.from) assert.ok(places[a]! < places[b]!);
      }
    }
  }
  assert.ok(Math.min(seen.accepted, seen.refused) > 5000, JSON.stringify(seen));
});
