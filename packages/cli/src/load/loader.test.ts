import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LoadOptions, load } from './loader.ts';
import type { LoadRecord } from './records.ts';

async function* records(count: number): AsyncGenerator<LoadRecord> {
  for (let i = 1; i <= count; i += 1) yield { key: `k${i}`, value: `v${i}` };
}

function options(put: LoadOptions['put'], changes: Partial<LoadOptions> = {}) {
  const acknowledged: string[] = [];
  const refused: string[] = [];
  const retried: string[] = [];
  return {
    acknowledged,
    refused,
    retried,
    options: {
      concurrency: 4,
      put,
      isFinal: (error: unknown) => error instanceof RangeError,
      patienceMs: 60_000,
      onAcknowledged: ({ key }: LoadRecord) => acknowledged.push(key),
      onRetry: ({ key }: LoadRecord) => retried.push(key),
      onRefused: ({ key }: LoadRecord) => refused.push(key),
      signal: new AbortController().signal,
      ...changes,
    },
  };
}

test('every record once, never more than asked for at a time', async () => {
  let underWay = 0;
  let most = 0;
  const seen = options(async () => {
    most = Math.max(most, ++underWay);
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
    return { revision: 1 };
  });
  await load(records(50), seen.options);
  assert.equal(new Set(seen.acknowledged).size, 50);
  assert.equal(seen.acknowledged.length, 50);
  assert.equal(most, 4);
});

test('a put that fails is repeated and counts only when a repetition is acknowledged', async () => {
  let failures = 2;
  const seen = options(async ({ key }) => {
    if (key === 'k3' && failures-- > 0) throw new Error('unavailable');
    return { revision: 1 };
  });
  await load(records(5), seen.options);
  assert.deepEqual(seen.retried, ['k3', 'k3']);
  assert.equal(seen.acknowledged.filter((key) => key === 'k3').length, 1);
  assert.equal(seen.acknowledged.length, 5);
});

test('a record that is refused is not repeated, and the others go on', async () => {
  const seen = options(async ({ key }) => {
    if (key === 'k2') throw new RangeError('too large');
    return { revision: 1 };
  });
  await load(records(5), seen.options);
  assert.deepEqual(seen.refused, ['k2']);
  assert.equal(seen.acknowledged.length, 4);
  assert.deepEqual(seen.retried, []);
});

test('out of patience: the load ends with the error of the put', async () => {
  const seen = options(
    async ({ key }) => {
      if (key === 'k2') throw new Error('no leader');
      return { revision: 1 };
    },
    { patienceMs: 0 },
  );
  await assert.rejects(load(records(1000), seen.options), /no leader/);
});

test('a source that fails ends the load, after what is under way', async () => {
  async function* failing(): AsyncGenerator<LoadRecord> {
    yield { key: 'k1', value: '' };
    throw new Error('line 2 is not JSON');
  }
  const seen = options(async () => ({ revision: 1 }));
  await assert.rejects(load(failing(), seen.options), /line 2/);
  assert.deepEqual(seen.acknowledged, ['k1']);
});

test('stopped early: nothing new is taken, and what is under way is still acknowledged', async () => {
  const stop = new AbortController();
  const seen = options(
    async ({ key }) => {
      if (key === 'k10') stop.abort();
      return { revision: 1 };
    },
    { signal: stop.signal, concurrency: 1 },
  );
  await load(records(1000), seen.options);
  assert.equal(seen.acknowledged.length, 10);
});
