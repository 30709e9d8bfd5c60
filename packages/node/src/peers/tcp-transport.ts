/** Peers over TCP: one connection to each for messages, another for each snapshot on its way. */

import { createServer, type Server, type Socket } from 'node:net';
import type { Message, Milliseconds, NodeId } from '@quorate/core';
import type { Handshake } from '@quorate/wire';
import type { LogLine, PeerAddress } from '../api.ts';
import { RaftError } from '../errors.ts';
import { addressText } from './address.ts';
import { accept, dial, type JudgePeer, type PeerIdentity } from './handshake.ts';
import { PeerLink } from './peer-link.ts';
import { receiveSnapshot, sendSnapshot } from './snapshot-stream.ts';
import type { HostWord, Peers, Receiver, SnapshotSource, Transport } from './transport.ts';

/** A caller who has not said by then who it is, is cut off. */
const HANDSHAKE_TIMEOUT_MS = 5_000;

/** Far more than any cluster has servers; strangers cannot use up our file descriptors. */
const MAX_CALLERS = 1_024;

export interface TcpTransportOptions {
  readonly self: PeerIdentity;
  readonly listen: PeerAddress;
  readonly electionTimeoutMs: Milliseconds;
  readonly maxFrameBytes: number;
  /** Bytes that may wait for one peer. */
  readonly maxQueuedBytes: number;
  readonly now: () => Milliseconds;
  readonly log: LogLine;
}

export class TcpTransport implements Transport {
  readonly #options: TcpTransportOptions;
  readonly #links = new Map<NodeId, PeerLink>();
  readonly #server: Server;
  /** Those that callers have opened; they end with us. */
  readonly #sockets = new Set<Socket>();
  #silenceTimer: NodeJS.Timeout | undefined;
  #receiver: Receiver | undefined;
  #removed: readonly NodeId[] = [];
  #areStrangersWelcome = false;
  /** `setPeers` has been called: who comes later is new in the cluster. */
  #isIntroduced = false;

