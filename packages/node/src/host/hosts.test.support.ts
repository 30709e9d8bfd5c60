/** What the tests of hosts share: a few hosts with short timeouts, and a list for each group. */

import type { TestContext } from 'node:test';
import type { Message } from '@quorate/core';
import type { PeerAddress } from '../api.ts';
import { FAST, type ListMachine, listMachine } from '../cluster.test.support.ts';
import { MemoryNetwork } from '../peers/memory-network.ts';
import { changedTransport } from '../peers/transport.test.support.ts';
import type { HostWord, Transport } from '../peers/transport.ts';
import type { RaftNode } from '../raft-node.ts';
import type { GroupOptions, RaftHostOptions } from './host-options.ts';
import { RaftHost } from './raft-host.ts';

/** What went out, between which hosts. */
export interface Sent {
  readonly messages: { readonly group: number; readonly message: Message }[];
  readonly words: { readonly to: number; readonly word: HostWord }[];
}

export class TestHosts {
  readonly network = new MemoryNetwork();
  readonly hosts = new Map<number, RaftHost>();
  readonly sent: Sent = { messages: [], words: [] };
  readonly #machines = new Map<string, ListMachine>();
  readonly #peers: Record<number, PeerAddress> = {};
  readonly #common: Partial<RaftHostOptions>;

  /** @param common With `peers` in it they talk over TCP, else in memory. */
  constructor(context: TestContext, size: number, common: Partial<RaftHostOptions> = {}) {
    for (let id = 1; id <= size; id++) this.#peers[id] = { host: '127.0.0.1', port: 0 };
    this.#common = common;
    context.after(() => this.close());
  }

  async open(id: number, overrides: Partial<RaftHostOptions> = {}): Promise<RaftHost> {
    const host = await RaftHost.open({
      id,
      peers: this.#peers,
      clusterId: 7,
      directory: undefined,
      ...(this.#common.peers === undefined && { transport: this.#counted(this.network.join(id)) }),
      raft: FAST,
      ...this.#common,
      ...overrides,
    });
    this.hosts.set(id, host);
    return host;
  }

  async openAll(groups: number): Promise<void> {
    for (const id of Object.keys(this.#peers).map(Number)) await this.open(id);
    for (const id of this.hosts.keys()) {
      for (let group = 1; group <= groups; group++) await this.openGroup(id, group);
    }
  }

  openGroup(id: number, group: number, options: GroupOptions<number> = {}) {
    const machine = listMachine();
    this.#machines.set(`${id}/${group}`, machine);
    return this.host(id).openGroup<number>(group, { machine, ...options });
  }

  host(id: number): RaftHost {
    return this.hosts.get(id) as RaftHost;
  }

  node(id: number, group: number): RaftNode<number> | undefined {
    return this.hosts.get(id)?.group(group) as RaftNode<number> | undefined;
  }

  /** Of the group's servers that are open here the one that leads in the newest term. */
  leader(group: number): RaftNode<number> | undefined {
    const nodes = [...this.hosts.keys()].map((id) => this.node(id, group));
    const leaders = nodes.filter((node) => node?.isLeader);
    const termOf = (node: RaftNode<number> | undefined) => node?.status().term ?? 0;
    return leaders.sort((a, b) => termOf(b) - termOf(a))[0];
  }

  listOf(id: number, group: number): readonly string[] {
    return this.#machines.get(`${id}/${group}`)?.state ?? [];
  }

  sum(what: 'groups' | 'leads' | 'atRest'): number {
    let sum = 0;
    for (const host of this.hosts.values()) sum += host.status()[what];
    return sum;
  }

  async close(): Promise<void> {
    for (const host of this.hosts.values()) await host.close({ handOver: false });
  }

  #counted(transport: Transport): Transport {
    const { sent } = this;
    return changedTransport(transport, {
      send: (message, group) => {
        sent.messages.push({ group, message });
        return transport.send(message, group);
      },
      say: (to, word) => {
        sent.words.push({ to, word });
        transport.say(to, word);
      },
    });
  }
}
