/**
 * One address for two kinds of clients: the first bytes of a connection tell HTTP/2, which gRPC
 * speaks, from the HTTP/1 of curl and of health checks.
 */

import { lookup } from 'node:dns/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { PeerAddress } from '@quorate/node';
import { EtcdServerError } from './errors.ts';

/** What takes a connection over, with nothing of it read. */
export interface Protocols {
  readonly http1: (socket: Socket) => void;
  readonly http2: (socket: Socket) => void;
}

/** How every connection of HTTP/2 begins (RFC 9113, §3.4), and none of HTTP/1. */
const HTTP2 = Buffer.from('PRI');

/** Of the addresses that a name has, those which this machine does not. */
const NOT_HERE: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

export class ClientPort {
  /** With the port that was taken where 0 was asked for. */
  readonly url: string;
  readonly #servers: readonly Server[];
  readonly #undecided: ReadonlySet<Socket>;

  private constructor(url: string, servers: readonly Server[], undecided: ReadonlySet<Socket>) {
    this.url = url;
    this.#servers = servers;
    this.#undecided = undecided;
  }

  /**
   * Listens on all addresses of the host that are this machine's.
   *
   * @throws {EtcdServerError} `ETCD_PORT_IN_USE`, `ETCD_LISTEN_FAILED`; then nothing listens.
   */
  static async open({ host, port }: PeerAddress, protocols: Protocols): Promise<ClientPort> {
    const shownHost = host.includes(':') ? `[${host}]` : host;
    const servers: Server[] = [];
    const undecided = new Set<Socket>();
    let taken = port;
    let problem: unknown;
    try {
      for (const { address } of await lookup(host, { all: true })) {
        const server = createServer({ noDelay: true }, (socket) => {
          undecided.add(socket);
          whenDecided(socket, (isHttp2) => {
            undecided.delete(socket);
            if (isHttp2 !== undefined) protocols[isHttp2 ? 'http2' : 'http1'](socket);
          });
        });
        const error = await listening(server, address, taken);
        if (error === undefined) {
          servers.push(server);
          taken = (server.address() as { readonly port: number }).port;
        } else if (NOT_HERE.has(String(error.code))) problem ??= error;
        else throw error;
      }
      if (servers.length === 0) throw problem;
      return new ClientPort(`http://${shownHost}:${taken}`, servers, undecided);
    } catch (error) {
      for (const server of servers) server.close();
      throw listenError(`${shownHost}:${port}`, error as NodeJS.ErrnoException);
    }
  }

  /** Takes no new connections, and ends those that have said nothing. */
  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#undecided) socket.destroy();
  }
}

/** Answers undefined when the connection ends before it has said what it is. */
function whenDecided(socket: Socket, decided: (isHttp2: boolean | undefined) => void): void {
  let head: Buffer = Buffer.alloc(0);
  const settle = (isHttp2: boolean | undefined): void => {
    socket.off('readable', look).off('error', end).off('close', end);
    if (head.length > 0) socket.unshift(head);
    decided(isHttp2);
  };
  const end = (): void => settle(undefined);
  const look = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    head = Buffer.concat([head, chunk]);
    const known = Math.min(head.length, HTTP2.length);
    const isSame = head.subarray(0, known).equals(HTTP2.subarray(0, known));
    if (!isSame || known === HTTP2.length) settle(isSame);
  };
  socket.on('readable', look).on('error', end).on('close', end);
}

/** Resolves with what stands in the way. What goes wrong later concerns one connection, and its client hears. */
function listening(
  server: Server,
  host: string,
  port: number,
): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    server.on('error', resolve);
    server.listen({ host, port }, () => resolve(undefined));
  });
}

function listenError(wanted: string, cause: NodeJS.ErrnoException): EtcdServerError {
  if (cause.code === 'EADDRINUSE') {
    return new EtcdServerError(
      'ETCD_PORT_IN_USE',
      `listen ${wanted}: address already in use; stop what listens there, or choose another URL ` +
        'in listenClientUrls',
      { cause },
    );
  }
  return new EtcdServerError(
    'ETCD_LISTEN_FAILED',
    `listen ${wanted}: ${cause.message}; check listenClientUrls`,
    { cause },
  );
}
