/** What curl and a health check see at the client port, beside gRPC. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { TestCluster } from '../cluster.test.support.ts';
import { isInstalled, startRealEtcd } from '../differential/real-etcd.ts';
import { put } from '../differential/requests.ts';

const REQUESTS = [
  ['GET', '/health'],
  ['GET', '/health?serializable=false'],
  ['GET', '/version'],
  ['POST', '/health'],
  ['PUT', '/version'],
  ['GET', '/'],
  ['GET', '/health/'],
  ['GET', '/v2/keys'],
] as const;

/** Byte for byte, but for the date, keep-alive and what etcd tells browsers about other origins. */
async function answers(endpoint: string) {
  const given = REQUESTS.map(async ([method, path]) => {
    const lines = [`${method} ${path} HTTP/1.1`, 'Host: a', 'Connection: close', '', ''];
    const said = await raw(endpoint, lines.join('\r\n'));
    const [head = '', body = ''] = said.split('\r\n\r\n');
    const [status = '', ...headers] = head.split('\r\n');
    const told = headers
      .filter((line) => /^(content-type|content-length|allow):/i.test(line))
      .map((line) => line.toLowerCase());
    return { request: `${method} ${path}`, status, headers: told.sort(), body };
  });
  return Promise.all(given);
}

async function raw(endpoint: string, ...pieces: readonly string[]): Promise<string> {
  const socket = open(endpoint);
  const answer = text(socket);
  await inPieces(endpoint, socket, pieces);
  return answer;
}

function open(endpoint: string): Socket {
  const [host, port] = endpoint.split(':') as [string, string];
  return connect({ host, port: Number(port), noDelay: true });
}

/** What is behind each piece has been answered before the next one leaves. */
async function inPieces(endpoint: string, socket: Socket, pieces: readonly string[]) {
  for (const piece of pieces) {
    socket.write(piece, 'latin1');
    if (pieces.length > 1) await fetch(`http://${endpoint}/version`);
  }
}

test('HTTP/1 at the client port is answered as by etcd', {
  skip: !isInstalled('etcd') && 'etcd is not installed (Debian: apt-get install etcd-server)',
}, async (context) => {
  const etcd = await startRealEtcd();
  context.after(() => etcd.stop());
  const cluster = await TestCluster.start(context, 1);
  // A young etcd has not agreed with itself yet.
  const isYoung = async () =>
    (await (await fetch(`http://${etcd.endpoint}/version`)).text()).includes('not_decided');
  while (await isYoung());
  const theirs = await answers(etcd.endpoint);
  assert.match(theirs[0]!.body, /"health":"true"/);
  assert.deepEqual(await answers(cluster.endpoint(0)), theirs);
});

test('a member without a leader is not healthy, and says its version all the same', async (context) => {
  const cluster = await TestCluster.start(context, 3);
  const urlOf = (path: string) => `http://${cluster.endpoint(0)}${path}`;
  assert.deepEqual(await (await fetch(urlOf('/health'))).json(), { health: 'true' });
  await Promise.all([cluster.stop(1), cluster.stop(2)]);
  const answer = await fetch(urlOf('/health'));
  assert.deepEqual([answer.status, await answer.text()], [503, '{"health":"false"}']);
  assert.equal((await fetch(urlOf('/version'))).status, 200);
});

test('the first three bytes decide, however they come; silence is let go when the server stops', async (context) => {
  const cluster = await TestCluster.start(context, 1);
  const endpoint = cluster.endpoint(0);
  const late = await raw(endpoint, 'P', 'U', 'T / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.match(late, /^HTTP\/1.1 404/);
  assert.match(await raw(endpoint, 'no protocol at all\r\n\r\n'), /^HTTP\/1.1 400/);

  // A path that is none ends nothing.
  assert.match(await raw(endpoint, 'GET //: HTTP/1.0\r\n\r\n'), /^HTTP\/1.1 404/);

  const http2 = open(endpoint);
  const begin = ['P', 'R', 'I * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\0\0\0\x04\0\0\0\0\0'];
  const [[settings]] = await Promise.all([
    once(http2, 'data') as Promise<[Buffer]>,
    inPieces(endpoint, http2, begin),
  ]);
  assert.equal(settings[3], 4, 'a SETTINGS frame');
  http2.destroy();

  const silent = open(endpoint);
  await once(silent, 'connect');
  await cluster.call(0, put({ key: Buffer.from('a') }));
  const ended = once(silent, 'close');
  await cluster.stop(0);
  await ended;
});
