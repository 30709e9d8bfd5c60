/**
 * The door for curl and health checks: `/health` and `/version` over HTTP/1, answered as etcd does.
 * Everything else is not found, as etcd words it.
 */

import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Member } from '../member.ts';
import { ETCD_VERSION } from '../services/maintenance-service.ts';

/** How long a read may take before the member counts as sick, as in etcd. */
const HEALTH_TIMEOUT_MS = 1_000;

/** A client that is silent for so long is let go. */
const IDLE_TIMEOUT_MS = 10_000;

/** All versions of one minor release work together, so a cluster's is that of its oldest member. */
const CLUSTER_VERSION = ETCD_VERSION.replace(/\d+$/, '0');

export class HttpDoor {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(member: Pick<Member, 'requireLeader' | 'linearize'>) {
    this.#server = createServer((request, response) => {
      const [path] = (request.url ?? '').split('?');
      const isKnown = path === '/health' || path === '/version';
      if (!isKnown) answer(response, 404, '404 page not found\n');
      else if (request.method !== 'GET') {
        response.setHeader('Allow', 'GET');
        answer(response, 405, 'Method Not Allowed\n');
      } else if (path === '/version') {
        response.setHeader('Content-Type', 'application/json');
        const versions = { etcdserver: ETCD_VERSION, etcdcluster: CLUSTER_VERSION };
        answer(response, 200, JSON.stringify(versions));
      } else void answerHealth(member, response);
    });
    this.#server.timeout = IDLE_TIMEOUT_MS;
  }

  /** Takes a connection over. */
  accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    // Who has said all and waits for the answer gets it.
    socket.allowHalfOpen = true;
    this.#server.emit('connection', socket);
  }

  /** Cuts what is still open. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** One answer for each connection, so that none is left when the server stops. */
function answer(response: ServerResponse, status: number, text: string): void {
  if (!response.hasHeader('Content-Type')) {
    response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  }
  response.shouldKeepAlive = false;
  response.writeHead(status, { 'Content-Length': Buffer.byteLength(text) }).end(text);
}

async function answerHealth(
  member: Pick<Member, 'requireLeader' | 'linearize'>,
  response: ServerResponse,
): Promise<void> {
  const isHealthy = await readsInTime(member);
  answer(response, isHealthy ? 200 : 503, JSON.stringify({ health: String(isHealthy) }));
}

/** There is a leader, and a quorum confirms a read. */
async function readsInTime(member: Pick<Member, 'requireLeader' | 'linearize'>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), HEALTH_TIMEOUT_MS);
  });
  try {
    member.requireLeader();
    return await Promise.race([member.linearize().then(() => true), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
