import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { mock, type TestContext, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { configurationOf, type LogIndex, type NodeId, type Term } from '@quorate/core';
import { EMPTY_PREFIX, encodeSnapshotAnswer, type SnapshotAnswer } from '@quorate/wire';
import { sendSnapshot } from './snapshot-stream.ts';
import type { SnapshotTransfer } from './transport.ts';

const NOTHING = new Uint8Array(0);

async function connected(context: TestContext): Promise<{ ours: Socket; theirs: Socket }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const ours = connect(port, '127.0.0.1');
  const [theirs] = (await once(server, 'connection')) as [Socket];
  context.after(() => {
    ours.destroy();
    theirs.destroy();
    server.close();
  });
  return { ours, theirs };
}

/** `setTimeout` stands still here. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

const transferOf = (chunks: AsyncIterable<Uint8Array>): SnapshotTransfer => ({
  message: {
    kind: 'installSnapshot',
    from: 1 as NodeId,
    to: 2 as NodeId,
    term: 3 as Term,
    snapshot: { index: 9 as LogIndex, term: 2 as Term, configuration: configurationOf([1, 2]) },
  },
  after: EMPTY_PREFIX,
  chunks,
});

test('a receiver that stores nothing for 30 seconds has failed; one that stores has not', async (context) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  context.after(() => mock.timers.reset());
  const { ours, theirs } = await connected(context);
  let arrived = 0;
  let heard = 0;
  theirs.on('data', (bytes: Buffer) => {
    arrived += bytes.length;
  });
  ours.on('data', (bytes: Buffer) => {
    heard += bytes.length;
  });
  const say = (answer: SnapshotAnswer) => theirs.write(encodeSnapshotAnswer(answer, crc32));
  let drawNext = (): void => {};
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) {
      yield new Uint8Array(10_000);
      // Our own slowness is nobody's fault: nothing is owed for it.
      await new Promise<void>((resolve) => {
        drawNext = resolve;
      });
    }
  };
  const sent = sendSnapshot(ours, NOTHING, () => Promise.resolve(transferOf(chunks())));
  let failure: Error | undefined;
  sent.catch((error: Error) => {
    failure = error;
  });
  say({ kind: 'held', held: undefined });
  for (let round = 1; round <= 3; round += 1) {
    await until(() => arrived > 10_000 * round);
    mock.timers.tick(29_000);
    const before = heard;
    say({ kind: 'progress', byteLength: 10_000 * round });
    await until(() => heard > before);
    mock.timers.tick(100_000);
    assert.equal(failure, undefined, `round ${round}`);
    drawNext();
  }
  await until(() => arrived > 40_000);
  mock.timers.tick(30_000);
  await assert.rejects(sent, /the receiver has stored nothing for 30000 ms/);
});

test('a receiver that hangs up has not stored the snapshot', async (context) => {
  const { ours, theirs } = await connected(context);
  const sent = sendSnapshot(ours, NOTHING, () =>
    Promise.resolve(transferOf((async function* () {})())),
  );
  theirs.resume();
  theirs.end(encodeSnapshotAnswer({ kind: 'held', held: undefined }, crc32));
  await assert.rejects(sent, /closed the connection before it had stored/);
});
