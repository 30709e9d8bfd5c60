/** The groups of one host, between one transport for all and each of them. */

import type { Message, NodeId } from '@quorate/core';
import { RaftError } from '../errors.ts';
import type {
  GroupReceiver,
  GroupTransport,
  HostWord,
  IncomingSnapshot,
  Peers,
  Receiver,
  Transport,
} from '../peers/transport.ts';
import { Beginning } from './beginning.ts';
import type { HostWatch } from './host-watch.ts';

/** A group that is open here. */
interface Member {
  readonly receiver: GroupReceiver;
  readonly beginning: Beginning;
}

type Watch = Pick<HostWatch, 'heard' | 'connected' | 'lost' | 'isGone'>;

export class Groups implements Receiver {
  readonly #transport: Transport;
  readonly #members = new Map<number, Member>();
  #hosts: readonly NodeId[] = [];
  #watch: Watch | undefined;
  #isClosing = false;
  #isFlushing = false;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async open(watch: Watch, peers: Peers): Promise<void> {
    this.#watch = watch;
    this.#hosts = [...peers.addresses.keys()];
    await this.#transport.open(this);
    this.#transport.setPeers(peers);
  }

  /** The transport as this group sees it. */
  portOf(group: number, begunWith: readonly NodeId[]): GroupTransport {
    return new GroupPort(this, this.#transport, group, begunWith);
  }

  received(message: Message, group: number): void {
    this.#watch?.heard(message.from);
    const member = this.#members.get(group);
    if (member === undefined) this.#say(message.from, { kind: 'groupAbsent', group });
    else if (member.beginning.isSameAt(message.from)) member.receiver.received(message);
    else this.#ask(message.from, group, member.beginning);
  }

  heard(from: NodeId, word: HostWord): void {
    this.#watch?.heard(from);
    if (word.kind === 'hostBeat') return;
    const { group } = word;
    const member = this.#members.get(group);
    if (word.kind === 'groupAbsent') {
      member?.beginning.isUnknownAt(from);
      member?.receiver.unreachable(from);
      return;
    }
    if (word.kind === 'groupOpened') this.#answer(from, group, member?.beginning);
    if (member?.beginning.isNewlyOther(from, word.voters)) {
      member.receiver.mismatched(mismatch(from, group, member.beginning.voters, word.voters));
    } else if (word.kind === 'groupOpened' && member?.beginning.isSameAt(from)) {
      // It was absent there, and nobody waited for it.
      member.receiver.reachable(from);
    }
  }

  connected(peer: NodeId): void {
    this.#watch?.connected(peer);
  }

  unreachable(peer: NodeId): void {
    this.#watch?.lost(peer);
  }

  /** The host lives: it is too slow for this group, and another one's losses show by themselves. */
  overflowing(peer: NodeId, group: number): void {
    this.#members.get(group)?.receiver.unreachable(peer);
  }

  /** A server leaves a group; hosts stay. */
  removed(): void {}

  async receivedSnapshot(group: number, incoming: IncomingSnapshot): Promise<void> {
    const member = this.#members.get(group);
    if (member === undefined || !member.beginning.isSameAt(incoming.from)) {
      throw new Error(`there is no group ${group} here`);
    }
    await member.receiver.receivedSnapshot(incoming);
  }

  /** A whole host is gone: with it the leaders and the followers on it, of all groups. */
  hostGone(peer: NodeId): void {
    for (const { receiver } of this.#members.values()) receiver.unreachable(peer);
  }

  hostBack(peer: NodeId): void {
    for (const [group, { receiver, beginning }] of this.#members) {
      this.#ask(peer, group, beginning);
      receiver.reachable(peer);
    }
  }

  enter(group: number, receiver: GroupReceiver, begunWith: readonly NodeId[]): void {
    const beginning = new Beginning(begunWith, this.#hosts);
    this.#members.set(group, { receiver, beginning });
    for (const peer of this.#hosts) {
      if (this.#watch?.isGone(peer)) receiver.unreachable(peer);
      this.#ask(peer, group, beginning);
    }
  }

  /** The others need not wait for an answer. */
  leave(group: number): void {
    if (!this.#members.delete(group) || this.#isClosing) return;
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

  /** Hosts are asked, members or not, until they answer: two groups may have no host in common. */
  #ask(peer: NodeId, group: number, beginning: Beginning): void {
    const { voters } = beginning;
    if (beginning.isAskedOf(peer)) this.#say(peer, { kind: 'groupOpened', group, voters });
  }

  #answer(peer: NodeId, group: number, beginning: Beginning | undefined): void {
    const voters = beginning?.voters;
    const absent = { kind: 'groupAbsent', group } as const;
    this.#say(peer, voters ? { kind: 'groupBegun', group, voters } : absent);
  }

  /** Somebody waits for it, and no turn of a group may come. */
  #say(peer: NodeId, word: HostWord): void {
    this.#transport.say(peer, word);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      if (!this.#isClosing) this.#transport.flush();
    });
  }
}

function mismatch(
  peer: NodeId,
  group: number,
  ours: readonly NodeId[],
  theirs: readonly NodeId[],
): RaftError {
  const problem = `host ${peer} began group ${group} with the voters ${theirs.join(', ')}, this one with ${ours.join(', ')}`;
  const remedy =
    'they do not hear each other; open it with the same voters on all hosts, and with [] where it is to be added: ' +
    'one that has no entries yet begins anew with the voters that it is given, another one must be removed';
  return new RaftError('RAFT_GROUP_MISMATCH', `${problem}; ${remedy}`, { details: { peer } });
}

/** Sends as one group. What it sends leaves at the end of the round, with that of the others. */
class GroupPort implements GroupTransport {
  readonly takesAddresses = false;
  readonly #groups: Groups;
  readonly #transport: Transport;
  readonly #group: number;
  readonly #begunWith: readonly NodeId[];

  constructor(groups: Groups, transport: Transport, group: number, begunWith: readonly NodeId[]) {
    this.#groups = groups;
    this.#transport = transport;
    this.#group = group;
    this.#begunWith = begunWith;
  }

  async open(receiver: GroupReceiver): Promise<void> {
    this.#groups.enter(this.#group, receiver, this.#begunWith);
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
