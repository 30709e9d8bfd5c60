import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Http2Server } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import * as rpc from '@quorate/etcd/rpc';
import { CommandError } from '../failure.ts';
import { PUT, putRequest, RANGE, rangeRequest } from './api.ts';
import { EtcdClient } from './client.ts';

const put = putRequest({ key: Uint8Array.of(1) });
const range = rangeRequest({ key: Uint8Array.of(1) });

type Behaviour =
  /** Takes the request and breaks off. */
  | 'breaks'
  /** Answers with an empty message, which every answer may be. */
  | 'answers'
  /** Refuses with a status. */
  | 'refuses';

async function serve(t: TestContext, behaviour: Behaviour) {
  const server: Http2Server = createServer();
  const seen = { requests: 0 };
  server.on('stream', (stream) => {
    stream.on('error', () => {}).resume();
    seen.requests += 1;
    if (behaviour === 'breaks') {
      stream.session?.destroy();
      return;
    }
    const status = behaviour === 'answers' ? '0' : '3';
    const trailers = { 'grpc-status': status, 'grpc-message': 'etcdserver: key is not provided' };
    stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.end(behaviour === 'answers' ? Buffer.alloc(5) : undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** Accepts connections and says nothing, like a process that is stopped. */
async function silentEndpoint(t: TestContext): Promise<string> {
  const server = createTcpServer((socket) => {
    t.after(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function connect(t: TestContext, ...endpoints: readonly string[]): EtcdClient {
  const client = new EtcdClient(endpoints, { dialTimeoutMs: 500 });
  t.after(() => client.close());
  return client;
}

const withCode = (code: string) => (error: unknown) =>
  error instanceof CommandError && error.code === code;

const NOBODY = '127.0.0.1:1';

test('an endpoint that refuses or does not speak is passed over', async (t) => {
  const good = await serve(t, 'answers');
  const client = connect(t, NOBODY, await silentEndpoint(t), good.endpoint);
  assert.deepEqual(
    await client.write(PUT, put),
    rpc.PutResponse.decode(new Uint8Array(0)),
    'a put may go to the next server while nothing was sent',
  );
  assert.equal(good.seen.requests, 1);
});

test('nobody there: nothing was sent', async (t) => {
  await assert.rejects(connect(t, NOBODY).write(PUT, put), withCode('QUORATE_UNREACHABLE'));
  await assert.rejects(connect(t, NOBODY).read(RANGE, range), withCode('QUORATE_UNREACHABLE'));
});

test('a put without an answer is not sent again, anywhere: its outcome is unknown', async (t) => {
  const bad = await serve(t, 'breaks');
  const good = await serve(t, 'answers');
  const client = connect(t, bad.endpoint, good.endpoint);
  await assert.rejects(client.write(PUT, put), withCode('QUORATE_OUTCOME_UNKNOWN'));
  assert.deepEqual([bad.seen.requests, good.seen.requests], [1, 0]);
});

test('a read without an answer is asked of the next server', async (t) => {
  const bad = await serve(t, 'breaks');
  const good = await serve(t, 'answers');
  await connect(t, bad.endpoint, good.endpoint).read(RANGE, range);
  assert.equal(good.seen.requests, 1);
  await assert.rejects(
    connect(t, bad.endpoint).read(RANGE, range),
    withCode('QUORATE_UNAVAILABLE'),
  );
});

test("a refusal is final, and in the server's words", async (t) => {
  const strict = await serve(t, 'refuses');
  const good = await serve(t, 'answers');
  for (const call of [
    connect(t, strict.endpoint, good.endpoint).write(PUT, put),
    connect(t, strict.endpoint, good.endpoint).read(RANGE, range),
  ]) {
    await assert.rejects(
      call,
      (error) => withCode('QUORATE_REFUSED')(error) && /key is not provided/.test(String(error)),
    );
  }
  assert.equal(good.seen.requests, 0);
});
