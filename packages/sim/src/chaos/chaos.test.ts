import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replayChaos, runChaos } from './run.ts';

test('the same seed is the same run', async () => {
  assert.deepEqual(await runChaos(5), await runChaos(5));
});
