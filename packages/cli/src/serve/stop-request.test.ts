import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';

/** A process that is asked to stop and never comes to an end by itself. */
const SOURCE = `
  import { StopRequest } from ${JSON.stringify(new URL('./stop-request.js', import.meta.url).href)};
  const stop = new StopRequest((level, message, { reason }) => console.log(message, reason));
  stop.requested.then(() => console.log('requested'));
  setInterval(() => {}, 60_000);
  console.log('ready');
`;

function start(): { child: ChildProcess; nextLine: () => Promise<string> } {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', SOURCE], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return { child, nextLine: async () => String((await lines.next()).value) };
}

for (const [signal, status] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const) {
  test(`the first ${signal} asks for a stop, the second ends the process at once`, async () => {
    const { child, nextLine } = start();
    assert.equal(await nextLine(), 'ready');
    child.kill(signal);
    assert.equal(await nextLine(), `stopping ${signal}`);
    assert.equal(await nextLine(), 'requested');
    const exit = once(child, 'exit');
    child.kill(signal);
    assert.deepEqual(await exit, [status, null]);
  });
}

test('a parent that is gone is a reason to stop', async () => {
  const { child, nextLine } = start();
  assert.equal(await nextLine(), 'ready');
  child.disconnect();
  assert.equal(await nextLine(), 'stopping parent is gone');
  child.kill('SIGKILL');
});
