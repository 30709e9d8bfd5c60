import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freeAddress, temporaryDirectory } from './cluster.test.support.ts';

test('examples/counter.mjs counts, and goes on counting when it is run again', async (context) => {
  const example = fileURLToPath(new URL('../../../examples/counter.mjs', import.meta.url));
  const directory = await temporaryDirectory(context);
  const ports = await Promise.all([freeAddress(), freeAddress(), freeAddress()]);
  const parameters = [example, directory, ...ports.map(({ port }) => `${port}`)];
  const run = async () => (await promisify(execFile)(process.execPath, parameters)).stdout;
  assert.equal(await run(), 'count is 1\ncount is 2\ncount is 3\nserver 2 has 3\n');
  assert.equal(await run(), 'count is 4\ncount is 5\ncount is 6\nserver 2 has 6\n');
});
