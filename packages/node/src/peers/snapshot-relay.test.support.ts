/** A relay before one server's peer port: lets messages pass, and counts, holds, cuts and spoils snapshots. */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { PeerAddress } from '../api.ts';

/** Where a handshake says what a connection is for, and what it says of a snapshot's. */
const PURPOSE_AT = 6;
const SNAPSHOT = 1;

/** What happens to a snapshot connection, by bytes that it has passed on to the server. */
export interface Mishap {
  /** Ends there. What came before arrives. */
  readonly cutAfter?: number;
  /** A bit flips there. */
  readonly flipAt?: number;
  /** Nothing more passes until `release`. */
  readonly holdAfter?: number;
}

export class SnapshotRelay {
  readonly address: PeerAddress;
  /** Of snapshots, passed on to the server: all connections, handshakes included. */
  bytes = 0;
  connections = 0;
  /** What happens to the next connections, one each. */
  readonly mishaps: Mishap[] = [];
  /** What happens to all others. */
  always: Mishap = {};
  /** New snapshot connections are hung up on. */
  isShut = false;
  readonly #target: PeerAddress;
  readonly #sockets = new Set<Socket>();
  #hold = (): void => {};
  /** Resolves when a connection is held. */
  readonly held = new Promise<void>((resolve) => {
    this.#hold = resolve;
  });
  #held: Socket[] = [];

  private constructor(address: PeerAddress, target: PeerAddress) {
    this.address = address;
    this.#target = target;
  }

  static async before(target: PeerAddress, context: TestContext): Promise<SnapshotRelay> {
    const server = createServer();
    server.listen({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const relay = new SnapshotRelay({ host: '127.0.0.1', port }, target);
    server.on('connection', (socket) => relay.#join(socket));
    context.after(() => {
      server.close();
      for (const socket of relay.#sockets) socket.destroy();
    });
    return relay;
  }

  /** What is held goes on. */
  release(): void {
    for (const socket of this.#held.splice(0)) socket.resume();
  }

  #join(caller: Socket): void {
    const callee = connect(this.#target);
    for (const [one, other] of [
      [caller, callee],
      [callee, caller],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    callee.pipe(caller);
    caller.once('data', (first) => {
      if (first[PURPOSE_AT] === SNAPSHOT) this.#relaySnapshot(caller, callee, first);
      else {
        callee.write(first);
        caller.pipe(callee);
      }
    });
  }

  #relaySnapshot(caller: Socket, callee: Socket, first: Buffer): void {
    if (this.isShut) {
      caller.destroy();
      return;
    }
    this.connections += 1;
    const {
      cutAfter = Infinity,
      flipAt = Infinity,
      holdAfter = Infinity,
    } = this.mishaps.shift() ?? this.always;
    let passed = 0;
    const pass = (chunk: Buffer): void => {
      const allowed = chunk.subarray(0, cutAfter - passed);
      const flip = flipAt - passed;
      if (flip >= 0 && flip < allowed.length) allowed[flip] = (allowed[flip] as number) ^ 0x10;
      const isHeldNow = passed < holdAfter && passed + allowed.length >= holdAfter;
      passed += allowed.length;
      this.bytes += allowed.length;
      callee.write(allowed);
      if (isHeldNow) {
        caller.pause();
        this.#held.push(caller);
        this.#hold();
      }
      if (passed < cutAfter) return;
      // In good order towards the server, so that what it was sent it has.
      callee.unpipe(caller);
      callee.end();
      callee.resume();
      caller.removeAllListeners('data').pause();
    };
    pass(first);
    caller.on('data', pass);
  }
}
