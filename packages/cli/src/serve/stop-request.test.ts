import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';

/** What these tests find broken, they would wait for without end. */
const HANGS_WHEN_BROKEN = { timeout: 30_000 };

/** A process that is asked to stop and never comes to an end by itself. */
const SOURCE = `
  import { StopRequest } from ${JSON.stringify(new URL('./stop-request.js', import.meta.url).href)};
  const stop = new StopRequest((level, message, { reason }) => console.log(message, reason));
  stop.requested.then(() => console.log('requested'));
  setInterval(() => {}, 60_000);
  console.log('ready');
`;

function start(t: TestContext): { child: ChildProcess; nextLine: () => Promise<string> } {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', SOURCE], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return { child, nextLine: async () => String((await lines.next()).value) };
}

for (const [signal, status] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const) {
  test(
    `the first ${signal} asks for a stop, the second ends the process at once`,
    HANGS_WHEN_BROKEN,
    async (t) => {
      const { child, nextLine } = start(t);
      assert.equal(await nextLine(), 'ready');
      child.kill(signal);
      assert.equal(await nextLine(), `stopping ${signal}`);
      assert.equal(await nextLine(), 'requested');
      const exit = once(child, 'exit');
      child.kill(signal);
      assert.deepEqual(await exit, [status, null]);
    },
  );
}

test('a parent that is gone is a reason to stop', HANGS_WHEN_BROKEN, async (t) => {
  const { child, nextLine } = start(t);
  assert.equal(await nextLine(), 'ready');
  child.disconnect();
  assert.equal(await nextLine(), 'stopping parent is gone');
});
