/** What the tests of this package share: small clusters with short timeouts, and machines to look at. */

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { CloseOptions, NodeStatus, PeerAddress, RaftNodeOptions } from './api.ts';
import { type InMemoryMachine, inMemoryMachine } from './apply/in-memory-machine.ts';
import type { RaftErrorCode } from './errors.ts';
import { MemoryNetwork } from './peers/memory-network.ts';
import { RaftNode } from './raft-node.ts';

export const FAST = { electionTimeoutMs: 150, heartbeatIntervalMs: 30 };

export type ListMachine = InMemoryMachine<readonly string[], number>;

/** Appends each command to a list and answers the list's length. */
export const listMachine = (): ListMachine =>
  inMemoryMachine<readonly string[], number>({
    initial: () => [],
    apply: (list, command) => {
      const state = [...list, text(command)];
      return { state, result: state.length };
    },
  });

export const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);
export const text = (content: Uint8Array): string => new TextDecoder().decode(content);

export type Overrides = Partial<RaftNodeOptions<number>>;

/** Some servers of one process, and a machine each. Closed when the test ends. */
export class TestCluster {
  readonly network = new MemoryNetwork();
  readonly nodes = new Map<number, RaftNode<number>>();
  readonly machines = new Map<number, ListMachine>();
  readonly #peers: Record<number, PeerAddress> = {};
  readonly #common: Overrides;

  /**
   * @param common Applies to every server; what `open` is given comes on top. With addresses in it
   *   they talk over TCP, else in memory.
   */
  constructor(context: TestContext, size: number, common: Overrides = {}) {
    for (let id = 1; id <= size; id++) this.#peers[id] = { host: '127.0.0.1', port: 0 };
    this.#common = common;
    context.after(() => this.close());
  }

  async open(id: number, overrides: Overrides = {}): Promise<RaftNode<number>> {
    const machine = listMachine();
    this.machines.set(id, machine);
    const node = await RaftNode.open<number>({
      id,
      peers: this.#peers,
      clusterId: 7,
      directory: undefined,
      machine,
      ...(this.#common.peers === undefined && { transport: this.network.join(id) }),
      raft: FAST,
      ...this.#common,
      ...overrides,
    });
    this.nodes.set(id, node);
    return node;
  }

  async openAll(overrides: Overrides = {}): Promise<void> {
    for (const id of Object.keys(this.#peers)) await this.open(Number(id), overrides);
  }

  /** The server that leads, once the others of `ids` follow it. */
  async leader(ids: Iterable<number> = this.nodes.keys()): Promise<RaftNode<number>> {
    const nodes = [...ids].map((id) => this.node(id));
    return waitFor(nodes, () => {
      const leader = nodes.find((node) => node.status().role === 'leader');
      const { id, term } = leader?.status() ?? {};
      const follows = (node: RaftNode<number>) =>
        node.status().leaderId === id && node.status().term === term;
      return leader !== undefined && nodes.every(follows) ? leader : undefined;
    });
  }

  async follower(): Promise<RaftNode<number>> {
    const leader = await this.leader();
    return [...this.nodes.values()].find((node) => node !== leader) as RaftNode<number>;
  }

  node(id: number): RaftNode<number> {
    return this.nodes.get(id) as RaftNode<number>;
  }

  /** What a server has applied, once that includes everything that was committed by now. */
  async listOf(node: RaftNode<number>): Promise<readonly string[]> {
    await node.read();
    return this.machines.get(node.status().id)?.state ?? [];
  }

  async shut(node: RaftNode<number>, options?: CloseOptions): Promise<void> {
    this.nodes.delete(node.status().id);
    await node.close(options);
  }

  /** Nobody is to take over: where the rest hangs or is gone, that would take an election timeout. */
  async close(): Promise<void> {
    for (const node of this.nodes.values()) await node.close({ handOver: false });
  }
}

/** Looks again at each change of leadership, until `look` answers something. */
export function waitFor<Found>(
  nodes: readonly RaftNode<number>[],
  look: () => Found | undefined,
): Promise<Found> {
  return new Promise((resolve) => {
    const stops: (() => void)[] = [];
    const lookAgain = (): void => {
      const found = look();
      if (found === undefined) return;
      for (const stop of stops) stop();
      resolve(found);
    };
    for (const node of nodes) stops.push(node.onLeadership(lookAgain));
    lookAgain();
  });
}

/** What a caller is to be told, for `assert.rejects`. */
export const code =
  (expected: RaftErrorCode) =>
  (error: { readonly code?: string; readonly message: string }): boolean =>
    error.code === expected && error.message.length > 0;

/** Looks at a server's status until it is as wanted. */
export const untilStatus = (
  node: RaftNode<number>,
  isSo: (status: NodeStatus) => boolean,
): Promise<void> => until(() => isSo(node.status()));

/** For what no event announces: looks again in each round of the event loop. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** An address on which nobody listens. */
export function freeAddress(): Promise<PeerAddress> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve({ host: '127.0.0.1', port }));
    });
  });
}

/** A directory that is gone after the test. */
export async function temporaryDirectory(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'quorate-node-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
