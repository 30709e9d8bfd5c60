import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freeAddress, temporaryDirectory } from './cluster.test.support.ts';

/** Runs an example with a directory and three ports of its own; answers what it prints. */
async function exampleOf(context: TestContext, name: string): Promise<() => Promise<string>> {
  const file = fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url));
  const directory = await temporaryDirectory(context);
  const ports = await Promise.all([freeAddress(), freeAddress(), freeAddress()]);
  const parameters = [file, directory, ...ports.map(({ port }) => `${port}`)];
  return async () => (await promisify(execFile)(process.execPath, parameters)).stdout;
}

test('examples/counter.mjs counts, and goes on counting when it is run again', async (context) => {
  const run = await exampleOf(context, 'counter.mjs');
  assert.equal(await run(), 'count is 1\ncount is 2\ncount is 3\nserver 2 has 3\n');
  assert.equal(await run(), 'count is 4\ncount is 5\ncount is 6\nserver 2 has 6\n');
});

test('examples/growing.mjs grows, hands over the lead and does without its founder', async (context) => {
  const run = await exampleOf(context, 'growing.mjs');
  const lines = [
    'alone, the count is 1',
    'voters are 1, 2, 3',
    'server 2 leads, the count is 2',
    'voters are 2, 3',
    'without the founder, the count is 3',
  ];
  assert.equal(await run(), `${lines.join('\n')}\n`);
});
