import type { Message, NodeId } from '@quorate/core';
import type { HostWord, Peers, Receiver, SnapshotSource, Transport } from './transport.ts';

/**
 * Joins servers of one process without sockets: for tests, and for a benchmark of everything else.
 * Messages are handed over as they are, neither encoded nor copied. Links can be cut.
 */
export class MemoryNetwork {
  readonly #members = new Map<number, MemoryTransport>();
  readonly #cutLinks = new Set<string>();

  /** The transport of one server: pass it to `RaftNode.open`. */
  join(id: number): Transport {
    return new MemoryTransport(this, id);
  }

  /** Whatever goes from `a` to `b` or back is lost from now on. */
  cut(a: number, b: number): void {
    this.#cutLinks.add(linkName(a, b));
  }

  heal(a: number, b: number): void {
    this.#cutLinks.delete(linkName(a, b));
  }

  /** Cuts every link of one server. */
  isolate(id: number): void {
    for (const other of this.#members.keys()) if (other !== id) this.cut(id, other);
  }

  healAll(): void {
    this.#cutLinks.clear();
  }

  /** @internal */
  enter(id: number, transport: MemoryTransport): void {
    this.#members.set(id, transport);
  }

  /** @internal */
  leave(id: number): void {
    this.#members.delete(id);
    for (const member of this.#members.values()) {
      if (member.isOpenTo(id)) member.receiver?.unreachable(id as NodeId);
    }
  }

  /** @internal Undefined while the other end is gone, the link is cut, or one end does not want it. */
  reach(from: number, to: number): Receiver | undefined {
    const caller = this.#members.get(from);
    const called = this.#members.get(to);
    if (this.#isCut(from, to) || !caller?.isOpenTo(to)) return undefined;
    if (called?.hasRemoved(from)) caller.receiver?.removed(to as NodeId);
    return called?.isOpenTo(from) ? called.receiver : undefined;
  }

  #isCut(from: number, to: number): boolean {
    return this.#cutLinks.size > 0 && this.#cutLinks.has(linkName(from, to));
  }

  /** @internal */
  reachableFrom(from: number): readonly NodeId[] {
    const others = [...this.#members.keys()].filter((to) => to !== from);
    return others.filter((to) => this.reach(from, to) !== undefined) as NodeId[];
  }
}

class MemoryTransport implements Transport {
  readonly #network: MemoryNetwork;
  readonly #id: number;
  #receiver: Receiver | undefined;
  #peers: Peers = { addresses: new Map(), removed: [], areStrangersWelcome: false };

  constructor(network: MemoryNetwork, id: number) {
    this.#network = network;
    this.#id = id;
  }

  get receiver(): Receiver | undefined {
    return this.#receiver;
  }

  isOpenTo(id: number): boolean {
    const { addresses, areStrangersWelcome, removed } = this.#peers;
    const peer = id as NodeId;
    return addresses.has(peer) || (areStrangersWelcome && !removed.includes(peer));
  }

  hasRemoved(id: number): boolean {
    return this.#peers.removed.includes(id as NodeId) && !this.isOpenTo(id);
  }

  open(receiver: Receiver): Promise<void> {
    this.#receiver = receiver;
    this.#network.enter(this.#id, this);
    return Promise.resolve();
  }

  setPeers(peers: Peers): void {
    this.#peers = peers;
  }

  send(message: Message, group: number): boolean {
    const receiver = this.#network.reach(this.#id, message.to);
    receiver?.received(message, group);
    return receiver !== undefined;
  }

  say(to: NodeId, word: HostWord): void {
    this.#network.reach(this.#id, to)?.heard(this.#id as NodeId, word);
  }

  flush(): void {}

  async sendSnapshot(group: number, to: NodeId, source: SnapshotSource): Promise<void> {
    const receiver = this.#network.reach(this.#id, to);
    if (receiver === undefined) throw new Error(`server ${to} cannot be reached`);
    await receiver.receivedSnapshot(group, {
      from: this.#id as NodeId,
      begin: source,
      progressed: () => {},
      cancel: () => {},
    });
  }

  connectedPeers(): readonly NodeId[] {
    return this.#network.reachableFrom(this.#id);
  }

  close(): Promise<void> {
    this.#network.leave(this.#id);
    return Promise.resolve();
  }
}

const linkName = (a: number, b: number): string => (a < b ? `${a}-${b}` : `${b}-${a}`);