  constructor(options: TcpTransportOptions) {
    this.#options = options;
    this.#server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
      void this.#welcome(socket);
    });
    this.#server.maxConnections = MAX_CALLERS;
    this.#server.on('error', (error) => {
      if (this.#server.listening) options.log('error', 'peer port', { reason: error.message });
    });
  }

  async open(receiver: Receiver): Promise<void> {
    this.#receiver = receiver;
    const { electionTimeoutMs } = this.#options;
    await listenOn(this.#server, this.#options.listen);
    this.#silenceTimer = setInterval(() => setImmediate(this.#checkSilence), electionTimeoutMs);
  }

  setPeers({ addresses, removed, areStrangersWelcome }: Peers): void {
    this.#removed = removed;
    this.#areStrangersWelcome = areStrangersWelcome;
    for (const [peer, link] of this.#links) {
      const isStranger = link.address === undefined && !removed.includes(peer);
      if (addresses.has(peer) || isStranger) continue;
      this.#links.delete(peer);
      link.close();
    }
    for (const [peer, address] of addresses) {
      const link = this.#links.get(peer);
      if (link === undefined) this.#addLink(peer, address, this.#isIntroduced);
      else if (address !== undefined) link.moveTo(address);
    }
    this.#isIntroduced = true;
  }

  send(message: Message, group: number): boolean {
    return this.#links.get(message.to)?.send(message, group) ?? false;
  }

  say(to: NodeId, word: HostWord): void {
    this.#links.get(to)?.say(word);
  }

  flush(): void {
    for (const link of this.#links.values()) link.flush();
  }

  async sendSnapshot(
    group: number,
    to: NodeId,
    source: SnapshotSource,
    signal: AbortSignal,
  ): Promise<void> {
    const { self } = this.#options;
    const address = this.#links.get(to)?.address;
    if (address === undefined) throw new Error(`no address of server ${to} is known`);
    const limits = { timeoutMs: HANDSHAKE_TIMEOUT_MS, signal };
    const errand = { purpose: 'snapshot', group } as const;
    const { socket, rest } = await dial(address, self, to, errand, limits);
    const hangUp = (): void => void socket.destroy(new Error('called off'));
    signal.addEventListener('abort', hangUp);
    try {
      await sendSnapshot(socket, rest, source);
    } finally {
      signal.removeEventListener('abort', hangUp);
      socket.destroy();
    }
  }

  connectedPeers(): readonly NodeId[] {
    return [...this.#links].filter(([, link]) => link.isConnected).map(([peer]) => peer);
  }

  close(): Promise<void> {
    clearInterval(this.#silenceTimer);
    for (const link of this.#links.values()) link.close();
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return Promise.resolve();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** Somebody has called. Nothing that it says may harm us. */
  async #welcome(socket: Socket): Promise<void> {
    const { self, log } = this.#options;
    this.#sockets.add(socket);
    const silent = new Error('it did not say who it is');
    const timer = setTimeout(() => socket.destroy(silent), HANDSHAKE_TIMEOUT_MS);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      clearTimeout(timer);
    });
    const remote = `${socket.remoteAddress}:${socket.remotePort}`;
    try {
      const { rest, what } = await accept(socket, self, this.#judgePeer);
      clearTimeout(timer);
      if (what.purpose === 'snapshot') await this.#receiveSnapshot(socket, rest, what);
      else this.#linkTo(what.from).attach(socket, rest);
    } catch (error) {
      log('warn', 'refused a connection', { remote, reason: (error as Error).message });
    }
  }

  readonly #judgePeer: JudgePeer = (id) => {
    if (this.#links.has(id)) return 'accepted';
    if (this.#removed.includes(id)) return 'removed-peer';
    return this.#areStrangersWelcome ? 'accepted' : 'unknown-peer';
  };

  /** A stranger that is welcome has no address; it has called us. */
  #linkTo(peer: NodeId): PeerLink {
    const known = this.#links.get(peer);
    if (known !== undefined) return known;
    this.#options.log('info', 'a server of this cluster called that is not known here', { peer });
    // As many strangers as are connected, and no more.
    for (const [id, link] of this.#links) {
      if (link.address === undefined && !link.isConnected) this.#links.delete(id);
    }
    return this.#addLink(peer, undefined, false);
  }

  #addLink(peer: NodeId, address: PeerAddress | undefined, isNew: boolean): PeerLink {
    if (this.#receiver === undefined) throw new TypeError('open comes before setPeers');
    const link = new PeerLink({ ...this.#options, peer, address, receiver: this.#receiver }, isNew);
    this.#links.set(peer, link);
    return link;
  }

  async #receiveSnapshot(
    socket: Socket,
    rest: Uint8Array,
    { from, to, group }: Handshake,
  ): Promise<void> {
    if (this.#receiver === undefined) return;
    try {
      await receiveSnapshot(socket, rest, { from, to, group }, this.#receiver);
      socket.end();
    } catch {
      // Whoever was to receive it has said why.
      socket.destroy();
    }
  }

  // Behind a round of reading: after a pause of this process the answers may have arrived meanwhile.
  readonly #checkSilence = (): void => {
    for (const link of this.#links.values()) link.checkSilence();
  };
}

function listenOn(server: Server, address: PeerAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const where = addressText(address);
      if (cause.code === 'EADDRINUSE') {
        const reason = `another process listens on ${where}`;
        const remedy = 'stop it, or give this server another address in peers';
        reject(new RaftError('RAFT_ADDRESS_IN_USE', `${reason}; ${remedy}`, { cause }));
      } else {
        const reason = `cannot listen on ${where} (${cause.code ?? cause.message})`;
        reject(new RaftError('RAFT_BAD_OPTION', `${reason}; correct the address`, { cause }));
      }
    });
    server.listen({ host: address.host, port: address.port }, resolve);
  });
}
