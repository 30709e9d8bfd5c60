import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:http2';
import { type TestContext, test } from 'node:test';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { RawClient } from '../differential/raw-client.ts';
import { EtcdServerError } from '../errors.ts';
import type { UnaryMethod } from '../services/method.ts';
import { Code, EtcdStatus } from '../status.ts';
import { GrpcDoor } from './grpc-door.ts';

const SERVICE = 'test.Echo';
const LOCAL = { host: '127.0.0.1', port: 0 };

const method = (name: string, serve: UnaryMethod['serve']): UnaryMethod => ({
  path: `/${SERVICE}/${name}`,
  serve,
});

async function open(context: TestContext, methods: readonly UnaryMethod[], maxRequestBytes = 1000) {
  const services = new Set([SERVICE]);
  const door = await GrpcDoor.open({
    ...{ methods, services, listen: [LOCAL], maxRequestBytes },
    http1: (socket) => socket.end('HTTP/1'),
  });
  const endpoint = door.urls[0]!.slice('http://'.length);
  const client = new RawClient(endpoint);
  context.after(() => {
    client.close();
    door.cut();
  });
  return { door, client, endpoint };
}

const echo = method('Say', async (request) => request.slice());

test('bytes in, bytes out, metadata at hand', async (context) => {
  const token = method('Token', async (_, call) => Buffer.from(call.metadata('token') ?? 'none'));
  const { client } = await open(context, [echo, token]);
  const answer = await client.call(echo.path, Uint8Array.of(1, 2, 3));
  assert.deepEqual([answer.code, [...answer.bytes]], [0, [1, 2, 3]]);

  const metadata = new Metadata();
  metadata.set('token', 'secret');
  const shown = await client.call(token.path, new Uint8Array(0), metadata);
  assert.equal(Buffer.from(shown.bytes).toString(), 'secret');
  const hidden = await client.call(token.path, new Uint8Array(0));
  assert.equal(Buffer.from(hidden.bytes).toString(), 'none');
});

test('a failure keeps its code and its text; a bug here is told without detail', async (context) => {
  const { client } = await open(context, [
    method('Fail', () => Promise.reject(new EtcdStatus(Code.OUT_OF_RANGE, 'too far: 100 %'))),
    method('Break', () => Promise.reject(new TypeError('secret of the house'))),
  ]);
  const failed = await client.call(`/${SERVICE}/Fail`, new Uint8Array(0));
  assert.deepEqual([failed.code, failed.details], [11, 'too far: 100 %']);
  const broken = await client.call(`/${SERVICE}/Break`, new Uint8Array(0));
  assert.deepEqual([broken.code, broken.details], [13, 'quorate: internal error']);
});

test('unknown methods and services are refused in Go’s words, streams at once', async (context) => {
  const { client, endpoint } = await open(context, [echo]);
  const method = await client.call(`/${SERVICE}/Shout`, new Uint8Array(0));
  assert.equal(`${method.code} ${method.details}`, '12 unknown method Shout for service test.Echo');
  const service = await client.call('/other.Service/Say', new Uint8Array(0));
  assert.equal(`${service.code} ${service.details}`, '12 unknown service other.Service');

  const streaming = new Client(endpoint, credentials.createInsecure());
  context.after(() => streaming.close());
  const identity = (bytes: Buffer) => bytes;
  const stream = streaming.makeBidiStreamRequest(`/${SERVICE}/Chat`, identity, identity);
  const error = await new Promise<Error>((resolve) => stream.on('error', resolve));
  assert.match(error.message, /12 UNIMPLEMENTED: unknown method Chat for service test.Echo/);
});

test('a message beyond the limit is refused in Go’s words, one at the limit is not', async (context) => {
  const { client } = await open(context, [echo], 1000);
  const limit = 1000 + 524_288;
  assert.equal((await client.call(echo.path, new Uint8Array(limit))).code, 0);
  const { code, details } = await client.call(echo.path, new Uint8Array(limit + 1));
  assert.equal(code, 8);
  assert.equal(details, `grpc: received message larger than max (${limit + 1} vs. ${limit})`);
});

test('a client that pings to keep its connection is answered', async (context) => {
  const { endpoint } = await open(context, [echo]);
  const session = connect(`http://${endpoint}`);
  context.after(() => session.close());
  await once(session, 'connect');
  for (let n = 0; n < 20; n++) {
    await new Promise<void>((resolve, reject) => {
      session.ping((error) => (error === null ? resolve() : reject(error)));
    });
  }
});

test('finish waits for the answer under way', async (context) => {
  let arrived = (): void => {};
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  let release = (): void => {};
  const slow = method('Slow', () => {
    arrived();
    return new Promise((resolve) => {
      release = () => resolve(Uint8Array.of(7));
    });
  });
  const { door, client } = await open(context, [slow]);
  const answer = client.call(slow.path, new Uint8Array(0));
  await arrival;
  const finished = door.finish();
  release();
  assert.deepEqual([...(await answer).bytes], [7]);
  await finished;
});

test('a port in use is refused, and the other addresses are let go', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const listen = [LOCAL, { host: '127.0.0.1', port }];
  const options = { methods: [echo], services: new Set<string>(), listen, maxRequestBytes: 1 };
  await assert.rejects(
    GrpcDoor.open({ ...options, http1: () => {} }),
    (error) => error instanceof EtcdServerError && error.code === 'ETCD_PORT_IN_USE',
  );
  other.close();
});
