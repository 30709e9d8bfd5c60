/** The groups of one host, between one transport for all and each of them. */

import type { Message, NodeId } from '@quorate/core';
import type {
  GroupReceiver,
  GroupTransport,
  HostWord,
  IncomingSnapshot,
  Peers,
  Receiver,
  Transport,
} from '../peers/transport.ts';
import type { HostWatch } from './host-watch.ts';

export class Groups implements Receiver {
  readonly #transport: Transport;
  readonly #receivers = new Map<number, GroupReceiver>();
  #watch: Pick<HostWatch, 'heard' | 'connected' | 'lost'> | undefined;
  #isClosing = false;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async open(watch: Pick<HostWatch, 'heard' | 'connected' | 'lost'>, peers: Peers): Promise<void> {
    this.#watch = watch;
    await this.#transport.open(this);
    this.#transport.setPeers(peers);
  }

  /** The transport as this group sees it. */
  portOf(group: number): GroupTransport {
    return new GroupPort(this, this.#transport, group);
  }

  received(message: Message, group: number): void {
    this.#watch?.heard(message.from);
    const receiver = this.#receivers.get(group);
    if (receiver !== undefined) receiver.received(message);
    else this.#transport.say(message.from, { kind: 'groupAbsent', group });
  }

  heard(from: NodeId, word: HostWord): void {
    this.#watch?.heard(from);
    if (word.kind === 'groupAbsent') this.#receivers.get(word.group)?.unreachable(from);
  }

  connected(peer: NodeId): void {
    this.#watch?.connected(peer);
  }

  unreachable(peer: NodeId): void {
    this.#watch?.lost(peer);
  }

  /** The host lives: it is too slow for this group, and another one's losses show by themselves. */
  overflowing(peer: NodeId, group: number): void {
    this.#receivers.get(group)?.unreachable(peer);
  }

  /** A server leaves a group; hosts stay. */
  removed(): void {}

  async receivedSnapshot(group: number, incoming: IncomingSnapshot): Promise<void> {
    const receiver = this.#receivers.get(group);
    if (receiver === undefined) throw new Error(`there is no group ${group} here`);
    await receiver.receivedSnapshot(incoming);
  }

  /** A whole host is gone: with it the leaders and the followers on it, of all groups. */
  hostGone(peer: NodeId): void {
    for (const receiver of this.#receivers.values()) receiver.unreachable(peer);
  }

  hostBack(peer: NodeId): void {
    for (const receiver of this.#receivers.values()) receiver.reachable(peer);
  }

  enter(group: number, receiver: GroupReceiver): void {
    this.#receivers.set(group, receiver);
  }

  /** The others need not wait for an answer. */
  leave(group: number): void {
    if (!this.#receivers.delete(group) || this.#isClosing) return;
    for (const peer of this.#transport.connectedPeers()) {
      this.#transport.say(peer, { kind: 'groupAbsent', group });
    }
    this.#transport.flush();
  }

  /** Nothing is sent or received any more. */
  close(): Promise<void> {
    this.#isClosing = true;
    return this.#transport.close();
  }
}

/** Sends as one group. What it sends leaves at the end of the round, with that of the others. */
class GroupPort implements GroupTransport {
  readonly takesAddresses = false;
  readonly #groups: Groups;
  readonly #transport: Transport;
  readonly #group: number;

  constructor(groups: Groups, transport: Transport, group: number) {
    this.#groups = groups;
    this.#transport = transport;
    this.#group = group;
  }

  async open(receiver: GroupReceiver): Promise<void> {
    this.#groups.enter(this.#group, receiver);
  }

  /** Whoever is in the group, the connections are those between hosts. */
  setPeers(): void {}

  send(message: Message): boolean {
    return this.#transport.send(message, this.#group);
  }

  flush(): void {}

  sendSnapshot(...[to, source, signal]: Parameters<GroupTransport['sendSnapshot']>): Promise<void> {
    return this.#transport.sendSnapshot(this.#group, to, source, signal);
  }

  connectedPeers(): readonly NodeId[] {
    return this.#transport.connectedPeers();
  }

  async close(): Promise<void> {
    this.#groups.leave(this.#group);
  }
}
